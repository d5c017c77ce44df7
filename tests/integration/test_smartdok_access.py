"""Access to SmartDok: sessions, rights, addresses, and how it says no."""

import base64
import datetime
import json
from typing import Any

import pytest
import time_machine

from integration import registry
from integration.errors import AuthError, ConfigError, InvalidRecord, Rejected, Transient, Unconfirmed
from integration.http import Answer
from integration.models import Connection
from integration.oauth import stored
from integration.systems.smartdok import SmartDok
from integration.systems.smartdok.errors import refuse
from integration.systems.smartdok.system import _expires_at
from sandbox.smartdok import Company, SmartDokTwin


def asked(twin: SmartDokTwin) -> list[str]:
    return [f"{each.method} {each.path}" for each in twin.requests]


def test_check_tells_who_answered(smartdok: SmartDok, smartdok_twin: SmartDokTwin) -> None:
    identity = smartdok.check()
    assert identity.company == ""  # SmartDok does not tell it
    assert identity.details == {
        "user": "Anna Admin", "company_id": 1, "licences": 25, "licences_available": 23,
    }  # fmt: skip
    assert asked(smartdok_twin) == ["POST /Authorize/ApiToken", "GET /Users/current", "GET /LicenseInfo"]


def test_an_answer_that_is_no_object_proves_nothing(smartdok: SmartDok, smartdok_twin: SmartDokTwin) -> None:
    smartdok_twin.faults.add(kind="status", status=200, body="[]", path="/Users/current")
    with pytest.raises(Transient, match=r"http\.not_json"):
        smartdok.check()
    smartdok_twin.faults.add(kind="not-json", path="/LicenseInfo", times=None)
    with pytest.raises(Transient, match=r"http\.not_json"):
        smartdok.check()


def test_the_session_is_kept_until_it_says_that_it_ends(smartdok: SmartDok, smartdok_twin: SmartDokTwin) -> None:
    smartdok.check()
    kept = stored(Connection.objects.get(pk=smartdok.connection.pk))
    assert kept.good_for(3500)
    assert not kept.good_for(3601)
    SmartDok(Connection.objects.get(pk=smartdok.connection.pk)).check()
    assert asked(smartdok_twin).count("POST /Authorize/ApiToken") == 1


def test_an_expired_session_is_opened_again_once_and_renew_is_never_called(
    smartdok: SmartDok, smartdok_twin: SmartDokTwin
) -> None:
    smartdok.check()
    smartdok_twin.expire_sessions()
    smartdok.check()
    assert asked(smartdok_twin).count("POST /Authorize/ApiToken") == 2
    assert smartdok_twin.renew_calls == 0


def test_a_second_401_is_a_missing_right_and_says_which(
    smartdok: SmartDok, smartdok_company: Company, smartdok_twin: SmartDokTwin
) -> None:
    smartdok_company.claims -= {"CustomersRead"}
    with pytest.raises(AuthError) as fault:
        smartdok.http.get("/Customers")
    assert (fault.value.cause, fault.value.state, fault.value.scope) == (
        "smartdok.missing_right", "missing_right", "flow",
    )  # fmt: skip
    assert (fault.value.params["right"], fault.value.params["path"]) == ("CustomersRead", "/Customers")
    assert asked(smartdok_twin) == ["POST /Authorize/ApiToken", "GET /Customers"] * 2


def test_the_right_is_guessed_from_the_path_where_it_is_not_named() -> None:
    fault = refuse(Answer("GET", "/Machines", 401, {}, b""))
    assert fault.params["right"] == "MachinesRead"


def test_a_refused_token_is_the_whole_connections_fault(smartdok: SmartDok, smartdok_company: Company) -> None:
    smartdok_company.revoke_token()
    with pytest.raises(AuthError) as fault:
        smartdok.check()
    assert (fault.value.cause, fault.value.state, fault.value.scope) == (
        "smartdok.token_refused", "needs_consent", "connection",
    )  # fmt: skip


def test_an_address_that_is_not_smartdok(smartdok: SmartDok, smartdok_twin: SmartDokTwin) -> None:
    smartdok_twin.faults.add(kind="status", status=404, path="/Authorize")
    with pytest.raises(ConfigError) as fault:
        smartdok.check()
    assert (fault.value.cause, fault.value.scope) == ("smartdok.wrong_address", "connection")
    smartdok_twin.faults.add(kind="not-json", path="/Authorize", times=None)
    with pytest.raises(Transient, match=r"smartdok\.token_unavailable"):
        smartdok.check()


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "reset-after"}, {"kind": "truncate"}])
def test_sessions_that_cannot_be_opened_now_are_transient_and_never_unconfirmed(
    smartdok: SmartDok, smartdok_twin: SmartDokTwin, fault: dict[str, Any]
) -> None:
    smartdok_twin.faults.add(**fault, path="/Authorize", times=None)
    with pytest.raises(Transient) as raised:
        smartdok.http.write("POST", "/SupplierInvoices", json={}, before_send=lambda: pytest.fail("it left"))
    assert (type(raised.value), raised.value.cause) == (Transient, "smartdok.token_unavailable")


