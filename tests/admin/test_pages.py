"""Every page answers, in Swedish, in few queries whatever the number of rows."""

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse

from integration.models import Tenant
from integration.records import Invoice, dump
from sync.models import Attempt, Item
from tests.admin.conftest import SECRET, add_item, company

MOST_QUERIES = 15
DAY = datetime.date(2026, 3, 1)
INVOICE = Invoice(
    source_id="9", draft=False, credited=False, customer_id="1", customer_number="1001", customer_name="Kund",
    project_id="", period_from=DAY, period_to=DAY, finalised_at=datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC),
    version=1, title="Nytt namn", comment="", reference="", invoiced_by="", serial_number="9", discount=Decimal(0),
    surcharge=Decimal(0), total=Decimal("2.00"),
)  # fmt: skip
ENGLISH = re.compile(
    r"\b(?:Overview|Needs you|Waiting|Transferred|Left out|Try again|Already there|Pipelines?|Connections?|Companies|"
    r"Set-up|Schedules|Filters|Apply Filters|Type to search|Select action|No results|History|Save|Download)\b"
)


def words(html: str) -> str:
    """What a person reads of a page."""
    html = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>|<!--.*?-->", " ", html)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def lists() -> list[str]:
    return [f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry]


@pytest.fixture
def operator(log_in: Callable[[str], Client], mine: Tenant, other: Tenant) -> Client:
    """Somebody who sees both companies."""
    return log_in("operator")


def test_every_list_takes_few_queries_with_many_rows(
    operator: Client, mine: Tenant, django_assert_max_num_queries: Any
):
    for number in range(40):
        item = add_item(mine, f"2{number}", f"Kund {number}", state="waiting", reason="need", cause="I5")
        Attempt.objects.create(item=item, tenant=mine, actor="byggbro", operation="create", outcome="done")
    for each in range(8):
        company(f"bolag-{each}", f"Bolag {each}")
    for name in lists():
        with django_assert_max_num_queries(MOST_QUERIES):
            assert operator.get(reverse(name)).status_code == 200
    with django_assert_max_num_queries(MOST_QUERIES):
        operator.get(reverse("admin:index"))


def test_every_page_is_swedish(operator: Client, mine: Tenant):
    addresses = [reverse(name) for name in lists()] + [reverse("admin:index")]
    for model in admin.site._registry:
        prefix = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        try:
            addresses += [reverse(f"{prefix}_change", args=[row.pk])] if row else []
            addresses += [reverse(f"{prefix}_add")]
        except NoReverseMatch:
            continue
    item = mine.items.get()
    addresses += [reverse(f"admin:sync_item_{act}", args=[item.pk]) for act in ("leave-out", "already-there")]
    for address in addresses:
        answer = operator.get(address, headers={"accept-language": "sv"})
        assert answer.status_code in {200, 403}, address
        found = ENGLISH.search(words(answer.content.decode()))
        assert not found, (address, found)


def test_english_is_the_second_language(operator: Client, mine: Tenant):
    item = mine.items.get()
    page = operator.get(reverse("admin:sync_item_change", args=[item.pk]), headers={"accept-language": "en"})
    text = words(page.content.decode())
    assert "Two customers share a number" in text
    assert "Customers (SmartDok → Fortnox)" in text
    assert "Try again" in text


def test_no_page_shows_a_secret(operator: Client, mine: Tenant):
    for connection in mine.connections.all():
        page = operator.get(reverse("admin:integration_connection_change", args=[connection.pk]))
        assert SECRET not in page.content.decode()
        assert "4711" in page.content.decode() or connection.system == "smartdok"


def test_an_item_page_tells_what_happened_who_and_what_to_do(operator: Client, mine: Tenant):
    item = mine.items.get()
    text = words(operator.get(reverse("admin:sync_item_change", args=[item.pk])).content.decode())
    assert "Två kunder har samma nummer" in text
    assert "Den andra är: Annan AB (id 2)" in text
    assert "den som arbetar i SmartDok" in text
    assert "SmartDok: Projekt/kunder → Kunder → sök på 1001." in text
    assert "Perioden är låst i Fortnox" in text  # the attempt
    assert "mitt.pdf" in text


