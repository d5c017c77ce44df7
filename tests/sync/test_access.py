"""What becomes of a connection: its states, since when, whose it is, and what goes on when it is back."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from integration.models import Connection, Tenant
from sandbox import Twins
from sandbox.fortnox import Company as FortnoxCompany
from sandbox.smartdok import Company as SmartDokCompany
from sync.engine import access
from sync.models import Attempt, Item

NOON = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture
def connected(tenant: Tenant) -> Callable[[str], Connection]:
    """Both connections are checked; gives one, fresh from the database."""
    for each in tenant.connections.all():
        assert access.check(each) is not None
    return lambda system: Connection.objects.get(tenant=tenant, system=system)


@pytest.mark.parametrize("state", ["degraded", "missing_right", "paused"])
def test_a_state_tells_since_when_and_not_when_it_was_last_found(tenant: Tenant, state: str) -> None:
    connection = tenant.connections.get(system="fortnox")
    later = NOON + datetime.timedelta(hours=2)
    with time_machine.travel(NOON, tick=False):
        connection.enter(state, "http.timeout")
    with time_machine.travel(later, tick=False):
        connection.enter(state, "http.5xx")
    connection.refresh_from_db()
    assert (connection.state, connection.since, connection.checked_at) == (state, NOON, later)
    assert connection.cause == "http.5xx"


def test_a_right_that_is_missing_shuts_the_connection_and_burns_no_attempt(
    connected: Callable[[str], Connection], run: Callable[..., Any], item: Callable[..., Item],
    smartdok: SmartDokCompany, fortnox: FortnoxCompany,
) -> None:  # fmt: skip
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Kund AB")
    smartdok.add_customer(CustomerNumber="1002", CustomerName="Annan AB")
    fortnox.api_licence = False
    run()
    row = connected("fortnox")
    assert (row.state, row.cause) == ("missing_right", "fortnox.2001103")
    waiting = [(each.state, each.tries) for each in (item("customers", 1001), item("customers", 1002))]
    assert ("stopped", 0) not in waiting
    assert Attempt.objects.exclude(operation="look up").count() == 0
    fortnox.api_licence = True
    run()
    assert connected("fortnox").state == "connected"
    assert [item("customers", number).state for number in (1001, 1002)] == ["done", "done"]


def test_what_waited_for_a_token_goes_when_the_connection_is_back(
    connected: Callable[[str], Connection], run: Callable[..., Any], item: Callable[..., Item],
    smartdok: SmartDokCompany, twins: Twins,
) -> None:  # fmt: skip
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Kund AB")
    Connection.objects.filter(system="fortnox").update(token={})
    twins.fortnox.faults.add("status", status=503, path="/oauth-v1/token", times=None)
    run()
    held = item("customers", 1001)
    assert (held.state, held.cause) == ("waiting", "fortnox.token_unavailable")
    Item.objects.filter(pk=held.pk).update(not_before=timezone.now() + datetime.timedelta(minutes=20), tries=9)
    row = connected("fortnox")
    assert access.check(row) is None
    assert row.state == "degraded"
    twins.fortnox.faults.clear()
    assert access.check(row) is not None
    assert item("customers", 1001).not_before <= timezone.now()


def test_the_name_of_the_company_stays_while_the_company_does(connected: Callable[[str], Connection]) -> None:
    row = connected("smartdok")
    assert row.params["company"] == "Anna Admin", "SmartDok itself tells the user only"
    access.answered(row, access.check(row), "Östanbygg AB")  # type: ignore[arg-type]
    row.enter("degraded", "http.timeout")
    identity = access.check(row)
    assert identity is not None
    assert (identity.company, row.params["company"]) == ("Östanbygg AB", "Östanbygg AB")


def test_a_token_of_another_company_shuts_the_connection_once_something_was_moved(
    connected: Callable[[str], Connection], tenant: Tenant, twins: Twins
) -> None:
    other = {"token": twins.tenant("maltes-mark").tenant.smartdok_token}
    row = connected("smartdok")
    row.secrets, row.token = other, {}
    row.save()
    assert access.check(row) is not None, "before anything was moved it may be another one"
    assert row.company == "2"
    tenant.pipelines.update(pulled_at=timezone.now())
    row.secrets, row.token = {"token": twins.tenant("ostanbygg").tenant.smartdok_token}, {}
    row.save()
    assert access.check(row) is None
    row.refresh_from_db()
    assert (row.state, row.cause, row.company) == ("needs_consent", "setup.other_company", "2")
