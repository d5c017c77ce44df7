"""/Machines and /MachineCategories."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from sandbox.smartdok import lists, schema
from sandbox.smartdok.api.base import body, created, found, needs, twin
from sandbox.smartdok.company import Company
from sandbox.smartdok.errors import Refused
from sandbox.smartdok.shapes import Record

blueprint = Blueprint("machines", __name__)


@blueprint.get("/Machines")
@needs("MachinesRead")
def machines(company: Company) -> ResponseReturnValue:
    texts = {"internalNumber": "InternalNumber", "machineName": "Name"}
    return lists.wrap(lists.select(company.machines.values(), texts=texts, all=True, active=False), twin().switches)


@blueprint.get("/Machines/<int:id>")
@needs("MachinesRead")
def machine(company: Company, id: int) -> ResponseReturnValue:
    return found(company.machines, id)


@blueprint.post("/Machines")
@needs("MachinesWrite")
def add_machine(company: Company) -> ResponseReturnValue:
    record = company.add_machine(**_given(company, None))
    return created(record, f"/Machines/{record['Id']}")


@blueprint.put("/Machines/<int:id>")
@needs("MachinesWrite")
def put_machine(company: Company, id: int) -> ResponseReturnValue:
    record = found(company.machines, id)
    return company.touch(record, **_given(company, record))


def _given(company: Company, replaced: Record | None) -> schema.Body:
    """The body as an output record.

    DepartmentIds: null means all departments on POST and "as it was" on PUT; an empty list means all.
    """
    given = body("Machine")
    given.pop("DocumentCenterId")
    responsible = [given.pop("ResponsibleUser1"), given.pop("ResponsibleUser2")]
    for user in filter(None, responsible):
        if user not in company.users:
            raise Refused.unknown("ResponsibleUser", user)
    given["ResponsibleUsers"] = [{"Id": user, "Name": company.users[user]["Name"]} for user in responsible if user]
    everything = next(iter(company.machine_categories))
    given["CategoryId"] = given["CategoryId"] or everything
    if given["CategoryId"] not in company.machine_categories:
        raise Refused.unknown("CategoryId", given["CategoryId"])
    given["CategoryName"] = company.machine_categories[given["CategoryId"]]["Name"]
    given["ShowInRegistrations"] = given["ShowInRegistrations"] is not False
    if given["DepartmentIds"] is None and replaced is not None:
        given["DepartmentIds"] = replaced["DepartmentIds"]
    given["DepartmentIds"] = given["DepartmentIds"] or []
    for name in ("Name", "InternalNumber"):
        given[name] = given[name] or ""
    return given


@blueprint.get("/MachineCategories")
@needs("MachineCategoriesRead")
def categories(company: Company) -> ResponseReturnValue:
    return lists.select(
        company.machine_categories.values(), texts={"machineCategoryName": "Name"}, all=True, active=False
    )


@blueprint.get("/MachineCategories/<int:id>")
@needs("MachineCategoriesRead")
def category(company: Company, id: int) -> ResponseReturnValue:
    return found(company.machine_categories, id)


@blueprint.post("/MachineCategories")
@needs("MachineCategoriesWrite")
def add_category(company: Company) -> ResponseReturnValue:
    given = body("MachineCategory")
    record = company.add_machine_category(given.pop("Name"), **given)
    return created(record, f"/MachineCategories/{record['Id']}")


@blueprint.put("/MachineCategories/<int:id>")
@needs("MachineCategoriesWrite")
def put_category(company: Company, id: int) -> ResponseReturnValue:
    return company.touch(found(company.machine_categories, id), **body("MachineCategory"))
