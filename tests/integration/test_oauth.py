"""Tokens of a connection: kept, renewed once for all who wait, never lost."""

import datetime
import threading
from dataclasses import asdict
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from integration.errors import AuthError, ConfigError, Transient
from integration.models import Connection, Tenant
from integration.oauth import Token, TokenAuth, stored
from integration.systems.fortnox import Fortnox
from sandbox.fortnox import Company, FortnoxTwin


def in_an_hour() -> float:
    return timezone.now().timestamp() + 3600


@pytest.fixture
def plain(tenant: Tenant) -> Connection:
    return Connection.objects.create(tenant=tenant, system="any")


class Counting:
    """Gives t1, t2, … and counts."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, spent: Token) -> Token:
        self.calls += 1
        return Token(f"t{self.calls}", in_an_hour())


def test_a_token_is_fetched_once_and_kept(plain: Connection) -> None:
    fetch = Counting()
    auth = TokenAuth(plain, fetch)
    assert auth.headers() == auth.headers() == {"Authorization": "Bearer t1"}
    assert stored(Connection.objects.get(pk=plain.pk)).access == "t1"
    assert fetch.calls == 1


def test_a_spent_token_is_replaced_before_it_is_refused(plain: Connection) -> None:
    fetch = Counting()
    plain.token = asdict(Token("old", timezone.now().timestamp() + 59))
    plain.save()
    assert TokenAuth(plain, fetch).headers() == {"Authorization": "Bearer t1"}


def test_a_token_that_another_worker_renewed_is_taken_over(plain: Connection) -> None:
    plain.token = asdict(Token("old", in_an_hour()))
    plain.save()
    mine = Connection.objects.get(pk=plain.pk)
    plain.token = asdict(Token("new", in_an_hour()))
    plain.save()
    fetch = Counting()
    auth = TokenAuth(mine, fetch)
    assert auth.renew({"Authorization": "Bearer old"})
    assert (auth.headers(), fetch.calls) == ({"Authorization": "Bearer new"}, 0)


def test_ensure_renews_what_would_not_last(plain: Connection) -> None:
    fetch = Counting()
    auth = TokenAuth(plain, fetch)
    auth.ensure(900)
    auth.ensure(900)
    assert fetch.calls == 1


@pytest.mark.django_db(transaction=True)
def test_ten_threads_meeting_an_expired_token_cause_one_renewal(company: Company, fortnox_twin: FortnoxTwin) -> None:
    tenant = Tenant.objects.create(slug="ten", name="Ten", go_live=datetime.date(2026, 1, 1))
    row = Connection.objects.create(tenant=tenant, system="fortnox", options={"tenant_id": "1234567"})
    fortnox_twin.limit = False
    Fortnox(row).check()
    fortnox_twin.tokens.expire()
    start = threading.Barrier(10)
    results: list[Any] = []

    def work() -> None:
        system = Fortnox(Connection.objects.get(pk=row.pk), patience=10)
        start.wait()
        try:
            results.append(system.check().company)
        except Exception as error:
            results.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["Bygg & Mark AB"] * 10
    assert sum(each.path == "/oauth-v1/token" for each in fortnox_twin.requests) == 2


# -- grants of Fortnox -------------------------------------------------------------------------------------------
def tokens_asked(twin: FortnoxTwin) -> list[str]:
    asked = [each.request_body.decode() for each in twin.requests if each.path == "/oauth-v1/token"]
    return [part.removeprefix("grant_type=") for each in asked for part in each.split("&") if "grant_type" in part]


def test_client_credentials_by_default(fortnox: Fortnox, fortnox_twin: FortnoxTwin) -> None:
    assert fortnox.check().company == "Bygg & Mark AB"
    assert tokens_asked(fortnox_twin) == ["client_credentials"]


def test_refresh_tokens_are_used_once_each_and_the_newest_is_kept(
    fortnox: Fortnox, fortnox_twin: FortnoxTwin, company: Company
) -> None:
    company.give_consent(account_type="user")
    first = fortnox_twin.tokens.issue_refresh(1234567, set(company.consent.scopes))  # type: ignore[union-attr]
    fortnox.connection.options["grant"] = "code"
    fortnox.connection.token = asdict(Token("", 0, first))
    fortnox.connection.save()
    assert fortnox.check().company == "Bygg & Mark AB"
    second = stored(Connection.objects.get(pk=fortnox.connection.pk)).refresh
    fortnox_twin.tokens.expire()
    assert fortnox.check().company == "Bygg & Mark AB"
    third = stored(Connection.objects.get(pk=fortnox.connection.pk)).refresh
    assert len({first, second, third}) == 3
    assert tokens_asked(fortnox_twin) == ["refresh_token", "refresh_token"]


def test_a_dead_refresh_token_means_connect_again(fortnox: Fortnox) -> None:
    fortnox.connection.options["grant"] = "code"
    fortnox.connection.token = asdict(Token("", 0, "dead"))
    fortnox.connection.save()
    with pytest.raises(AuthError) as fault:
        fortnox.check()
    assert (fault.value.cause, fault.value.state) == ("fortnox.consent_gone", "needs_consent")
    fortnox.connection.token = {}
    fortnox.connection.save()
    with pytest.raises(AuthError, match=r"fortnox\.consent_gone"):
        fortnox.check()


def test_a_withdrawn_consent_and_a_wrong_client_are_told_apart(
    fortnox: Fortnox, fortnox_twin: FortnoxTwin, settings: Any
) -> None:
    fortnox_twin.withdraw_consent(1234567)
    with pytest.raises(AuthError, match=r"fortnox\.consent_gone"):
        fortnox.check()
    settings.FORTNOX_CLIENT_SECRET = "wrong"
    with pytest.raises(AuthError, match=r"fortnox\.client_refused"):
        fortnox.check()
    settings.FORTNOX_CLIENT_ID = ""
    with pytest.raises(ConfigError, match=r"fortnox\.client_missing"):
        fortnox.check()


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 503}, {"kind": "status", "status": 429}, {"kind": "reset-after"},
     {"kind": "truncate"}, {"kind": "not-json"}, {"kind": "status", "status": 200, "body": "{}"}],
)  # fmt: skip
def test_a_token_endpoint_in_trouble_is_transient_and_never_unconfirmed(
    fortnox: Fortnox, fortnox_twin: FortnoxTwin, fault: dict[str, Any]
) -> None:
    fortnox_twin.faults.add(**fault, path="/oauth-v1/token", times=None)
    with pytest.raises(Transient) as raised:
        fortnox.http.write("POST", "/3/customers", json={}, before_send=lambda: pytest.fail("it left"))
    assert (type(raised.value), raised.value.cause) == (Transient, "fortnox.token_unavailable")


@pytest.mark.parametrize(
    "fault",
    [{"status": 400, "body": "nej"}, {"status": 403, "body": "<html>Forbidden</html>"}, {"status": 404, "body": "{}"},
     {"status": 400, "body": "[]"}],
)  # fmt: skip
def test_a_refusal_that_is_none_of_the_protocol_says_nothing_about_the_consent(
    fortnox: Fortnox, fortnox_twin: FortnoxTwin, fault: dict[str, Any]
) -> None:
    fortnox_twin.faults.add(kind="status", path="/oauth-v1/token", times=None, **fault)
    with pytest.raises(Transient, match=r"fortnox\.token_unavailable"):
        fortnox.check()


@pytest.mark.django_db(transaction=True)
def test_a_renewal_that_ends_in_a_time_out_holds_up_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integration.oauth.USUAL", 0.3)
    tenant = Tenant.objects.create(slug="slow", name="Slow", go_live=datetime.date(2026, 1, 1))
    row = Connection.objects.create(tenant=tenant, system="any")
    asked, under_way, over = [], threading.Event(), threading.Event()

    def silent(spent: Token) -> Token:
        asked.append(spent)
        under_way.set()
        over.wait(10)
        raise Transient("any.token_unavailable")

    def work(faults: list[str]) -> None:
        try:
            TokenAuth(Connection.objects.get(pk=row.pk), silent).headers()
        except Transient as fault:
            faults.append(fault.cause)
        finally:
            database.close()

    first: list[str] = []
    others: list[str] = []
    slow = threading.Thread(target=work, args=(first,))
    slow.start()
    assert under_way.wait(5)
    waiting = [threading.Thread(target=work, args=(others,)) for _ in range(5)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join(5)
    assert others == ["connection.renewing"] * 5, "while it is under way"
    over.set()
    slow.join(5)
    work(others)
    assert (first, others[5:], len(asked)) == (["any.token_unavailable"], ["connection.renewing"], 1)


def test_a_renewal_that_fails_quickly_may_be_tried_again_at_once(plain: Connection) -> None:
    def fetch(spent: Token) -> Token:
        raise Transient("any.token_unavailable")

    with pytest.raises(Transient, match="token_unavailable"):
        TokenAuth(plain, fetch).headers()
    assert TokenAuth(plain, Counting()).headers() == {"Authorization": "Bearer t1"}
