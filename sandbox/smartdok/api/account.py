"""/Authorize, /Users, /LicenseInfo, /Departments."""

import datetime as dt
import secrets

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.smartdok import lists
from sandbox.smartdok.api.base import body, created, found, needs, twin
from sandbox.smartdok.company import Company
from sandbox.smartdok.errors import Refused, Unauthorized

blueprint = Blueprint("account", __name__)

# "The current API access token must be 6 months or older."
RENEWABLE_AFTER = dt.timedelta(days=182)


def _company_of_token(token: str) -> Company:
    for company in twin().companies:
        if company.token == token and not company.token_revoked and twin().now() < company.token_expires():
            return company
    raise Unauthorized(text="Invalid token")


def _bare_string(text: str) -> Response:
    """Quoted for a client that takes JSON, raw for one that asks for plain text only."""
    if request.accept_mimetypes.best_match(["application/json", "text/plain"]) == "text/plain":
        return Response(text, content_type="text/plain; charset=utf-8")
    return jsonify(text)


@blueprint.post("/Authorize/ApiToken")
def authorize() -> ResponseReturnValue:
    token = body("Authorize")["Token"]
    with twin().lock:
        return _bare_string(twin().sessions.start(_company_of_token(token)))


@blueprint.post("/Authorize/ApiToken/Renew")
def renew() -> ResponseReturnValue:
    """Kills the API token at once and answers a new one."""
    token = body("Authorize")["Token"]
    with twin().lock:
        twin().renew_calls += 1
        company = _company_of_token(token)
        if twin().now() - company.token_issued < RENEWABLE_AFTER:
            raise Refused(200, "TokenTooNew", "The API token must be 6 months or older to be renewed.")
        company.token = secrets.token_hex(32)
        company.token_issued = twin().now()
        return _bare_string(company.token)


@blueprint.get("/Authorize/PublicKeys")
def public_keys() -> ResponseReturnValue:
    return jsonify(twin().keys.published())


@blueprint.get("/Users")
@needs("UsersRead")
def users(company: Company) -> ResponseReturnValue:
    everyone = [user | {"IsActive": not user["IsEnded"]} for user in company.users.values()]
    kept = lists.select(everyone, texts={}, all=False, active=True)
    return lists.wrap([{k: v for k, v in user.items() if k != "IsActive"} for user in kept], twin().switches)


@blueprint.get("/Users/current")
@needs(None)
def current_user(company: Company) -> ResponseReturnValue:
    return next(iter(company.users.values()))


@blueprint.get("/LicenseInfo")
@needs(None)
def license_info(company: Company) -> ResponseReturnValue:
    used = sum(not user["IsEnded"] for user in company.users.values())
    return {"AvailableLicenses": max(25 - used, 0), "TotalLicenses": 25}


@blueprint.get("/Departments")
@needs("DepartmentsRead")
def departments(company: Company) -> ResponseReturnValue:
    texts = {"departmentNumber": "Number", "departmentName": "Name"}
    kept = lists.select(company.departments.values(), texts=texts, all=True, active=False)
    return lists.wrap(lists.since(kept, "updatedSince", "Updated"), twin().switches)


@blueprint.get("/Departments/<int:id>")
@needs("DepartmentsRead")
def department(company: Company, id: int) -> ResponseReturnValue:
    return found(company.departments, id)


@blueprint.post("/Departments")
@needs("DepartmentsWrite")
def add_department(company: Company) -> ResponseReturnValue:
    record = company.add_department(**body("Department"))
    return created(record, f"/Departments/{record['Id']}")


@blueprint.put("/Departments/<int:id>")
@needs("DepartmentsWrite")
def put_department(company: Company, id: int) -> ResponseReturnValue:
    return company.touch(found(company.departments, id), **body("Department"))
