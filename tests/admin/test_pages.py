"""Every page answers, in Swedish, in few queries whatever the number of rows."""

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

import sync
from integration.models import Tenant, ValueMap
from integration.records import Invoice, dump
from sync.admin.problems import items_url
from sync.engine import problems, states
from sync.models import Attempt, Document, DryRun, Item, Preflight, Problem, SetupLink
from sync.words import MOVES
from tests.admin.conftest import SECRET, add_item, company

MOST_QUERIES = 15
DAY = datetime.date(2026, 3, 1)
DAWN = datetime.datetime(2026, 3, 1, 5, tzinfo=datetime.UTC)
INVOICE = Invoice(
    source_id="9", draft=False, credited=False, customer_id="1", customer_number="1001", customer_name="Kund",
    project_id="", period_from=DAY, period_to=DAY, finalised_at=datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC),
    version=1, title="Nytt namn", comment="", reference="", invoiced_by="", serial_number="9", discount=Decimal(0),
    surcharge=Decimal(0), total=Decimal("2.00"),
)  # fmt: skip
ENGLISH = re.compile(
    r"\b(?:Overview|Needs somebody|Waiting|Transferred|Left out|Try again|Already there|Pipelines?|Connections?|"
    r"Companies|Set-up|Schedules|Filters|Apply Filters|Type to search|Select action|No results|History|Save|Download)\b"
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


def test_a_cause_leads_to_five_of_its_items_on_the_overview_and_in_the_list(
    operator: Client, mine: Tenant, other: Tenant, django_assert_max_num_queries: Any
):
    stopped = [add_item(mine, f"5{number}", f"Projekt {number}", flow="projects", state="stopped", reason="data",
                        cause="P2") for number in range(7)]  # fmt: skip
    long_ago = timezone.now() - datetime.timedelta(hours=1)
    hanging = add_item(mine, "77", "Faktura", flow="invoices", state="waiting", reason="need", cause="I5",
                       needs=[f"projects:no={stopped[0].key}"], waiting_since=long_ago)  # fmt: skip
    for each in range(8):
        company(f"bolag-{each}", f"Bolag {each}")
    problems.refresh(mine)
    assert Problem.objects.get(cause="I5").turns
    for name in ("admin:index", "admin:sync_problem_changelist"):
        with django_assert_max_num_queries(MOST_QUERIES):
            page = operator.get(reverse(name)).content.decode()
        [row] = [each for each in page.split("<tr") if "Projektet saknar startdatum" in each and "Mitt Bygg" in each]
        linked = [reverse("admin:sync_item_change", args=[each.pk]) for each in stopped]
        assert [address in row for address in linked] == [True] * 5 + [False] * 2, name
        assert "50 Projekt 0" in row
        assert "med flera" in row
        assert reverse("admin:sync_item_change", args=[hanging.pk]) in page, name
        assert "Kund hos annat" in page, name


def test_a_problem_that_is_over_names_no_items(log_in: Callable[[str], Client], mine: Tenant, other: Tenant):
    Problem.objects.filter(tenant=mine).update(closed_at=timezone.now(), count=0)
    page = log_in("bookkeeper").get(reverse("admin:sync_problem_changelist")).content.decode()
    assert "Två kunder har samma nummer" in page
    assert "Kund hos" not in page


@pytest.mark.parametrize("odd", ["\x00", "x" * 200, "%", "=cmd|' /C calc'!A0", "finns inte", "9" * 30])
def test_an_address_that_nobody_would_write_is_answered_too(operator: Client, odd: str):
    for name in [*lists(), "admin:index", "admin:sync_find", "admin:sync_causes"]:
        for asked in ("q", "tenant", "flow", "state", "cause", "reason", "open", "kind", "system", "p", "o"):
            answer = operator.get(reverse(name), {asked: odd})
            assert answer.status_code in {200, 302}, (name, asked)


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
    assert "Den andra är: Annan AB. " in text
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


@pytest.mark.parametrize(
    ("need", "shown"),
    [
        ("connection:fortnox", "Fortnox anslutningen"),
        ("pipeline:customers", "Kunder hela flödet"),
        ("customers:pull", "Kunder nästa läsning"),
    ],
)
def test_what_is_no_item_is_waited_for_by_its_name(operator: Client, mine: Tenant, need: str, shown: str):
    item = add_item(mine, "9", "Nya Kunden", state="waiting", reason="need", cause="I5", needs=[need])
    text = words(operator.get(reverse("admin:sync_item_change", args=[item.pk])).content.decode())
    assert shown in text


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


def test_I3_what_only_one_side_has_is_marked_on_that_side_alone(operator: Client, mine: Tenant):
    item = add_item(mine, "9", "Nytt namn", flow="invoices", state="stopped", reason="changed", cause="I3",
                    target_id="16", target_label="16")  # fmt: skip
    now = dump(INVOICE)
    Item.objects.filter(pk=item.pk).update(record={**now, "comment": ""}, sent_record={**now, "comment": "Borttagen"})
    html = operator.get(reverse("admin:sync_item_change", args=[item.pk])).content.decode()
    assert "<td><del>Borttagen</del></td><td>–</td>" in html


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
    add_item(mine, "K-77", "Sökbar  AB", target_id="9001", target_label="9001-L", state="done")
    assert operator.get(reverse("admin:sync_find"), {"q": " Sökbar  AB "}).status_code == 302
    for term in ("K-77", "Sökbar", "9001", "sK-77"):
        page = operator.get(reverse("admin:sync_item_changelist"), {"q": term}).content.decode()
        assert "Sökbar  AB" in page
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
    named = "1001 Kund hos mitt , 1002 Den andra"
    assert f"Mitt Bygg AB Två kunder har samma nummer {named} Kunder 2 den som arbetar i SmartDok" in text
    assert "SmartDok: Måste anslutas igen" in text


def test_the_item_page_takes_few_queries(operator: Client, mine: Tenant, django_assert_max_num_queries: Any):
    item = mine.items.get()
    with django_assert_max_num_queries(25) as asked:
        operator.get(reverse("admin:sync_item_change", args=[item.pk]))
    assert isinstance(asked, CaptureQueriesContext)


def test_history_of_an_item_is_told_in_swedish(operator: Client, mine: Tenant):
    item = Item.objects.filter(tenant=mine)[0]
    states.wake(Item.objects.filter(pk=item.pk), note="same number")
    states.record(item, "pending", "pending", "setup link 7", note="same number")
    states.record(item, "pending", "pending", states.SYSTEM, note="needed by: faktura 12")
    states.record(item, "pending", "running", "sync", note="is the cause gone?")
    told = words(operator.get(reverse("admin:sync_item_change", args=[item.pk])).content.decode())
    for shown in ("Byggbro samma nummer", "startlänk 7 same number", "behövs av: faktura 12", "är orsaken borta?"):
        assert shown in told
    assert "byggbro" not in told.replace("byggbro.css", "")
    assert not re.search(r"\bsync\b", told)


def test_every_note_that_byggbro_writes_has_words():
    noted = {
        note.partition(": ")[0]
        for path in (Path(sync.__file__).parent).rglob("*.py")
        for note in re.findall(r'(?:wake\([^"\n]*|note=f?|tenant_id, |pk, )"([a-z][^"]+)"', path.read_text())
        if " " in note
    }
    assert noted == set(MOVES)


def test_history_of_a_company_is_told_in_swedish(operator: Client, mine: Tenant):
    for act in ("pause", "resume", "setup-link", "setup-link-revoke"):
        operator.post(reverse(f"admin:integration_tenant_{act}", args=[mine.pk]))
    told = words(operator.get(reverse("admin:integration_tenant_history", args=[mine.pk])).content.decode())
    for shown in ("Överföringarna pausade", "Överföringarna återupptagna", "Startlänk skapad", "Startlänk återkallad"):
        assert shown in told


def test_the_menu_folds_away_what_a_bookkeeper_seldom_needs(log_in: Callable[[str], Client]):
    def groups(client: Client) -> dict[str, list[str]]:
        shown = client.get(reverse("admin:index")).context["sidebar_navigation"]
        return {str(each["title"]): [str(entry["title"]) for entry in each["items"]] for each in shown}

    mine = groups(log_in("bookkeeper"))
    assert mine["Mer"] == ["Försök", "Massåtgärder", "Provkörningar", "Flöden", "Mappade värden"]
    assert mine["Överföringar"] == ["Poster", "Dokument", "Alla orsaker"]
    assert "Drift" not in mine
    assert "Mer" not in groups(log_in("operator"))


def test_one_entry_of_the_menu_is_marked(operator: Client, mine: Tenant):
    problem = mine.problems.get()
    for name, args, here in (
        ("sync_causes", [], "Alla orsaker"), ("sync_problem_change", [problem.pk], "Problem"),
        ("sync_problem_changelist", [], "Problem"), ("sync_find", [], "Sök"),
        ("sync_item_change", [Item.objects.filter(tenant=mine)[0].pk], "Poster"),
    ):  # fmt: skip
        shown = operator.get(reverse(f"admin:{name}", args=args)).context["sidebar_navigation"]
        assert [str(entry["title"]) for each in shown for entry in each["items"] if entry["active"]] == [here]


def test_the_list_of_companies_shows_trouble_in_colours(operator: Client, mine: Tenant):
    add_item(mine, "8", "Kund 8", state="stopped", reason="data", cause="P2")
    html = operator.get(reverse("admin:integration_tenant_changelist")).content.decode()
    assert "Att åtgärda" in words(html)
    assert re.search(r'<span class="[^"]*bg-red-100[^>]*>\s*\d+ poste?r?\s*</span>', html)
    assert re.search(r'<span class="[^"]*bg-(?:green|orange)-100', html)


def test_a_search_with_one_answer_shows_it_open(operator: Client):
    page = reverse("admin:sync_causes")
    assert '<details class="bb-card bb-cause" open>' in operator.get(page, {"q": "startdatum"}).content.decode()
    assert 'bb-cause" open' not in operator.get(page, {"q": "fortnox"}).content.decode()


def test_an_empty_list_speaks_of_filters_only_where_one_is_set(log_in: Callable[[str], Client], mine: Tenant):
    ValueMap.objects.all().delete()
    client, page = log_in("bookkeeper"), reverse("admin:integration_valuemap_changelist")
    assert "filter" not in words(client.get(page).content.decode()).partition("Här finns inget än")[2].lower()
    assert "Inget passar det du söker" in client.get(page, {"q": "finns inte"}).content.decode()


def test_pages_of_their_own_have_a_heading_and_a_way_back(operator: Client, mine: Tenant):
    item = Item.objects.filter(tenant=mine)[0]
    item_page = reverse("admin:sync_item_change", args=[item.pk])
    for page, heading, back_to in (
        (reverse("admin:sync_item_dry-run", args=[item.pk]), "Provkörning: Kunder 1001", item_page),
        (reverse("admin:sync_causes"), "Alla orsaker", reverse("admin:sync_problem_changelist")),
        (reverse("admin:sync_find"), "Sök", reverse("admin:index")),
    ):
        html = operator.get(page).content.decode()
        assert re.search(rf"(?s)<h1.*?{heading}.*?</h1>", html)
        assert re.search(rf'<a href="{back_to}"[^>]*aria-label="Tillbaka"', html)


def test_all_causes_shows_keys_and_operators_own_causes_to_operators_only(log_in: Callable[[str], Client]):
    page = reverse("admin:sync_causes")
    client, mine = log_in("operator"), log_in("bookkeeper")
    assert {"fortnox.2000401", "redis"} <= {each["cause"] for each in client.get(page).context["found"]}
    assert "fortnox.2000401" in client.get(page).content.decode()
    told = mine.get(page)
    assert not [each for each in told.context["found"] if each["told"].who == "operator"]
    assert not re.search(r"fortnox\.\d|smartdok\.\w|redis", words(told.content.decode()), re.IGNORECASE)
    assert mine.get(page, {"q": "fortnox.2000401"}).context["found"] == []
    linked = mine.get(page, {"cause": "redis"})  # an item's link to its own cause
    assert [each["cause"] for each in linked.context["found"]] == ["redis"]


def test_a_dry_run_that_holds_something_back_does_not_say_that_all_is_well(operator: Client, mine: Tenant):
    held = [{"cause": "I4", "params": {}, "count": 2, "state": "stopped"}]
    for result, shown, hidden in (
        ({"held": held}, "Inget skulle skickas nu.", "allt är som det ska"),
        ({}, "Inget: allt är som det ska.", "Inget skulle skickas nu"),
    ):
        run = DryRun.objects.create(tenant=mine, flow="invoices", actor="x", finished_at=DAWN, result=result)
        html = operator.get(reverse("admin:sync_dryrun_change", args=[run.pk])).content.decode()
        assert shown in html
        assert hidden not in html


def test_times_in_names_are_swedish(mine: Tenant):
    late = datetime.datetime(2026, 7, 1, 22, 30, tzinfo=datetime.UTC)
    assert str(Preflight(tenant=mine, created_at=late)).endswith("2026-07-02 00:30")
    assert str(SetupLink(tenant=mine, created_at=late)).endswith("2026-07-02")


def test_attempts_are_found_by_number_and_documents_by_name_or_hash(log_in: Callable[[str], Client], mine: Tenant):
    client, document = log_in("bookkeeper"), Document.objects.get(tenant=mine)
    attempts, documents = reverse("admin:sync_attempt_changelist"), reverse("admin:sync_document_changelist")
    row = b'<a class="bb-link" href="/admin/sync/item/'
    for address, query, found in (
        (attempts, "1001", True), (attempts, "100", False), (documents, "MITT.p", True),
        (documents, document.sha256, True), (documents, document.sha256[:20], False),
    ):  # fmt: skip
        assert (row in client.get(address, {"q": query}).content) is found, query


def test_what_is_tried_in_vain_is_listed_by_its_state_since_each_has_the_cause_of_its_last_try(
    operator: Client, mine: Tenant
):
    add_item(mine, "88", "Försökt AB", flow="invoices", state="waiting", reason="clock", cause="http.5xx", tries=30)
    problem = Problem.objects.create(tenant=mine, flow="invoices", cause="clock.in_vain", subject="trying", count=1)
    assert "Försökt AB" in operator.get(items_url(problem)).content.decode()


def test_I3_what_has_changed_after_its_transfer_is_kept_or_handled_and_not_left_out(operator: Client, mine: Tenant):
    item = add_item(mine, "9", "Ändrad", flow="invoices", state="stopped", reason="changed", cause="I3", target_id="16")
    problem = Problem.objects.create(tenant=mine, flow="invoices", cause="I3", reason="changed", count=1)
    for row, name in ((item, "item"), (problem, "problem")):
        html = operator.get(reverse(f"admin:sync_{name}_change", args=[row.pk])).content.decode()
        assert reverse(f"admin:sync_{name}_leave-out", args=[row.pk]) not in html
    assert reverse("admin:sync_problem_handled", args=[problem.pk]) in html
    answer = operator.post(reverse("admin:sync_item_leave-out", args=[item.pk]), {"note": "x"}, follow=True)
    assert "Det som är överfört kan inte lämnas utanför" in answer.content.decode()


def test_every_company_has_its_light_however_many_there_are(operator: Client, mine: Tenant):
    Tenant.objects.bulk_create(Tenant(slug=f"t-{number}", name=f"Företag {number:02}") for number in range(30))
    index = reverse("admin:index")
    few, every = (operator.get(index + query).content.decode() for query in ("", "?all"))
    assert ("Företag 29" in few, "Företag 29" in every) == (False, True)
    assert "företag till" in few
    assert "företag till" not in every


def test_the_search_finds_companies_for_whoever_sees_several(
    operator: Client, log_in: Callable[[str], Client], mine: Tenant
):
    page, address = reverse("admin:sync_find"), reverse("admin:integration_tenant_change", args=[mine.pk])
    assert address in operator.get(page, {"q": "mitt bygg"}).content.decode()
    assert f'<a class="bb-link" href="{address}"' not in log_in("reader").get(page, {"q": "mitt bygg"}).content.decode()
