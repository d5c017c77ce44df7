"""What people do by hand: retry, leave out, already there; recorded with their name, by one UPDATE for many."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integration.models import Tenant
from integration.systems.base import Found
from sync.engine import manual, states
from sync.models import Attempt, Item, Transition
from tests.admin.conftest import add_item

LIST = "admin:sync_item_changelist"


class Target:
    """A target that has the customer 1001 and nothing else."""

    look_first = True

    def get(self, target_id: str) -> Found | None:
        return Found("1001", {"Name": "Kund i Fortnox"}, "1001") if target_id == "1001" else None


class Systems:
    """Opens that target."""

    def writer(self, name: str, record: type) -> Target:
        return Target()


@pytest.fixture
def browser(log_in: Callable[[str], Client]) -> Client:
    """The bookkeeper's."""
    return log_in("bookkeeper")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fortnox is that target."""
    monkeypatch.setattr(manual, "Systems", lambda tenant, patience: Systems())


def test_retry_makes_it_due_and_records_who(browser: Client, mine: Tenant):
    item = mine.items.get()
    browser.post(reverse("admin:sync_item_retry", args=[item.pk]))
    item.refresh_from_db()
    assert (item.state, item.cause, item.reason, item.tries) == ("pending", "", "", 0)
    last = item.transitions.first()
    assert (last.actor, last.before, last.after) == ("en-bookkeeper", "stopped", "pending")


def test_nothing_happens_by_merely_following_a_link(browser: Client, mine: Tenant):
    item = mine.items.get()
    assert browser.get(reverse("admin:sync_item_retry", args=[item.pk])).status_code == 405
    assert browser.get(reverse("admin:sync_item_leave-out", args=[item.pk])).status_code == 200
    assert browser.get(reverse("admin:sync_item_already-there", args=[item.pk])).status_code == 200
    item.refresh_from_db()
    assert item.state == "stopped"


def test_leave_out_wants_a_note_and_keeps_it(browser: Client, mine: Tenant):
    item = mine.items.get()
    address = reverse("admin:sync_item_leave-out", args=[item.pk])
    assert 'class="bb-error" role="alert"' in browser.post(address, {"note": " "}).content.decode()
    assert Item.objects.get().state == "stopped"
    assert browser.post(address, {"note": "Gammal kund"}).status_code == 302
    item.refresh_from_db()
    assert (item.state, item.cause) == ("left_out", "manual.left_out")
    assert item.params == {"actor": "en-bookkeeper", "note": "Gammal kund"}
    assert item.transitions.first().note == "Gammal kund"
    page = browser.get(reverse("admin:sync_item_change", args=[item.pk])).content.decode()
    assert "en-bookkeeper har valt att posten inte ska överföras: Gammal kund" in page


def test_what_a_person_left_out_stays_out_whatever_is_saved(mine: Tenant):
    manual.leave_out(mine.items.all(), "anna", "nej")
    mine.go_live = mine.go_live.replace(day=2)
    mine.save()
    pipeline = mine.pipelines.get(flow="customers")
    pipeline.save()
    states.wake(mine.items.all(), note="changed in the source")
    assert mine.items.get().state == "left_out"
    assert manual.retry(mine.items.all(), "anna") == 1
    assert mine.items.get().state == "pending"


def test_leaving_out_frees_whoever_waited_for_an_end(mine: Tenant):
    waiting = add_item(mine, "2", "Andra filen", flow="supplier-documents", state="waiting", reason="need",
                       cause="S7.order", needs=["supplier-documents:settled=s1"])  # fmt: skip
    first = add_item(mine, "1", "Första filen", flow="supplier-documents", state="stopped", reason="data")
    manual.leave_out(Item.objects.filter(pk=first.pk), "anna", "trasig")
    waiting.refresh_from_db()
    assert waiting.state == "pending"


def test_an_item_that_is_being_sent_stays_as_it_is(browser: Client, mine: Tenant):
    item = add_item(mine, "5", "På väg", state="running")
    browser.post(reverse("admin:sync_item_retry", args=[item.pk]))
    answer = browser.post(reverse("admin:sync_item_leave-out", args=[item.pk]), {"note": "x"}, follow=True)
    assert "överförs eller ändrades just nu" in answer.content.decode()
    assert Item.objects.get(pk=item.pk).state == "running"


@pytest.mark.usefixtures("asked")
def test_I11_already_there_is_checked_in_the_target_and_recorded(browser: Client, mine: Tenant):
    item = mine.items.get()
    waiting = add_item(mine, "9", "Faktura", flow="invoices", state="waiting", reason="need", cause="I5",
                       needs=["customers:no=1001"])  # fmt: skip
    address = reverse("admin:sync_item_already-there", args=[item.pk])
    wrong = browser.post(address, {"number": "4040"})
    assert "Fortnox har inget med numret 4040" in wrong.content.decode()
    assert Item.objects.get(pk=item.pk).state == "stopped"
    assert browser.post(address, {"number": " 1001 "}).status_code == 302
    item.refresh_from_db()
    assert (item.state, item.target_id, item.target_label, item.adopted) == ("done", "1001", "1001", True)
    assert item.sent_fingerprint == item.fingerprint
    assert item.transitions.first().actor == "en-bookkeeper"
    attempt = item.attempts.first()
    assert (attempt.operation, attempt.outcome, attempt.actor) == ("adopt", "done", "en-bookkeeper")
    assert attempt.payload == {"Name": "Kund i Fortnox"}
    waiting.refresh_from_db()
    assert waiting.state == "pending"


@pytest.mark.usefixtures("asked")
def test_a_number_belongs_to_one_item_only(browser: Client, mine: Tenant):
    add_item(mine, "7", "Den rätta", state="done", target_id="1001")
    item = mine.items.get(key="1001")
    page = browser.post(reverse("admin:sync_item_already-there", args=[item.pk]), {"number": "1001"})
    assert "Nummer 1001 hör redan till 7 Den rätta" in page.content.decode()
    assert Item.objects.get(pk=item.pk).state == "stopped"


@pytest.mark.usefixtures("asked")
def test_already_there_from_the_list_is_for_one_item(browser: Client, mine: Tenant):
    more = add_item(mine, "2", "En till", state="stopped")
    both = [mine.items.get(key="1001").pk, more.pk]
    one = browser.post(reverse(LIST), {"action": "already_there", "_selected_action": both[:1]})
    assert one["Location"] == reverse("admin:sync_item_already-there", args=both[:1])
    two = browser.post(reverse(LIST), {"action": "already_there", "_selected_action": both}, follow=True)
    assert "Välj en post" in two.content.decode()


@pytest.mark.parametrize("crafted", ["abc", "1.5", "-1", "", "9" * 30])
def test_an_id_that_no_item_has_is_not_found(browser: Client, mine: Tenant, crafted: str):
    chosen = [crafted, mine.items.get(key="1001").pk]
    answer = browser.post(reverse(LIST), {"action": "retry", "_selected_action": chosen}, follow=True)
    assert answer.status_code == (200 if crafted.isdecimal() else 404)
    assert mine.items.get(key="1001").state == ("pending" if crafted.isdecimal() else "stopped")


def test_many_items_are_left_out_by_one_update(browser: Client, mine: Tenant):
    for number in range(45):
        add_item(mine, f"3{number}", f"Kund {number}", state="stopped", reason="data", cause="C1.no_name")
    address = f"{reverse(LIST)}?cause=C1.no_name"
    chosen = {"action": "leave_out", "_selected_action": [mine.items.last().pk], "select_across": "1"}
    page = browser.post(address, chosen).content.decode()
    assert "och 25 till" in page
    chosen["count"] = "45"
    with CaptureQueriesContext(database) as asked:
        browser.post(address, {**chosen, "apply": "1", "note": "Städning"})
    updates = [each["sql"] for each in asked if each["sql"].startswith('UPDATE "sync_item"')]
    assert len(updates) == 1
    assert mine.items.filter(state="left_out", cause="manual.left_out").count() == 45
    assert Transition.objects.filter(actor="en-bookkeeper", note="Städning").count() == 45
    assert mine.items.get(key="1001").state == "stopped"


def test_all_of_a_list_are_asked_about_again_when_they_have_become_more(browser: Client, mine: Tenant):
    address = f"{reverse(LIST)}?state=stopped"
    chosen = {"action": "leave_out", "_selected_action": [mine.items.get().pk], "select_across": "1"}
    assert '<input type="hidden" name="count" value="1">' in browser.post(address, chosen).content.decode()
    add_item(mine, "2", "Kom sedan", state="stopped", reason="data", cause="P2")
    page = browser.post(address, {**chosen, "apply": "1", "note": "Städning", "count": "1"}).content.decode()
    assert "Det är inte längre lika många poster som du såg" in page
    assert '<input type="hidden" name="count" value="2">' in page
    assert not mine.items.filter(state="left_out").exists()
    browser.post(address, {**chosen, "apply": "1", "note": "Städning", "count": "2"})
    assert mine.items.filter(state="left_out").count() == 2


def test_what_is_transferred_is_passed_over_and_counted(browser: Client, mine: Tenant):
    done = add_item(mine, "2", "Överförd", state="done", target_id="2")
    lost = add_item(mine, "3", "Utan svar", flow="invoices", state="waiting", intent_at=timezone.now())
    both = [mine.items.get(key="1001").pk, done.pk, lost.pk]
    chosen = {"action": "leave_out", "_selected_action": both, "apply": "1", "note": "x", "count": "3"}
    page = browser.post(reverse(LIST), chosen, follow=True).content.decode()
    assert "1 post är lämnad utanför. Överhoppade, eftersom de är överförda eller på väg: 2." in page
    assert dict(mine.items.values_list("key", "state")) == {"1001": "left_out", "2": "done", "3": "waiting"}
    page = browser.post(reverse("admin:sync_item_leave-out", args=[done.pk]), {"note": "x"}, follow=True)
    assert "Det som är överfört kan inte lämnas utanför" in page.content.decode()


def test_I2_leaving_out_and_already_there_say_that_an_answer_is_lost(browser: Client, mine: Tenant):
    lost = add_item(mine, "3", "Utan svar", flow="invoices", state="waiting", intent_at=timezone.now())
    for act, given in (("leave-out", {"note": "x"}), ("already-there", {"number": "900"})):
        page = browser.post(reverse(f"admin:sync_item_{act}", args=[lost.pk]), given).content.decode()
        assert "Svaret saknas ännu" in page
    lost.refresh_from_db()
    assert (lost.state, lost.intent_at is None, lost.target_id) == ("waiting", False, "")


def test_S8_chosen_items_are_sent_again_and_the_rest_is_passed_over(browser: Client, mine: Tenant):
    done = add_item(mine, "2", "Överförd", state="done", target_id="2")
    changed = add_item(mine, "3", "Ändrad", flow="invoices", state="stopped", reason="changed", target_id="3")
    out = add_item(mine, "4", "Utanför", state="left_out", reason="left_out", target_id="4")
    all_four = [mine.items.get(key="1001").pk, done.pk, changed.pk, out.pk]
    chosen = {"action": "resend", "_selected_action": all_four, "count": "4", "note": "raderad"}
    assert browser.post(reverse(LIST), {**chosen, "note": ""}).status_code == 200
    page = browser.post(reverse(LIST), {**chosen, "apply": "1"}, follow=True).content.decode()
    assert "1 post skickas igen. Överhoppade" in page
    assert list(mine.items.filter(doubted=True)) == [done]
    for item in (changed, out):
        shown = browser.get(reverse("admin:sync_item_change", args=[item.pk])).content.decode()
        assert "Skicka igen" not in shown
        answer = browser.post(reverse("admin:sync_item_resend", args=[item.pk]), follow=True).content.decode()
        assert "Bara det som är överfört" in answer
    assert list(mine.items.filter(doubted=True)) == [done]


def test_many_items_are_retried_by_one_update(browser: Client, mine: Tenant):
    for number in range(30):
        add_item(mine, f"3{number}", f"Kund {number}", state="stopped", reason="data", cause="C1.no_name")
    chosen = {"action": "retry", "_selected_action": [mine.items.last().pk], "select_across": "1"}
    with CaptureQueriesContext(database) as asked:
        browser.post(f"{reverse(LIST)}?state=stopped", chosen)
    updates = [each["sql"] for each in asked if each["sql"].startswith('UPDATE "sync_item"')]
    assert len(updates) == 1
    assert mine.items.filter(state="pending").count() == 31


def test_items_cannot_be_added_changed_or_deleted(log_in: Callable[[str], Client], mine: Tenant):
    client, item = log_in("operator"), mine.items.get()
    assert client.get(reverse("admin:sync_item_add")).status_code == 403
    assert client.get(reverse("admin:sync_item_delete", args=[item.pk])).status_code == 403
    assert client.post(reverse("admin:sync_item_change", args=[item.pk]), {"title": "x"}).status_code == 403
    assert Attempt.objects.count() == 1


def test_I3_a_changed_invoice_is_dealt_with_by_saying_that_it_is_there(mine: Tenant):
    item = add_item(mine, "9", "Faktura", flow="invoices", state="stopped", reason="changed", cause="I3",
                    target_id="1001", target_label="1001")  # fmt: skip
    sent: dict[str, Any] = {"title": "Gammal"}
    Item.objects.filter(pk=item.pk).update(sent_record=sent, sent_fingerprint="old")
    item.refresh_from_db()
    item.record = None  # what would be sent is not asked for here
    manual.already_there(item, "1001", "anna", Systems())  # type: ignore[arg-type]
    item.refresh_from_db()
    assert (item.state, item.cause, item.sent_fingerprint) == ("done", "", item.fingerprint)
