"""The Fortnox twin: tokens, consent, licences and the throttle (notes 1-18)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox.fortnox import SCOPES, Company
from tests.sandbox.fortnox import TENANT, Fortnox, code, running

CALLBACK = "http://127.0.0.1:9/callback"


@pytest.fixture
def fortnox() -> Iterator[Fortnox]:
    with running() as fortnox:
        yield fortnox


# Client credentials


def test_client_credentials_give_a_token_of_an_hour_and_no_refresh_token(fortnox: Fortnox) -> None:
    answer = fortnox.token()
    body = answer.json()
    assert (answer.status_code, body["expires_in"], body["token_type"]) == (200, 3600, "bearer")
    assert (set(body["scope"].split()), "refresh_token" in body) == (set(SCOPES), False)
    payload = body["access_token"].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(payload + "=="))["tenantId"] == TENANT

    fortnox.session.headers["Authorization"] = f"Bearer {body['access_token']}"
    assert fortnox.get("companyinformation").json()["CompanyInformation"]["DatabaseNumber"] == TENANT
    fortnox.clock.forward(seconds=3599)
    assert fortnox.get("units").status_code == 200
    fortnox.clock.forward(seconds=1)
    expired = fortnox.get("units")
    assert (expired.status_code, code(expired)) == (403, 2000310)


def test_scope_narrows_the_token(fortnox: Fortnox) -> None:
    answer = fortnox.token(scope="customer project").json()
    assert answer["scope"] == "customer project"
    fortnox.session.headers["Authorization"] = f"Bearer {answer['access_token']}"
    assert fortnox.get("customers").status_code == 200
    refused = fortnox.get("invoices")
    assert (refused.status_code, code(refused)) == (403, 2001101)
    assert fortnox.token(scope="customer salary").json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    ("auth", "headers", "form", "status", "error"),
    [
        (("wrong", "h"), {}, {"grant_type": "client_credentials"}, 401, "invalid_client"),
        (None, {}, {"grant_type": "client_credentials"}, 401, "invalid_client"),
        ("ours", {"TenantId": "999"}, {"grant_type": "client_credentials"}, 400, "invalid_grant"),
        ("ours", {"TenantId": "abc"}, {"grant_type": "client_credentials"}, 400, "invalid_grant"),
        ("ours", {}, {"grant_type": "client_credentials"}, 400, "invalid_grant"),
        ("ours", {"TenantId": str(TENANT)}, {"grant_type": "password"}, 400, "unsupported_grant_type"),
        ("ours", {"TenantId": str(TENANT)}, {}, 400, "unsupported_grant_type"),
        ("ours", {}, {"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ("ours", {}, {"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant"),
    ],
)
def test_what_gives_no_token(
    fortnox: Fortnox, auth: Any, headers: dict[str, str], form: dict[str, str], status: int, error: str
) -> None:
    own = (fortnox.twin.client_id, fortnox.twin.client_secret)
    url = f"{fortnox.twin.url}/oauth-v1/token"
    refused = requests.post(url, auth=own if auth == "ours" else auth, headers=headers, data=form)
    assert (refused.status_code, refused.json()["error"]) == (status, error)


def test_a_withdrawn_consent_kills_the_tokens_until_it_is_given_again(fortnox: Fortnox) -> None:
    fortnox.twin.withdraw_consent(TENANT)
    assert code(fortnox.get("units")) == 2000310
    assert fortnox.token().json()["error"] == "invalid_grant"
    fortnox.company.give_consent("user")
    assert fortnox.token().json()["error"] == "unauthorized_client"
    fortnox.company.give_consent(scopes={"customer"})
    assert fortnox.token().json()["scope"] == "customer"
    fortnox.log_in()
    assert (fortnox.get("customers").status_code, code(fortnox.get("units"))) == (200, 2001101)


def test_tokens_can_be_expired_and_revoked(fortnox: Fortnox) -> None:
    fortnox.twin.tokens.expire(TENANT)
    assert code(fortnox.get("units")) == 2000310
    fortnox.log_in()
    fortnox.twin.tokens.revoke(TENANT)
    assert code(fortnox.get("units")) == 2000310
    fortnox.twin.login_fault_status = 401
    assert fortnox.get("units").status_code == 401


def test_bad_and_missing_tokens_and_licences(fortnox: Fortnox) -> None:
    del fortnox.session.headers["Authorization"]
    missing = fortnox.get("units")
    assert (missing.status_code, code(missing), set(missing.json()["ErrorInformation"])) == (
        403,
        2000311,
        {"error", "message", "code"},
    )
    fortnox.session.headers["Authorization"] = "Bearer x.y.z"
    assert code(fortnox.get("units")) == 2000310

    fortnox.log_in()
    fortnox.company.unlicensed_scopes = {"invoice"}
    assert (fortnox.get("customers").status_code, code(fortnox.get("invoices"))) == (200, 2001101)
    fortnox.company.api_licence = False
    refused = fortnox.get("customers")
    assert (refused.status_code, code(refused)) == (403, 2001103)


def test_a_token_opens_its_own_company_only(fortnox: Fortnox) -> None:
    other = fortnox.twin.add_company(Company(7654321, "Grus & Schakt AB"))
    other.add_customer("Annan", "1")
    assert fortnox.rows("customers") == []
    fortnox.log_in(7654321)
    assert [row["Name"] for row in fortnox.rows("customers")] == ["Annan"]


# Authorization code


def authorization(fortnox: Fortnox, **changes: str) -> dict[str, str]:
    return {
        "client_id": fortnox.twin.client_id,
        "redirect_uri": CALLBACK,
        "scope": "customer invoice",
        "state": "s-1",
        "access_type": "offline",
        "response_type": "code",
        "account_type": "user",
    } | changes


def consent(fortnox: Fortnox, decision: str, **changes: str) -> dict[str, list[str]]:
    """Decides on the consent page and gives the parameters that come back to the client."""
    form = authorization(fortnox, **changes) | {"decision": decision, "company": str(TENANT)}
    answer = requests.post(f"{fortnox.twin.url}/oauth-v1/auth", data=form, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(CALLBACK)
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def test_the_consent_page_asks_in_swedish(fortnox: Fortnox) -> None:
    page = requests.get(f"{fortnox.twin.url}/oauth-v1/auth", params=authorization(fortnox))
    assert page.status_code == 200
    for text in ("Godkänn", "Avbryt", "Bygg &amp; Mark i Västerås AB", "Kund", "Faktura"):
        assert text in page.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "x"}, "invalid_client"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"redirect_uri": "javascript:1"}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
)
def test_a_malformed_authorization_is_refused_without_a_redirect(
    fortnox: Fortnox, changes: dict[str, str], error: str
) -> None:
    answer = requests.get(f"{fortnox.twin.url}/oauth-v1/auth", params=authorization(fortnox, **changes))
    assert (answer.status_code // 100, answer.json()["error"]) == (4, error)


def test_cancel_comes_back_with_the_state_and_gives_nothing(fortnox: Fortnox) -> None:
    fortnox.twin.withdraw_consent(TENANT)
    assert consent(fortnox, "cancel") == {"error": ["access_denied"], "state": ["s-1"]}
    assert fortnox.company.consent is None


def test_a_code_is_good_once_within_ten_minutes_and_for_its_redirect_uri(fortnox: Fortnox) -> None:
    def exchange(value: str, uri: str = CALLBACK) -> dict[str, Any]:
        return dict(fortnox.token(grant_type="authorization_code", code=value, redirect_uri=uri).json())

    value = consent(fortnox, "approve")["code"][0]
    tokens = exchange(value)
    assert (tokens["scope"], set(tokens) >= {"access_token", "refresh_token"}) == ("customer invoice", True)
    assert exchange(value)["error"] == "invalid_grant"

    assert exchange(consent(fortnox, "approve")["code"][0], "http://127.0.0.1:9/else")["error"] == "invalid_grant"
    late = consent(fortnox, "approve")["code"][0]
    fortnox.clock.forward(minutes=10)
    assert exchange(late)["error"] == "invalid_grant"
    assert "refresh_token" not in exchange(consent(fortnox, "approve", access_type="online")["code"][0])


def test_a_refresh_token_dies_on_use_and_after_45_days(fortnox: Fortnox) -> None:
    def refresh(value: str) -> dict[str, Any]:
        return dict(fortnox.token(grant_type="refresh_token", refresh_token=value).json())

    granted = consent(fortnox, "approve")["code"][0]
    first = fortnox.token(grant_type="authorization_code", code=granted, redirect_uri=CALLBACK).json()["refresh_token"]
    second = refresh(first)["refresh_token"]
    assert refresh(first)["error"] == "invalid_grant"
    fortnox.clock.forward(days=44)
    third = refresh(second)["refresh_token"]
    fortnox.clock.forward(days=45)
    assert refresh(third)["error"] == "invalid_grant"


def test_a_refresh_token_can_be_revoked(fortnox: Fortnox) -> None:
    granted = consent(fortnox, "approve", account_type="service")["code"][0]
    assert fortnox.token().status_code == 200  # a consent with a service account allows client credentials
    value = fortnox.token(grant_type="authorization_code", code=granted, redirect_uri=CALLBACK).json()["refresh_token"]
    own = (fortnox.twin.client_id, fortnox.twin.client_secret)
    url = f"{fortnox.twin.url}/oauth-v1/revoke"
    assert requests.post(url, auth=own, data={"token": value}).json() == {"revoked": True}
    assert requests.post(url, auth=own, data={"token": value}).status_code == 400
    assert fortnox.token(grant_type="refresh_token", refresh_token=value).json()["error"] == "invalid_grant"


# Throttle


def test_25_requests_in_a_sliding_window_of_5_seconds_then_429(fortnox: Fortnox) -> None:
    fortnox.twin.limit = True
    other = fortnox.twin.add_company(Company(7654321, "Grus & Schakt AB"))

    def statuses(count: int) -> list[int]:
        return [fortnox.get("units").status_code for _ in range(count)]

    assert statuses(20) == [200] * 20
    fortnox.clock.forward(seconds=3)
    assert statuses(7) == [200] * 5 + [429] * 2
    fortnox.clock.forward(seconds=2)
    assert statuses(21) == [200] * 20 + [429]
    assert fortnox.twin.rate_limited == 3
    assert fortnox.token(other.tenant_id).status_code == 200  # tokens are not limited
    fortnox.log_in(other.tenant_id)
    assert statuses(1) == [200]  # nor is another company
    fortnox.twin.limit = False
    fortnox.log_in()
    assert statuses(30) == [200] * 30


def test_faults_speak_as_fortnox_does_and_know_the_company(fortnox: Fortnox) -> None:
    fortnox.twin.faults.add("expired-token", tenant=str(TENANT), path="^/3/")
    fortnox.twin.faults.add("storm", tenant=str(TENANT), path="^/3/")
    fortnox.twin.faults.add("status", tenant="1")
    assert code(fortnox.get("units")) == 2000310
    assert fortnox.get("units").status_code == 429
    assert fortnox.get("units").status_code == 200
    assert {request.tenant for request in fortnox.twin.requests} == {str(TENANT)}
