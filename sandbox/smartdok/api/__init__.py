"""The HTTP side of the SmartDok twin: one blueprint per resource, and what they share.

Every request but those to /Authorize and the page needs a session. The blueprints run under the server's lock; the one
that calls out (document upload) lets go of it meanwhile.
"""

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider

from sandbox.smartdok.api import (
    account,
    consumption,
    customers,
    goods,
    invoices,
    machines,
    projects,
    supplier_invoices,
    webhooks,
)
from sandbox.smartdok.errors import Malformed, NotFound, Refused, Unauthorized
from sandbox.smartdok.page import page

if TYPE_CHECKING:
    from sandbox.smartdok.twin import SmartDokTwin


class _Json(DefaultJSONProvider):
    """As the vendor writes it: order of the schema, letters as they are, no line feed after a bare string."""

    sort_keys = False
    ensure_ascii = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        text = self.dumps(self._prepare_response_obj(args, kwargs), separators=(",", ":"))
        return Response(text, content_type="application/json; charset=utf-8")


def make_app(twin: "SmartDokTwin") -> Flask:
    app = Flask("sandbox.smartdok", static_folder=None, template_folder=None)
    app.extensions["twin"] = twin
    app.json = _Json(app)
    app.url_map.strict_slashes = False
    for module in (
        account,
        customers,
        projects,
        goods,
        machines,
        consumption,
        invoices,
        supplier_invoices,
        webhooks,
    ):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(page)
    app.register_error_handler(Refused, _bad_request)
    app.register_error_handler(Malformed, _bad_request)
    app.register_error_handler(Unauthorized, _unauthorized)
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(404, _not_found)
    return app


def _bad_request(error: Any) -> tuple[Any, int]:
    return error.body, 400


def _unauthorized(error: Unauthorized) -> Response:
    answer = Response(error.text, 401, content_type="text/plain; charset=utf-8")
    answer.headers["WWW-Authenticate"] = error.challenge
    return answer


def _not_found(error: Exception) -> Response:
    if request.path == "/" or request.path.startswith("/page/"):
        return Response("Sidan finns inte.", 404, content_type="text/plain; charset=utf-8")
    return Response(b"", 404)