def test_an_item_page_shows_what_would_be_sent_and_what_it_waits_for(operator: Client, mine: Tenant):
    add_item(mine, "7", "Behövs först", state="stopped", reason="data", cause="C1.no_name")
    item = add_item(mine, "9", "Nya Kunden", state="waiting", reason="need", cause="I5", needs=["customers:no=7"],
                    params={"names": ["kund 7 Behövs först (stopped, C1.no_name)"]})  # fmt: skip
    text = words(operator.get(reverse("admin:sync_item_change", args=[item.pk])).content.decode())
    assert "Skulle skickas till Fortnox nu" in text
    assert "SEVAT" in text
    assert "kund 7 Behövs först (stoppad: Kund utan namn)" in text
    assert "Väntar på" in text and "Behövs först" in text
    assert "Vems tur den som arbetar i SmartDok" in text


def test_I3_old_and_new_are_shown_side_by_side(operator: Client, mine: Tenant):
    sums = {"sum_before": "1,00 kr", "sum_now": "2,00 kr"}
    item = add_item(mine, "9", "Nytt namn", flow="invoices", state="stopped", reason="changed", cause="I3",
                    params=sums, target_id="16", target_label="16")  # fmt: skip
    now = dump(INVOICE)
    Item.objects.filter(pk=item.pk).update(record=now, sent_record={**now, "title": "Gammalt namn"})
    html = operator.get(reverse("admin:sync_item_change", args=[item.pk])).content.decode()
    assert "<del>Gammalt namn</del>" in html
    assert "<ins>Nytt namn</ins>" in html
    assert "Summan var 1,00 kr och är nu 2,00 kr" in html


def test_I3_what_an_earlier_version_stored_is_shown_as_it_was_stored(operator: Client, mine: Tenant):
    item = add_item(mine, "9", "Nytt namn", flow="invoices", state="stopped", reason="changed", cause="I3",
                    target_id="16", target_label="16")  # fmt: skip
    old = {"source_id": "9", "title": "Gammalt namn", "total": "1"}
    Item.objects.filter(pk=item.pk).update(record=dump(INVOICE), sent_record=old)
    page = operator.get(reverse("admin:sync_item_change", args=[item.pk]))
    assert page.status_code == 200
    html = page.content.decode()
    assert "<del>Gammalt namn</del>" in html
    assert "<ins>Nytt namn</ins>" in html


def test_the_search_finds_by_number_title_and_ids(operator: Client, mine: Tenant):
    add_item(mine, "K-77", "Sökbar AB", target_id="9001", target_label="9001-L", state="done")
    for term in ("K-77", "Sökbar", "9001", "sK-77"):
        page = operator.get(reverse("admin:sync_item_changelist"), {"q": term}).content.decode()
        assert "Sökbar AB" in page
        assert "Kund hos mitt" not in page


def test_the_filters_narrow_the_list(operator: Client, mine: Tenant):
    address = reverse("admin:sync_item_changelist")
    for query in ({"tenant": "mitt"}, {"tenant": "mitt", "flow": "customers", "state": "stopped", "cause": "C4"}):
        page = operator.get(address, query).content.decode()
        assert "Kund hos mitt" in page
        assert "Kund hos annat" not in page
    assert "Kund hos mitt" not in operator.get(address, {"state": "done"}).content.decode()


def test_documents_are_handed_to_members(log_in: Callable[[str], Client], mine: Tenant):
    kept = mine.documents.get()
    answer = log_in("reader").get(reverse("admin:sync_document_file", args=[kept.pk]))
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 mitt"
    assert answer["Content-Type"] == "application/pdf"
    assert "attachment" in answer["Content-Disposition"]


def test_the_overview_counts_by_cause(operator: Client, mine: Tenant, connection: Any):
    connection.enter("needs_consent", "smartdok.token_refused", {"status": 401})
    add_item(mine, "1002", "Den andra", state="stopped", reason="conflict", cause="C4")
    text = words(operator.get(reverse("admin:index")).content.decode())
    assert "Mitt Bygg AB Två kunder har samma nummer Kunder 2 den som arbetar i SmartDok" in text
    assert "SmartDok: Måste anslutas igen" in text


def test_the_item_page_takes_few_queries(operator: Client, mine: Tenant, django_assert_max_num_queries: Any):
    item = mine.items.get()
    with django_assert_max_num_queries(25) as asked:
        operator.get(reverse("admin:sync_item_change", args=[item.pk]))
    assert isinstance(asked, CaptureQueriesContext)
