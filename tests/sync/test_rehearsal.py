"""Dry runs: what would be sent, field by field, while nothing is written on either side or in our rows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from integration.errors import Changed, InvalidRecord, Transient
from integration.models import Tenant
from sandbox.fortnox import Company as FortnoxCompany
from sandbox.smartdok import Company as SmartDokCompany
from sync.engine import manual, rehearsal
from sync.engine.preview import dry_run
from sync.engine.pull import pull
from sync.engine.rehearsal import rehearse
from sync.models import Attempt, DryRun, Item, Pipeline, Transition

Find = Callable[..., Item]


def rows() -> list[Any]:
    """Everything of ours that a pass would touch."""
    return [
        list(Item.objects.order_by("pk").values()),
        list(Pipeline.objects.order_by("pk").values()),
        Attempt.objects.count(),
        Transition.objects.count(),
        Tenant.objects.count(),
    ]


def test_a_rehearsal_tells_every_write_and_writes_nothing(
    tenant: Tenant, smartdok: SmartDokCompany, fortnox: FortnoxCompany, run: Callable[..., Any],
    writes: Callable[[], list[str]],
) -> None:  # fmt: skip
    changed = smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB", City="Umeå")
    run()
    changed.update(City="Luleå")
    smartdok.add_customer(CustomerNumber="1002", CustomerName="Ny AB")
    smartdok.add_customer(CustomerNumber="", CustomerName="Utan nummer")
    before = rows()
    writes()
    told = rehearse(tenant, only=["customers"])
    assert writes() == []
    assert rows() == before
    assert list(fortnox.customers) == ["1001"]
    assert {(each["operation"], each["number"]) for each in told.writes} == {("update", "1001"), ("create", "1002")}
    [update] = [each for each in told.writes if each["operation"] == "update"]
    assert (update["before"], update["after"]) == ({"City": "Umeå"}, {"City": "Luleå"})
    assert [(each["state"], each["cause"], each["count"]) for each in told.held] == [("left_out", "C2", 1)]
    assert told.report.flows["customers"]["created"] == 1


def test_a_rehearsal_takes_for_the_same_what_a_pass_does(
    tenant: Tenant, smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB", OrganizationNumber="5560360793")
    fortnox.add_customer("Bygg AB", "1001", OrganisationNumber="556036-0793")
    told = rehearse(tenant, only=["customers"])
    changes = {name for each in told.writes for name in each["after"]}
    assert "OrganisationNumber" not in changes


def test_what_is_to_be_looked_at_again_is_rehearsed_like_anything_else(
    tenant: Tenant, smartdok: SmartDokCompany, fortnox: FortnoxCompany, run: Callable[..., Any], item: Find
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB", City="Umeå")
    run()
    fortnox.customers["1001"]["City"] = "Luleå"
    manual.resend(Item.objects.filter(pk=item("customers", "1001").pk), "anna")
    told = rehearse(tenant, only=["customers"])
    assert told.held == []
    assert [(each["operation"], each["after"]) for each in told.writes] == [("update", {"City": "Umeå"})]


def test_a_pipeline_that_is_switched_off_is_rehearsed_and_stays_off(
    tenant: Tenant, smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    Pipeline.objects.filter(tenant=tenant).update(enabled=False)
    row = DryRun.objects.create(tenant=tenant, flow="customers", actor="anna")
    rehearsal.run(row)
    row.refresh_from_db()
    assert row.finished_at is not None
    assert row.result["counts"]["customers"]["created"] == 1
    assert [each["number"] for each in row.result["writes"]] == ["1001"]
    assert not Item.objects.exists()
    assert not Pipeline.objects.filter(enabled=True).exists()
    assert fortnox.customers == {}


@pytest.mark.parametrize(
    ("failure", "cause"), [(Transient("http.timeout", system="Fortnox"), "http.timeout"), (KeyError("x"), "internal")]
)
def test_a_dry_run_that_fails_ends_and_says_why(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, failure: Exception, cause: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(rehearsal, "rehearse", fail)
    row = DryRun.objects.create(tenant=tenant, flow="customers", actor="anna")
    rehearsal.run(row)
    row.refresh_from_db()
    assert row.finished_at is not None
    assert row.result["failed"]["customers"]["cause"] == cause


def test_a_dry_run_that_was_lost_is_begun_once_more_and_ended_after_an_hour(tenant: Tenant) -> None:
    def begun(minutes: int) -> DryRun:
        at = timezone.now() - timedelta(minutes=minutes)
        return DryRun.objects.create(tenant=tenant, flow="customers", actor="anna", started_at=at)

    begun(1)
    lost, old, alive = begun(10), begun(70), begun(80)
    cache.set(f"dry-run:{alive.pk}", {"flow": "customers", "done": 1, "total": 9})
    assert rehearsal.lost() == [lost.pk]
    assert rehearsal.lost() == []
    [ended] = DryRun.objects.exclude(finished_at=None)
    assert (ended.pk, ended.result["failed"]["customers"]["cause"]) == (old.pk, "dry_run.lost")


def test_a_dry_run_of_a_new_item_is_a_creation(
    tenant: Tenant, smartdok: SmartDokCompany, item: Find, run: Callable[..., Any], writes: Callable[[], list[str]]
) -> None:
    smartdok.add_project(ProjectNumber="2001", ProjectName="Skola", StartDate=None)
    run()
    with pytest.raises(InvalidRecord) as stands_in_the_way:
        dry_run(item("projects", "2001"))
    assert stands_in_the_way.value.cause == "P2"
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    Item.objects.filter(tenant=tenant).delete()
    Pipeline.objects.filter(tenant=tenant).update(cursor={})
    pull(Pipeline.objects.get(tenant=tenant, flow="customers"))
    writes()
    would = dry_run(item("customers", "1001"))
    assert writes() == []
    assert (would.operation, would.before, would.changes["Name"]) == ("create", {}, "Bygg AB")


def test_a_dry_run_compares_with_what_lies_in_the_target_and_leaves_alone_what_a_bookkeeper_changed(
    smartdok: SmartDokCompany, fortnox: FortnoxCompany, item: Find, run: Callable[..., Any]
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB", City="Umeå", Email="a@b.se")
    run()
    fortnox.customers["1001"]["Email"] = "ekonomi@b.se"
    same = dry_run(item("customers", "1001"))
    assert (same.operation, same.changes) == ("none", {})
    row = item("customers", "1001")
    Item.objects.filter(pk=row.pk).update(record={**row.record, "city": "Luleå"})
    would = dry_run(item("customers", "1001"))
    assert (would.operation, would.changes) == ("update", {"City": "Luleå"})
    assert (would.before["Email"], would.after["Email"]) == ("ekonomi@b.se", "ekonomi@b.se")


def test_S8_a_dry_run_of_what_is_gone_from_the_target_says_what_a_push_would_do(
    smartdok: SmartDokCompany, fortnox: FortnoxCompany, bill: Any, item: Find, run: Callable[..., Any],
    settled: Callable[[], Any], writes: Callable[[], list[str]],
) -> None:  # fmt: skip
    basis = bill()
    settled()
    sent = item("invoices", basis["Id"])
    del fortnox.invoices[sent.target_id]
    writes()
    assert (dry_run(sent).operation, dry_run(sent).number) == ("lost", sent.target_label)
    manual.retry(Item.objects.filter(pk=sent.pk), "anna")
    settled()
    assert (item("invoices", basis["Id"]).state, fortnox.invoices, writes()) == ("done", {}, [])
    manual.resend(Item.objects.filter(pk=sent.pk), "anna")
    would = dry_run(item("invoices", basis["Id"]))
    assert (would.operation, would.number, writes()) == ("create", "", [])
    settled()
    [made] = fortnox.invoices.values()
    assert would.after["ExternalInvoiceReference1"] == made["ExternalInvoiceReference1"]


def test_S8_a_dry_run_of_a_customer_that_is_gone_from_the_target(
    tenant: Tenant, smartdok: SmartDokCompany, fortnox: FortnoxCompany, item: Find, run: Callable[..., Any]
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB", City="Umeå")
    run()
    del fortnox.customers["1001"]
    smartdok.touch(customer, City="Luleå")
    run()
    row = item("customers", "1001")
    assert (row.state, row.params["status"], fortnox.customers) == ("stopped", 404, {})
    assert dry_run(row).operation == "lost"
    manual.resend(Item.objects.filter(pk=row.pk), "anna")
    assert dry_run(item("customers", "1001")).operation == "create"
    [write] = rehearse(tenant, only=["customers"]).writes
    assert (write["operation"], write["after"]["City"]) == ("create", "Luleå")
    fortnox.add_customer("Bygg AB", "1001", City="Kiruna")
    assert (dry_run(item("customers", "1001")).changes) == {"City": "Luleå"}
    [write] = rehearse(tenant, only=["customers"]).writes
    assert (write["operation"], write["after"]) == ("update", {"City": "Luleå"})
    run()
    assert fortnox.customers["1001"]["City"] == "Luleå"


def test_I3_a_dry_run_of_an_invoice_that_changed_says_that_a_person_decides(
    smartdok: SmartDokCompany, bill: Any, item: Find, settled: Callable[[], Any]
) -> None:
    basis = bill()
    settled()
    assert dry_run(item("invoices", basis["Id"])).operation == "none"
    smartdok.withdraw(basis["Id"])
    settled()
    with pytest.raises(Changed) as shown:
        dry_run(item("invoices", basis["Id"]))
    assert shown.value.cause == item("invoices", basis["Id"]).cause


def test_G2_a_dry_run_under_a_new_number_matches_anew(
    smartdok: SmartDokCompany, fortnox: FortnoxCompany, item: Find, run: Callable[..., Any]
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    run()
    row = item("customers", "1001")
    Item.objects.filter(pk=row.pk).update(key="1002", record={**row.record, "number": "1002"})
    assert dry_run(item("customers", "1002")).operation == "create"


def test_a_rehearsal_takes_another_spelling_for_the_same(
    tenant: Tenant, smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB", OrganizationNumber="556677-8899")
    fortnox.add_customer("Bygg AB", "1001", OrganisationNumber="5566778899")
    assert rehearse(tenant, only=["customers"]).writes == []
