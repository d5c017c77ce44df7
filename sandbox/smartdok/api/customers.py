"""/Customers. Two customers may share a number: the vendor's document names no rule against it (C4)."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from sandbox.smartdok import lists, schema
from sandbox.smartdok.api.base import body, created, found, needs, twin
from sandbox.smartdok.company import Company

blueprint = Blueprint("customers", __name__)


def _given() -> schema.Body:
    """The output's strings are never null, so what is absent or null on the way in is stored as empty."""
    return {name: "" if value is None else value for name, value in body("Customer").items()}


@blueprint.get("/Customers")
@needs("CustomersRead")
def customers(company: Company) -> ResponseReturnValue:
    texts = {"customerNumber": "CustomerNumber", "customerName": "CustomerName"}
    kept = lists.select(company.customers.values(), texts=texts, all=True, active=True)
    return lists.wrap(lists.since(kept, "updatedSince", "Updated"), twin().switches)


@blueprint.get("/Customers/<int:id>")
@needs("CustomersRead")
def customer(company: Company, id: int) -> ResponseReturnValue:
    return found(company.customers, id)


@blueprint.post("/Customers")
@needs("CustomersWrite")
def add_customer(company: Company) -> ResponseReturnValue:
    record = company.add_customer(**_given())
    return created(record, f"/Customers/{record['Id']}")


@blueprint.put("/v2/Customers/<int:id>")
@blueprint.put("/Customers/<int:id>")
@needs("CustomersWrite")
def put_customer(company: Company, id: int) -> ResponseReturnValue:
    return company.touch(found(company.customers, id), **_given())
