"""Access to Fortnox: check, consent, tokens that are refused, and the table of error codes."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integration.errors import (
    AuthError,
    ConfigError,
    Fault,
    InvalidRecord,
    RateLimited,
    Rejected,
    Transient,
    Unconfirmed,
)
from integration.http import Answer
from integration.models import Connection, Tenant
from integration.systems.fortnox import Fortnox, errors
from sandbox.fortnox import Company, FortnoxTwin


def test_check_tells_who_answered(fortnox: Fortnox) -> None:
    identity = fortnox.check()
    assert (identity.company, identity.details) == (
        "Bygg & Mark AB", {"organisation_number": "556123-4567", "tenant_id": "1234567"},
    )  # fmt: skip


def test_another_company_than_the_one_that_is_set_is_refused(fortnox: Fortnox, fortnox_twin: FortnoxTwin) -> None:
    body = json.dumps({"CompanyInformation": {"CompanyName": "Fel AB", "DatabaseNumber": 7}})
    fortnox_twin.faults.add(kind="status", status=200, body=body, path="/3/companyinformation")
    with pytest.raises(AuthError) as fault:
        fortnox.check()
    assert (fault.value.cause, fault.value.scope) == ("fortnox.wrong_company", "connection")
    assert fault.value.params == {"expected": "1234567", "got": "7", "company": "Fel AB"}


def test_an_unknown_or_missing_tenant_id(fortnox: Fortnox) -> None:
    fortnox.connection.options = {"tenant_id": "99"}
    with pytest.raises(AuthError, match=r"fortnox\.consent_gone"):
        fortnox.check()
    fortnox.connection.options = {}
    with pytest.raises(AuthError, match=r"fortnox\.not_connected"):
        fortnox.check()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_renewed_once(fortnox: Fortnox, fortnox_twin: FortnoxTwin, status: int) -> None:
    fortnox_twin.login_fault_status = status
    fortnox.check()
    fortnox_twin.tokens.expire()
    fortnox.check()
    fortnox_twin.faults.add(kind="expired-token", path="/3/", times=2)
    with pytest.raises(AuthError) as fault:
        fortnox.check()
    assert (fault.value.cause, fault.value.state) == ("fortnox.2000310", "needs_consent")


def test_a_missing_licence_is_a_missing_right_of_one_flow_or_of_all(fortnox: Fortnox, company: Company) -> None:
    company.unlicensed_scopes = {"project"}
    with pytest.raises(AuthError) as scope:
        fortnox.get("/3/projects/1")
    assert (scope.value.cause, scope.value.state, scope.value.scope) == ("fortnox.2001101", "missing_right", "flow")
    company.api_licence = False
    with pytest.raises(AuthError) as all_of_it:
        fortnox.check()
    assert (all_of_it.value.cause, all_of_it.value.state, all_of_it.value.scope) == (
        "fortnox.2001103", "missing_right", "connection",
    )  # fmt: skip


def test_prepare_makes_the_next_quarter_free_of_renewals(fortnox: Fortnox, fortnox_twin: FortnoxTwin) -> None:
    fortnox.prepare()
    fortnox.prepare()
    fortnox.check()
    assert [each.path for each in fortnox_twin.requests] == ["/oauth-v1/token", "/3/companyinformation"]


def test_the_throttle_is_the_tenants(fortnox: Fortnox) -> None:
    assert fortnox.http.throttle is not None
    assert fortnox.http.throttle.key.endswith(":1234567")
    assert (fortnox.http.throttle.limit, fortnox.http.throttle.seconds) == (25, 5.0)


def test_the_vendor_never_has_to_throttle_us(fortnox: Fortnox, fortnox_twin: FortnoxTwin) -> None:
    fortnox.http.throttle = type(fortnox.http.throttle)(fortnox.http.throttle.key, 25, 5.0, patience=0.0)  # type: ignore[union-attr]
    with pytest.raises(RateLimited) as fault:
        for _ in range(30):
            fortnox.check()
    assert fault.value.cause == "throttle"
    assert 0 < fault.value.wait <= 5.15
    assert (len([r for r in fortnox_twin.requests if r.path.startswith("/3/")]), fortnox_twin.rate_limited) == (25, 0)


# -- consent -----------------------------------------------------------------------------------------------------
REDIRECT = "http://localhost/callback"


def consent(system: Fortnox, decision: str = "approve") -> dict[str, list[str]]:
    """What the callback gets when a person decides on the vendor's page."""
    url = urlsplit(system.authorise_url("s-1", REDIRECT))
    form = {name: values[0] for name, values in parse_qs(url.query).items()}
    answer = requests.post(
        f"{url.scheme}://{url.netloc}{url.path}", data={**form, "decision": decision, "company": "1234567"},
        allow_redirects=False, timeout=5,
    )  # fmt: skip
    return parse_qs(urlsplit(answer.headers["Location"]).query)


@pytest.fixture
def unconnected(tenant: Tenant, fortnox_twin: FortnoxTwin, company: Company) -> Fortnox:
    company.withdraw_consent()
    return Fortnox(Connection.objects.create(tenant=tenant, system="fortnox"))


def test_the_page_that_is_asked_for_consent_opens(unconnected: Fortnox) -> None:
    assert "Godkänn" in requests.get(unconnected.authorise_url("s-1", REDIRECT), timeout=5).text


