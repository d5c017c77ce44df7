"""/GoodsConsumption and /GoodsProduction: what was used and made. Read only in the twin; no flow needs more."""

import datetime as dt

from flask import Blueprint
from flask.typing import ResponseReturnValue

from sandbox.smartdok import lists
from sandbox.smartdok.api.base import found, needs, twin
from sandbox.smartdok.company import Company
from sandbox.smartdok.shapes import Record

blueprint = Blueprint("consumption", __name__)


def _within_dates(records: list[Record]) -> list[Record]:
    """Seen in the field: empty unless both dates are given."""
    first, last = lists.moment("fromDate"), lists.moment("toDate")
    if first is None or last is None:
        return []
    return [r for r in records if first.date() <= dt.datetime.fromisoformat(r["Date"]).date() <= last.date()]


@blueprint.get("/GoodsConsumption")
@needs("GoodsRead")
def consumption(company: Company) -> ResponseReturnValue:
    return lists.wrap(_within_dates(list(company.consumption.values())), twin().switches)


@blueprint.get("/GoodsConsumption/<int:id>")
@needs("GoodsRead")
def one_consumption(company: Company, id: int) -> ResponseReturnValue:
    return found(company.consumption, id)


@blueprint.get("/GoodsProduction")
@needs("GoodsRead")
def production(company: Company) -> ResponseReturnValue:
    return _within_dates(list(company.production.values()))


@blueprint.get("/GoodsProduction/<int:id>")
@needs("GoodsRead")
def one_production(company: Company, id: int) -> ResponseReturnValue:
    return found(company.production, id)