@pytest.mark.parametrize("quoted", [True, False])
def test_the_session_comes_with_or_without_quotes(
    smartdok: SmartDok, smartdok_twin: SmartDokTwin, quoted: bool
) -> None:
    token = "abc.def"
    body = json.dumps(token) if quoted else token
    smartdok_twin.faults.add(kind="status", status=200, body=body, path="/Authorize")
    smartdok_twin.faults.add(kind="status", status=200, body="{}", path="/Users/current")
    smartdok_twin.faults.add(kind="status", status=200, body="{}", path="/LicenseInfo")
    smartdok.check()
    assert stored(smartdok.connection).access == token


@time_machine.travel(datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC), tick=False)
def test_a_session_that_does_not_say_is_good_for_fifty_minutes() -> None:
    now = datetime.datetime.now(datetime.UTC).timestamp()
    payload = base64.urlsafe_b64encode(b'{"exp": 1234567890}').decode().rstrip("=")
    assert _expires_at(f"x.{payload}.y") == 1234567890.0
    for strange in ("opaque", "a.b.c", f"x.{base64.urlsafe_b64encode(b'[]').decode()}.y"):
        assert _expires_at(strange) == now + 50 * 60


def test_prepare_makes_the_next_quarter_free_of_renewals(smartdok: SmartDok, smartdok_twin: SmartDokTwin) -> None:
    smartdok.prepare()
    smartdok.prepare()
    assert asked(smartdok_twin) == ["POST /Authorize/ApiToken"]


def test_the_host_is_a_choice_of_the_connection(smartdok: SmartDok, settings: Any) -> None:
    settings.SMARTDOK_API_URL = "https://api.smartdok.se"
    assert SmartDok(Connection(system="smartdok", options={})).base_url == "https://api.smartdok.se"
    assert SmartDok(Connection(system="smartdok", options={"url": "https://api.smartdok.no/"})).base_url == (
        "https://api.smartdok.no"
    )
    assert [(field.name, field.secret, field.required) for field in registry.systems["smartdok"].fields] == [
        ("token", True, True), ("url", False, False),
    ]  # fmt: skip


def answer(body: Any, status: int = 400) -> Answer:
    return Answer("POST", "/SupplierInvoices", status, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("given", "kind", "cause", "message"),
    [
        (answer({"Code": 115, "Error": "ProjectIdNotFound", "Message": "No project 7"}), Rejected,
         "smartdok.ProjectIdNotFound", "No project 7"),
        (answer({"Code": 110, "Error": "NameIsRequired", "Message": "x"}), InvalidRecord,
         "smartdok.NameIsRequired", "x"),
        (answer({"errors": {"Lines[0].Vat": ["No number", "Too large"], "$": "Odd"}}), Rejected,
         "smartdok.invalid_parameters", "Lines[0].Vat: No number Too large; $: Odd"),
        (answer({"errors": ["Odd"]}), Rejected, "smartdok.invalid_parameters", "['Odd']"),
        (answer({}), Rejected, "smartdok.http_400", "{}"),
        (answer([1]), Rejected, "smartdok.http_400", "[1]"),
        (Answer("POST", "/SupplierInvoices", 409, {}, b"nej"), Rejected, "smartdok.http_409", "nej"),
    ],
)  # fmt: skip
def test_every_refusal_says_who_must_act(given: Answer, kind: type, cause: str, message: str) -> None:
    fault = refuse(given)
    assert (type(fault), fault.cause, fault.params["message"]) == (kind, cause, message)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_web_page_is_no_answer_of_smartdoks(status: int) -> None:
    read, write = (refuse(Answer(method, "/x", status, {}, b"<html>Blocked</html>")) for method in ("GET", "POST"))
    assert (type(read), type(write), read.cause) == (Transient, Unconfirmed, "http.not_json")


def test_nothing_found() -> None:
    fault = refuse(Answer("GET", "/Projects/7", 404, {}, b""))
    assert (type(fault), fault.cause, fault.params["status"]) == (Rejected, "smartdok.not_found", 404)