def test_after_a_consent_client_credentials_take_over(unconnected: Fortnox, fortnox_twin: FortnoxTwin) -> None:
    answer = consent(unconnected)
    assert answer["state"] == ["s-1"]
    assert unconnected.exchange(answer["code"][0], REDIRECT).company == "Bygg & Mark AB"
    saved = Connection.objects.get(pk=unconnected.connection.pk)
    assert (saved.options, saved.token["refresh"]) == ({"tenant_id": "1234567"}, "")
    assert Fortnox(saved).check().company == "Bygg & Mark AB"
    with pytest.raises(AuthError, match=r"fortnox\.consent_gone"):
        unconnected.exchange(answer["code"][0], REDIRECT)


def test_a_consent_without_service_account_goes_on_with_refresh_tokens(
    unconnected: Fortnox, fortnox_twin: FortnoxTwin, company: Company
) -> None:
    code = consent(unconnected)["code"][0]
    company.consent.account_type = "user"  # type: ignore[union-attr]
    unconnected.exchange(code, REDIRECT)
    saved = Connection.objects.get(pk=unconnected.connection.pk)
    assert (saved.options["grant"], bool(saved.token["refresh"])) == ("code", True)
    fortnox_twin.tokens.expire()
    assert Fortnox(saved).check().company == "Bygg & Mark AB"


def test_the_consent_of_another_company_is_refused(unconnected: Fortnox) -> None:
    unconnected.connection.options = {"tenant_id": "7"}
    with pytest.raises(AuthError, match=r"fortnox\.wrong_company"):
        unconnected.exchange(consent(unconnected)["code"][0], REDIRECT)
    assert Connection.objects.get(pk=unconnected.connection.pk).token == {}


def test_a_consent_that_is_denied_brings_no_code(unconnected: Fortnox) -> None:
    assert consent(unconnected, "cancel") == {"error": ["access_denied"], "state": ["s-1"]}


# -- codes -------------------------------------------------------------------------------------------------------
def answer(code: Any, *, method: str = "POST", status: int = 400, lower: bool = False) -> Answer:
    found = {"Error": 1, "Message": "Nej.", "Code": code}
    found = {key.lower(): value for key, value in found.items()} if lower else found
    return Answer(method, "/3/invoices", status, {}, json.dumps({"ErrorInformation": found}).encode())


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize(
    ("code", "kind", "scope"),
    [
        (2000310, AuthError, "connection"), (2000311, AuthError, "connection"), (2001101, AuthError, "flow"),
        (2001103, AuthError, "connection"), (2000359, InvalidRecord, "item"), (2000106, InvalidRecord, "item"),
        (2000600, InvalidRecord, "item"), (2000401, Rejected, "item"), (2000637, Rejected, "item"),
        (2000423, ConfigError, "item"), (2001304, ConfigError, "item"), (2000947, ConfigError, "item"),
        (2004167, ConfigError, "item"), (2001392, Fault, "item"), (2001399, Fault, "item"), (2000588, Fault, "item"),
        (2002115, Fault, "item"), (1000003, Unconfirmed, "item"), (9999999, Rejected, "item"),
    ],
)  # fmt: skip
def test_every_code_says_who_must_act(code: int, kind: type[Fault], scope: str, lower: bool) -> None:
    fault = errors.refuse(answer(code, lower=lower))
    assert (type(fault), fault.cause, fault.scope) == (kind, f"fortnox.{code}", scope)
    assert fault.params == {
        "code": code, "message": "Nej.", "method": "POST", "path": "/3/invoices", "status": 400,
    }  # fmt: skip


def test_what_broke_over_there_is_transient_for_a_read() -> None:
    assert type(errors.refuse(answer(1000003, method="GET"))) is Transient


def test_our_own_faults_are_internal() -> None:
    assert errors.refuse(answer(2001399)).reason == "internal"


def test_a_code_may_be_text_or_missing() -> None:
    assert errors.refuse(answer("2000401")).cause == "fortnox.2000401"
    assert errors.refuse(Answer("PUT", "/3/x", 400, {}, b"<html>")).cause == "fortnox.400"
    assert errors.refuse(Answer("PUT", "/3/x", 400, {}, b'["nej"]')).cause == "fortnox.400"
    assert errors.refuse(answer("9" * 5000)).cause == "fortnox.99999999999999999999"
    assert type(errors.refuse(Answer("PUT", "/3/x", 401, {}, b'{"message": "unauthorized"}'))) is AuthError
    assert errors.expired(Answer("PUT", "/3/x", 403, {}, b""))
    assert not errors.expired(answer(2001101, status=403))


@pytest.mark.parametrize("body", [b"<html>Request blocked</html>", b"", b"[]", b'{"message": "no"}'])
@pytest.mark.parametrize("status", [403, 404])
def test_what_fortnox_does_not_say_itself_is_the_clocks(status: int, body: bytes) -> None:
    read, write = (errors.refuse(Answer(method, "/3/x", status, {}, body)) for method in ("GET", "PUT"))
    by_fortnox = not body.startswith(b"<")  # a firewall's page says nothing of what comes later
    assert (type(read), type(write), write.params["answered"]) == (Transient, Unconfirmed, by_fortnox)
    assert not errors.is_missing(read)
    assert not errors.expired(Answer("PUT", "/3/x", status, {}, b"<html>"))


def test_nothing_found_is_none_for_a_read_and_a_refusal_for_a_write(fortnox: Fortnox) -> None:
    assert fortnox.get("/3/customers/9") is None
    with pytest.raises(Rejected):
        fortnox.write("PUT", "/3/customers/9", {"Customer": {"Name": "Ek"}})


def test_an_answer_that_is_no_object_is_not_believed(fortnox: Fortnox, fortnox_twin: FortnoxTwin) -> None:
    fortnox_twin.faults.add(kind="status", status=200, body="[]", path="/3/customers/9")
    with pytest.raises(Transient, match=r"http\.not_json"):
        fortnox.get("/3/customers/9")
