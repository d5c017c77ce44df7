"""/Goods, /Goods/Units and /GoodsCategories."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from sandbox.smartdok import lists, schema
from sandbox.smartdok.api.base import body, created, found, needs, twin
from sandbox.smartdok.company import Company
from sandbox.smartdok.errors import Refused

blueprint = Blueprint("goods", __name__)


@blueprint.get("/Goods")
@needs("GoodsRead")
def goods(company: Company) -> ResponseReturnValue:
    texts = {"goodsNumber": "Number", "goodsName": "Name"}
    return lists.wrap(lists.select(company.goods.values(), texts=texts, all=False, active=True), twin().switches)


@blueprint.get("/Goods/<int:id>")
@needs("GoodsRead")
def one_of_the_goods(company: Company, id: int) -> ResponseReturnValue:
    return found(company.goods, id)


@blueprint.get("/Goods/Units")
@needs("GoodsRead")
def units(company: Company) -> ResponseReturnValue:
    return list(company.units.values())


def _given(company: Company) -> schema.Body:
    given = body("Goods")
    if given["UnitId"] not in company.units:
        raise Refused.unknown("UnitId", given["UnitId"])
    if given["CategoryId"] not in company.goods_categories:
        raise Refused.unknown("CategoryId", given["CategoryId"])
    unit = company.units[given["UnitId"]]
    return given | {
        "Unit": {"Id": unit["UnitId"], "Name": unit["Name"]},
        "Category": dict(company.goods_categories[given["CategoryId"]]),
    }


@blueprint.post("/Goods")
@needs("GoodsWrite")
def add_goods(company: Company) -> ResponseReturnValue:
    record = company.add_goods(**_given(company))
    return created(record, f"/Goods/{record['Id']}")


@blueprint.put("/Goods/<int:id>")
@needs("GoodsWrite")
def put_goods(company: Company, id: int) -> ResponseReturnValue:
    return company.touch(found(company.goods, id), **_given(company))


@blueprint.get("/GoodsCategories")
@needs("GoodsRead")
def categories(company: Company) -> ResponseReturnValue:
    kept = lists.select(company.goods_categories.values(), texts={"goodsCategoryName": "Name"}, all=True, active=True)
    production = lists.flag("production", False)
    return [category for category in kept if category["IsProduction"] == production]


@blueprint.get("/GoodsCategories/<int:id>")
@needs("GoodsRead")
def category(company: Company, id: int) -> ResponseReturnValue:
    return found(company.goods_categories, id)


@blueprint.post("/GoodsCategories")
@needs("GoodsWrite")
def add_category(company: Company) -> ResponseReturnValue:
    given = body("GoodsCategory")
    record = company.add_goods_category(given.pop("Name"), **given)
    return created(record, f"/GoodsCategories/{record['Id']}")


@blueprint.put("/GoodsCategories/<int:id>")
@needs("GoodsWrite")
def put_category(company: Company, id: int) -> ResponseReturnValue:
    return company.touch(found(company.goods_categories, id), **body("GoodsCategory"))


@blueprint.get("/GoodsCategories/<int:id>/Goods")
@needs("GoodsRead")
def goods_of_category(company: Company, id: int) -> ResponseReturnValue:
    found(company.goods_categories, id)
    kept = lists.select(company.goods.values(), texts={}, all=False, active=True)
    return lists.wrap([g for g in kept if g["CategoryId"] == id], twin().switches)
