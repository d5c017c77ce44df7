"""/oauth-v1: token, revoke and the consent page (notes 1-13, "Seen in practice" 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.datastructures import MultiDict

from sandbox.fortnox.company import SCOPES, Company, Consent
from sandbox.fortnox.page import SCOPE_NAMES
from sandbox.fortnox.tokens import Grant

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as WerkzeugResponse

    from sandbox.fortnox.twin import FortnoxTwin


class OAuthError(Exception):
    """An error of RFC 6749, section 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


def oauth_routes(twin: FortnoxTwin) -> Blueprint:
    routes = Blueprint("oauth", __name__, url_prefix="/oauth-v1")

    @routes.errorhandler(OAuthError)
    def refused(error: OAuthError) -> Response:
        response = make_response({"error": error.error, "error_description": error.description}, error.status)
        if error.status == 401:
            response.headers["WWW-Authenticate"] = "Basic"
        return response

    @routes.post("/token")
    def token() -> Response:
        _client(twin)
        with twin.lock:
            match request.form.get("grant_type"):
                case "client_credentials":
                    return _no_store(_client_credentials(twin))
                case "authorization_code":
                    return _no_store(_authorization_code(twin))
                case "refresh_token":
                    return _no_store(_refresh_token(twin))
        raise OAuthError("unsupported_grant_type", "grant_type is missing or not supported")

    @routes.post("/revoke")
    def revoke() -> Response:
        _client(twin)
        with twin.lock:
            held = twin.tokens.refresh.pop(request.form.get("token", ""), None)
        if held is None:
            raise OAuthError("invalid_token", "The refresh token is unknown or has been revoked")
        return make_response({"revoked": True})

    @routes.get("/auth")
    def ask() -> Response:
        wanted = _authorization(twin, request.args)
        companies = twin.companies.values()
        page = render_template(
            "consent.html", companies=companies, scopes=wanted["scopes"], names=SCOPE_NAMES, wanted=request.args
        )
        return make_response(page)

    @routes.post("/auth")
    def decide() -> WerkzeugResponse:
        wanted = _authorization(twin, request.form)
        uri, state = wanted["redirect_uri"], {"state": wanted["state"]} if wanted["state"] else {}
        joint = "&" if "?" in uri else "?"
        if request.form.get("decision") != "approve":
            return redirect(uri + joint + urlencode({"error": "access_denied"} | state), code=302)
        with twin.lock:
            company = twin.companies.get(_int(request.form.get("company")))
            if company is None:
                raise OAuthError("invalid_request", "Company is missing or unknown")
            company.consent = Consent(wanted["account_type"], set(wanted["scopes"]))
            code = twin.tokens.issue_code(
                company.tenant_id, set(wanted["scopes"]), uri, offline=wanted["access_type"] == "offline"
            )
        return redirect(uri + joint + urlencode({"code": code} | state), code=302)

    return routes


def _client(twin: FortnoxTwin) -> None:
    """The client authenticates with HTTP Basic."""
    given = request.authorization
    if given is None or given.type != "basic":
        raise OAuthError("invalid_client", "Client authentication is missing", 401)
    if (given.username, given.password) != (twin.client_id, twin.client_secret):
        raise OAuthError("invalid_client", "Client id or client secret is wrong", 401)


def _authorization(twin: FortnoxTwin, values: MultiDict[str, str]) -> dict[str, Any]:
    if values.get("client_id") != twin.client_id:
        raise OAuthError("invalid_client", "client_id is unknown", 401)
    if values.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code")
    if not values.get("redirect_uri", "").startswith(("http://", "https://")):
        raise OAuthError("invalid_request", "redirect_uri is missing or malformed")
    scopes = values.get("scope", "").split()
    if not scopes or not set(scopes) <= set(SCOPES):
        raise OAuthError("invalid_scope", "scope is missing or unknown")
    return {
        "redirect_uri": values["redirect_uri"],
        "state": values.get("state", ""),
        "scopes": scopes,
        "access_type": values.get("access_type", "online"),
        "account_type": values.get("account_type", "user"),
    }


def _client_credentials(twin: FortnoxTwin) -> dict[str, Any]:
    company = twin.companies.get(_int(request.headers.get("TenantId")))
    if company is None or company.consent is None:
        raise OAuthError("invalid_grant", "There is no consent for this client and tenant")
    if company.consent.account_type != "service":
        raise OAuthError("unauthorized_client", "Client does not allow service account")
    scopes = set(company.consent.scopes)
    asked = set(request.form.get("scope", "").split())
    if not asked <= scopes:
        raise OAuthError("invalid_scope", "The consent does not include the scope")
    return _answer(twin, company, asked or scopes)


def _authorization_code(twin: FortnoxTwin) -> dict[str, Any]:
    grant = twin.tokens.take(twin.tokens.codes, request.form.get("code", ""))
    if grant is None:
        raise OAuthError("invalid_grant", "Authorization code doesn't exist or is expired")
    if request.form.get("redirect_uri") != grant.redirect_uri:
        raise OAuthError("invalid_grant", "redirect_uri does not match")
    return _with_refresh(twin, grant)


def _refresh_token(twin: FortnoxTwin) -> dict[str, Any]:
    grant = twin.tokens.take(twin.tokens.refresh, request.form.get("refresh_token", ""))
    if grant is None:
        raise OAuthError("invalid_grant", "Invalid refresh token")
    return _with_refresh(twin, grant)


def _with_refresh(twin: FortnoxTwin, grant: Grant) -> dict[str, Any]:
    company = twin.companies.get(grant.tenant_id)
    if company is None or company.consent is None:
        raise OAuthError("invalid_grant", "The consent has been withdrawn")
    answer = _answer(twin, company, grant.scopes)
    if grant.offline:
        answer["refresh_token"] = twin.tokens.issue_refresh(grant.tenant_id, grant.scopes)
    return answer


def _answer(twin: FortnoxTwin, company: Company, scopes: set[str]) -> dict[str, Any]:
    return {
        "access_token": twin.tokens.issue_access(company.tenant_id, scopes),
        "expires_in": twin.tokens.life,
        "scope": " ".join(sorted(scopes)),
        "token_type": "bearer",
    }


def _no_store(values: dict[str, Any]) -> Response:
    response = make_response(values)
    response.headers["Cache-Control"] = "no-store"
    return response


def _int(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
