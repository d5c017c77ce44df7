"""/Webhooks: subscriptions. The only topic is SupplierInvoiceUpdated, which fires when a supplier invoice is
approved."""

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from sandbox.smartdok import lists
from sandbox.smartdok.api.base import body, created, found, needs, twin
from sandbox.smartdok.company import Company
from sandbox.smartdok.errors import Refused
from sandbox.smartdok.shapes import Record

blueprint = Blueprint("webhooks", __name__)


@blueprint.get("/Webhooks")
@needs("WebhooksRead")
def webhooks(company: Company) -> ResponseReturnValue:
    return lists.wrap(list(company.webhooks.values()), twin().switches)


def _given() -> dict[str, str]:
    given = body("Subscribe")
    if not given["Callback"].startswith(("http://", "https://")):
        raise Refused.not_allowed("Callback", given["Callback"])
    return given


@blueprint.post("/Webhooks")
@needs("WebhooksWrite")
def add_webhook(company: Company) -> ResponseReturnValue:
    record: Record = {"Id": company.next_id("webhooks"), **_given()}
    company.webhooks[record["Id"]] = record
    return created(record, f"/Webhooks/{record['Id']}")


@blueprint.put("/Webhooks/<int:id>")
@needs("WebhooksWrite")
def put_webhook(company: Company, id: int) -> ResponseReturnValue:
    return company.touch(found(company.webhooks, id), **_given())


@blueprint.delete("/Webhooks/<int:id>")
@needs("WebhooksWrite")
def delete_webhook(company: Company, id: int) -> ResponseReturnValue:
    found(company.webhooks, id)
    del company.webhooks[id]
    return Response(b"", 200)
