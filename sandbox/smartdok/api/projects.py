"""/Projects and /SubProjects."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from sandbox.smartdok import lists, schema
from sandbox.smartdok.api.base import body, created, found, needs, twin
from sandbox.smartdok.company import Company
from sandbox.smartdok.errors import Refused
from sandbox.smartdok.shapes import Record

blueprint = Blueprint("projects", __name__)


@blueprint.get("/Projects")
@needs("ProjectsRead")
def projects(company: Company) -> ResponseReturnValue:
    texts = {"projectNumber": "ProjectNumber", "projectName": "ProjectName"}
    kept = lists.select(company.projects.values(), texts=texts, all=False, active=True)
    if not lists.flag("includeOrders", False):
        kept = [project for project in kept if not project["IsOrder"]]
    kept = lists.since(kept, "updatedSince", "Updated")
    return lists.wrap(lists.since(kept, "createdSince", "Created"), twin().switches)


@blueprint.get("/Projects/<int:id>")
@needs("ProjectsRead")
def project(company: Company, id: int) -> ResponseReturnValue:
    return found(company.projects, id)


@blueprint.post("/Projects")
@needs("ProjectsWrite")
def add_project(company: Company) -> ResponseReturnValue:
    given = _given(company, None)
    record = company.add_project(**given, IsOrder=given["OrderTypeId"] is not None)
    return created(record, f"/Projects/{record['Id']}")


@blueprint.put("/v3/Projects/<int:id>")
@blueprint.put("/v2/Projects/<int:id>")
@blueprint.put("/Projects/<int:id>")
@needs("ProjectsWrite")
def put_project(company: Company, id: int) -> ResponseReturnValue:
    record = found(company.projects, id)
    given = _given(company, record)
    if record["IsOrder"] and given["OrderTypeId"] is None:
        raise Refused.missing("OrderTypeId")
    if not record["IsOrder"] and given["OrderTypeId"] is not None:
        raise Refused.not_allowed("OrderTypeId", given["OrderTypeId"])
    return company.touch(record, **given)


def _given(company: Company, replaced: Record | None) -> schema.Body:
    """The body as an output record. ActivityIds are taken and never given back, as the vendor does."""
    given = body("Project")
    given.pop("ActivityIds")
    others = [p["ProjectNumber"] for p in company.projects.values() if p is not replaced]
    if any(lists.same(number, given["ProjectNumber"]) for number in others):
        raise Refused.taken("ProjectNumber", given["ProjectNumber"])
    if given["CustomerId"] is not None and given["CustomerId"] not in company.customers:
        raise Refused.unknown("CustomerId", given["CustomerId"])
    for department in given["Departments"] or []:
        if department not in company.departments:
            raise Refused.unknown("DepartmentId", department)
    for name in ("Departments", "UserIds"):
        given[name] = given[name] or []
    for name in ("DescriptionText", "Location", "DocumentUrl"):
        given[name] = given[name] or ""
    for name in given:
        if name.startswith(("ProjectOwner", "ClientCompany")):
            given[name] = given[name] or ""
    given["CalculatedTimeConsumption"] = given["CalculatedTimeConsumption"] or 0
    given["CalcuatedTimeConsumption"] = given["CalculatedTimeConsumption"]
    given["GeoLocation"] = given["GeoLocation"] or {"Lat": 0.0, "Lon": 0.0}
    return given


@blueprint.get("/Projects/<int:id>/Prices")
@needs("ProjectsRead")
def prices(company: Company, id: int) -> ResponseReturnValue:
    """No project of the twin has prices of its own."""
    found(company.projects, id)
    return lists.wrap([], twin().switches)


@blueprint.get("/Projects/NextProjectNumber")
@needs("ProjectsRead")
def next_project_number(company: Company) -> ResponseReturnValue:
    return str(_next_number(company))


@blueprint.get("/Projects/NextNumber")
@needs("ProjectsRead")
def next_number(company: Company) -> int:
    return _next_number(company)


def _next_number(company: Company) -> int:
    numbers = [p["ProjectNumber"].strip() for p in company.projects.values()]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1


# Sub-projects


def _sub_projects(company: Company, project_id: int | None) -> Record:
    texts = {"subProjectNumber": "SubProjectNumber", "subProjectName": "SubProjectName"}
    kept = lists.select(company.sub_projects.values(), texts=texts, all=False, active=True)
    kept = [s for s in kept if project_id in (None, s["ProjectId"])]
    return lists.wrap(lists.since(kept, "updatedSince", "Updated"), twin().switches)


@blueprint.get("/SubProjects")
@needs("ProjectsRead")
def sub_projects(company: Company) -> ResponseReturnValue:
    return _sub_projects(company, None)


@blueprint.get("/Projects/<int:id>/SubProjects")
@needs("ProjectsRead")
def sub_projects_of(company: Company, id: int) -> ResponseReturnValue:
    found(company.projects, id)
    return _sub_projects(company, id)


@blueprint.get("/SubProjects/<int:id>")
@needs("ProjectsRead")
def sub_project(company: Company, id: int) -> ResponseReturnValue:
    return found(company.sub_projects, id)


def _given_sub_project() -> schema.Body:
    given = body("SubProject")
    given["IsActive"] = given["IsActive"] is not False
    given["GeoLocation"] = given["GeoLocation"] or {"Lat": 0.0, "Lon": 0.0}
    return given


@blueprint.post("/Projects/<int:id>/SubProjects")
@needs("ProjectsWrite")
def add_sub_project(company: Company, id: int) -> ResponseReturnValue:
    found(company.projects, id)
    record = company.add_sub_project(id, **_given_sub_project())
    return created(record, f"/SubProjects/{record['Id']}")


@blueprint.put("/SubProjects/<int:id>")
@needs("ProjectsWrite")
def put_sub_project(company: Company, id: int) -> ResponseReturnValue:
    return company.touch(found(company.sub_projects, id), **_given_sub_project())


@blueprint.get("/Projects/<int:id>/SubProjects/NextNumber")
@needs("ProjectsRead")
def next_sub_project_number(company: Company, id: int) -> int:
    found(company.projects, id)
    numbers = [s["SubProjectNumber"].strip() for s in company.sub_projects.values() if s["ProjectId"] == id]
    return max((int(number) for number in numbers if number.isdecimal()), default=0) + 1
