"""The bookkeeper's overview: what needs somebody, what waits for whom, and what a person's own pause is."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.models import Connection, Tenant
from sync.engine import problems
from sync.models import Item, Problem
from tests.admin.conftest import add_item
from tests.admin.test_pages import MOST_QUERIES, words


@pytest.fixture
def bookkeeper(log_in: Callable[[str], Client]) -> Client:
    return log_in("bookkeeper")


def overview(browser: Client) -> str:
    return words(browser.get(reverse("admin:index")).content.decode())


@pytest.fixture
def waiting(mine: Tenant) -> Tenant:
    """Invoices that wait for a customer that was left out, for one that is stopped, and for one that goes by itself."""
    add_item(mine, "7", "Lövåsen", state="left_out", reason="left_out", cause="C2", params={"name": "Lövåsen"})
    add_item(mine, "8", "På väg AB", state="pending")
    for number, customer in (("F1", "s7"), ("F2", "s7"), ("F3", "s1001"), ("F4", "s8")):
        add_item(mine, number, "Bygg", flow="invoices", state="waiting", reason="need", cause="I5",
                 needs=[f"customers:id={customer}"], params={"names": ["kund x"]})  # fmt: skip
    return mine


def test_I5_waits_are_shown_by_what_holds_them_up_and_whose_turn_that_is(bookkeeper: Client, waiting: Tenant):
    text = overview(bookkeeper)
    site = "Vems tur: den som arbetar i SmartDok"
    assert f"2 Fakturor Väntar på kund 7 Lövåsen (utanför: Kund utan nummer) F1 Bygg , F2 Bygg {site}" in text
    assert f"1 Fakturor Väntar på kund 1001 Kund hos mitt (stoppad: Två kunder har samma nummer) F3 Bygg {site}" in text
    assert "F4 Bygg Vems tur: ingen" in text
    assert "1 sak behöver åtgärdas. 3 poster väntar på att någon gör något." in text
    assert "Allt annat sköter sig självt" not in text


def test_what_only_waits_for_its_turn_needs_nobody(bookkeeper: Client, mine: Tenant):
    assert "1 sak behöver åtgärdas. Allt annat sköter sig självt." in overview(bookkeeper)


def test_I5_item_page_and_dry_run_say_the_same(bookkeeper: Client, waiting: Tenant):
    item = waiting.items.get(key="F1")
    page = words(bookkeeper.get(reverse("admin:sync_item_change", args=[item.pk])).content.decode())
    assert "Vems tur den som arbetar i SmartDok" in page
    assert "kund 7 Lövåsen (utanför: Kund utan nummer)" in page


def test_what_needs_somebody_lists_the_first_five_with_links(bookkeeper: Client, mine: Tenant):
    for number in range(2, 9):
        add_item(mine, f"100{number}", "Dubbel", state="stopped", reason="conflict", cause="C4",
                 params={"number": f"100{number}", "others": ["X"]})  # fmt: skip
    problems.refresh(mine)
    html = bookkeeper.get(reverse("admin:index")).content.decode()
    text = words(html)
    assert "T.ex. Kundnummer 1001 finns på fler än en kund" in text
    assert "1001 Kund hos mitt , 1002 Dubbel , 1003 Dubbel , 1004 Dubbel , 1005 Dubbel med flera" in text
    assert "1006 Dubbel" not in text
    first = mine.items.get(key="1002")
    assert reverse("admin:sync_item_change", args=[first.pk]) in html


def test_the_overview_takes_few_queries(bookkeeper: Client, waiting: Tenant, django_assert_max_num_queries: Any):
    Item.objects.filter(tenant=waiting).update(waiting_since=timezone.now() - datetime.timedelta(hours=1))
    problems.refresh(waiting)
    assert Problem.objects.get(tenant=waiting, cause="I5").turns == ["site"]
    with django_assert_max_num_queries(MOST_QUERIES):
        bookkeeper.get(reverse("admin:index"))


def test_a_pause_is_no_problem_and_reading_waits_for_it(bookkeeper: Client, mine: Tenant):
    bookkeeper.post(reverse("admin:integration_tenant_pause", args=[mine.pk]))
    assert mine.connections.filter(state=Connection.State.PAUSED).count() == 2
    problems.refresh(mine)
    assert not Problem.objects.filter(tenant=mine, cause="connection.paused").exists()
    assert "Anslutningen är pausad" not in overview(bookkeeper).split("Kontakt")[0]
    pipeline = mine.pipelines.get(flow="customers")
    due = pipeline.next_pull_at
    answer = bookkeeper.post(reverse("admin:sync_pipeline_read", args=[pipeline.pk]), follow=True)
    text = words(answer.content.decode())
    assert "Överföringarna är pausade" in text
    assert "läses nu" not in text
    pipeline.refresh_from_db()
    assert pipeline.next_pull_at == due
