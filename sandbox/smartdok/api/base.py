"""What the blueprints of the SmartDok twin share: the session, the body, the answer."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from flask import current_app, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.smartdok import schema
from sandbox.smartdok.company import Company
from sandbox.smartdok.errors import Malformed, NotFound, Unauthorized

if TYPE_CHECKING:
    from sandbox.smartdok.twin import SmartDokTwin

View = Callable[..., Any]


def twin() -> "SmartDokTwin":
    return cast("SmartDokTwin", current_app.extensions["twin"])


def session_company(claim: str | None) -> Company:
    """The company of the request's session. Raises Unauthorized without session, and without the claim."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise Unauthorized()
    company = twin().sessions.company(token)
    if claim is not None and claim not in company.claims:
        raise Unauthorized(text=f"Missing claims: {claim}")
    return company


def needs(claim: str | None) -> Callable[[View], View]:
    """Gives the view the company of the session as its first argument, under the server's lock."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(**arguments: Any) -> ResponseReturnValue:
            with twin().lock:
                answer = view(session_company(claim), **arguments)
                # Written out while the lock is held: another request must not change a record under the encoder.
                return jsonify(answer) if isinstance(answer, dict | list | int | str) else answer

        return wrapped

    return decorate


def body(table: str) -> schema.Body:
    """The request's JSON body, checked. Raises Malformed and Refused."""
    parsed = request.get_json(force=True, silent=True)
    if parsed is None:
        raise Malformed({"$": ["The body is not valid JSON."]})
    return schema.check(table, parsed)


def found(records: dict[Any, schema.Body], id: Any) -> schema.Body:
    """Raises NotFound."""
    if id not in records:
        raise NotFound()
    return records[id]


def created(record: schema.Body, path: str) -> ResponseReturnValue:
    """The answer to a POST, with the Location that the vendor's text promises."""
    answer = jsonify(record)
    answer.status_code = twin().switches.created_status
    answer.headers["Location"] = path
    return answer
