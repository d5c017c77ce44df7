"""Consent to Fortnox: there and back, and every way in which it can fail ends on a page that says what to do."""

import datetime
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.errors import AuthError, ConfigError, Fault, Transient
from integration.models import Connection, Tenant
from integration.systems.base import Identity
from integration.systems.fortnox import Fortnox

CALLBACK = "/connect/callback/"


@pytest.fixture
def fortnox(mine: Tenant) -> Connection:
    """The company's connection to Fortnox."""
    return mine.connections.get(system="fortnox")


@pytest.fixture
def owner(log_in: Callable[[str], Client]) -> Client:
    """The owner's browser."""
    return log_in("owner")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What Fortnox says to the code: an identity, or a fault to raise."""
    answers: list[object] = []

    def exchange(self: Fortnox, code: str, redirect_uri: str) -> Identity:
        assert (code, redirect_uri) == ("abc", "http://127.0.0.1:8700/connect/callback/")
        answer = answers.pop(0)
        if isinstance(answer, Fault):
            raise answer
        assert isinstance(answer, Identity)
        return answer

    monkeypatch.setattr(Fortnox, "exchange", exchange)
    return answers


@pytest.fixture(autouse=True)
def public(settings: object) -> None:
    """Where we are."""
    settings.PUBLIC_URL = "http://127.0.0.1:8700"  # type: ignore[attr-defined]


def begin(client: Client, connection: Connection) -> str:
    """To Fortnox; gives the state that travels along."""
    answer = client.get(reverse("consent:begin", args=[connection.pk]))
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert query["account_type"] == ["service"]
    assert query["redirect_uri"] == ["http://127.0.0.1:8700/connect/callback/"]
    return query["state"][0]


def test_consent_connects_and_says_so(owner: Client, fortnox: Connection, given: list[object]):
    given.append(Identity("Mitt Bygg AB", {"tenant_id": "4711"}))
    page = owner.get(CALLBACK, {"state": begin(owner, fortnox), "code": "abc"})
    assert page.status_code == 200
    assert "Byggbro når nu Mitt Bygg AB i Fortnox." in page.content.decode()
    fortnox.refresh_from_db()
    assert (fortnox.state, fortnox.params["company"]) == ("connected", "Mitt Bygg AB")
    told = LogEntry.objects.get()
    assert (told.user.username, told.change_message) == ("en-owner", "Godkännande givet för Mitt Bygg AB")


def test_a_second_click_or_reload_harms_nothing(owner: Client, fortnox: Connection, given: list[object]):
    given.append(Identity("Mitt Bygg AB"))
    first, second = begin(owner, fortnox), begin(owner, fortnox)
    owner.get(CALLBACK, {"state": second, "code": "abc"})
    given.append(AuthError("fortnox.consent_gone", error="invalid_grant"))  # a code is good once
    again = owner.get(CALLBACK, {"state": second, "code": "abc"})
    assert "är anslutet" in again.content.decode()
    given.append(Identity("Mitt Bygg AB"))
    assert owner.get(CALLBACK, {"state": first, "code": "abc"}).status_code == 200


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (AuthError("fortnox.wrong_company", expected="4711", got="99", company="Fel AB"), 400,
         "Du godkände Fel AB, men anslutningen gäller ett annat företag"),
        (AuthError("fortnox.consent_gone", error="invalid_grant"), 400, "godkände inte anslutningen"),
        (AuthError("fortnox.2001103", state="missing_right"), 400, "lägg till Fortnox Integration"),
        (AuthError("fortnox.client_refused", error="invalid_client"), 400, "Berätta för Byggbros drift"),
        (ConfigError("fortnox.client_missing"), 400, "Berätta för Byggbros drift"),
        (Transient("fortnox.token_unavailable"), 503, "Vänta några minuter"),
    ],
)  # fmt: skip
def test_what_fortnox_refuses_ends_on_a_page_that_helps(
    owner: Client, fortnox: Connection, given: list[object], answer: Fault, status: int, text: str
):
    given.append(answer)
    page = owner.get(CALLBACK, {"state": begin(owner, fortnox), "code": "abc"})
    assert page.status_code == status
    assert text in page.content.decode()
    fortnox.refresh_from_db()
    assert fortnox.state == "unchecked"


def test_a_company_that_another_tenant_has_is_refused_and_nothing_changes(
    owner: Client, fortnox: Connection, given: list[object], other: Tenant
):
    other.connections.filter(system="fortnox").update(company="4711", state="connected")
    given.append(Identity("Annat Bygg AB", {"tenant_id": "4711"}))
    page = owner.get(CALLBACK, {"state": begin(owner, fortnox), "code": "abc"})
    assert page.status_code == 400
    assert "redan kopplat till ett annat företag" in page.content.decode()
    assert "Annat Bygg" not in page.content.decode()
    fortnox.refresh_from_db()
    assert (fortnox.state, fortnox.company) == ("unchecked", "")


def test_cancelled_changes_nothing(owner: Client, fortnox: Connection):
    page = owner.get(CALLBACK, {"state": begin(owner, fortnox), "error": "access_denied"})
    assert "Du valde Avbryt i Fortnox" in page.content.decode()
    other = owner.get(CALLBACK, {"state": begin(owner, fortnox), "error": "server_error", "error_description": "<b>Oj"})
    assert "&lt;b&gt;Oj" in other.content.decode()


def test_a_locked_account_comes_back_with_nothing_and_gets_a_human_page(owner: Client, fortnox: Connection):
    page = owner.get(CALLBACK)
    assert page.status_code == 400
    assert "konto i Fortnox är låst" in page.content.decode()
    with_state = owner.get(CALLBACK, {"state": begin(owner, fortnox)})
    assert "konto i Fortnox är låst" in with_state.content.decode()
    assert "Börja om" in with_state.content.decode()


def test_a_state_that_is_not_ours_is_refused(
    owner: Client, log_in: Callable[[str], Client], fortnox: Connection, other: Tenant
):
    state = begin(owner, fortnox)
    forged = signing.dumps({"u": 1, "c": other.connections.get(system="fortnox").pk, "n": "x"}, salt="byggbro.consent")
    for client, each in ((owner, state[:-2]), (owner, "x"), (owner, forged), (log_in("operator"), state)):
        page = client.get(CALLBACK, {"state": each, "code": "abc"})
        assert page.status_code == 400
        assert "öppnades för sent, eller i en annan webbläsare" in page.content.decode()


def test_a_state_expires(owner: Client, fortnox: Connection, time_machine_at: Callable[[int], object]):
    state = begin(owner, fortnox)
    with time_machine_at(31 * 60):  # type: ignore[attr-defined]
        owner.force_login(fortnox.tenant.memberships.get().user)
        page = owner.get(CALLBACK, {"state": state, "code": "abc"})
    assert page.status_code == 400


@pytest.fixture
def time_machine_at() -> Callable[[int], object]:
    """The clock so many seconds from now."""
    return lambda seconds: time_machine.travel(timezone.now() + datetime.timedelta(seconds=seconds))


@pytest.mark.parametrize("role", ["bookkeeper", "reader", "stranger"])
def test_only_owners_and_operators_connect(log_in: Callable[[str], Client], fortnox: Connection, role: str):
    assert log_in(role).get(reverse("consent:begin", args=[fortnox.pk])).status_code == 404


def test_a_system_without_consent_has_no_such_page(owner: Client, connection: Connection):
    assert owner.get(reverse("consent:begin", args=[connection.pk])).status_code == 404


def test_nobody_connects_without_logging_in(fortnox: Connection):
    answer = Client().get(reverse("consent:begin", args=[fortnox.pk]))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")
    assert Client().get(CALLBACK, {"state": "x", "code": "abc"}).status_code in {302, 400}
    fortnox.refresh_from_db()
    assert fortnox.state == "unchecked"
