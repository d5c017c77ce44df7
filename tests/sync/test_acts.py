"""Acts on many items: written down at once, carried out in steps, gone on with after a crash."""

from collections.abc import Callable
from typing import Any

import pytest

from integration.models import Tenant
from sandbox.fortnox import Company as FortnoxCompany
from sandbox.smartdok import Company as SmartDokCompany
from sync.engine import acts, manual
from sync.models import Act, Item
from tests.sync import remote


@pytest.fixture
def stopped(tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany) -> list[int]:
    """Five projects without a start date."""
    for number in range(5):
        smartdok.add_project(ProjectNumber=f"20{number}", ProjectName="Utan start", StartDate=None)
    run()
    return list(Item.objects.filter(tenant=tenant, state="stopped").order_by("pk").values_list("pk", flat=True))


def test_an_act_is_written_down_at_once_and_counted_as_it_goes(
    stopped: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "STEP", 2)
    [act] = acts.begin(Item.objects.filter(pk__in=stopped), Act.Kind.LEAVE_OUT, "anna", "dubbletter")
    assert (act.done, len(act.ids), act.finished_at) == (0, 5, None)
    acts._step(act.pk)
    act.refresh_from_db()
    assert (act.done, act.finished_at) == (2, None)
    assert list(acts.unfinished()) == [act.pk]
    act = acts.carry_out(act.pk)
    assert (act.done, act.moved) == (5, 5)
    assert set(Item.objects.filter(pk__in=stopped).values_list("state", "cause")) == {("left_out", "manual.left_out")}
    assert acts.carry_out(act.pk).moved == 5


def test_an_act_never_reaches_another_tenant(
    stopped: list[int], new_tenant: Callable[[str], Tenant], tenant: Tenant
) -> None:
    other = new_tenant("maltes-mark")
    act = Act.objects.create(tenant=other, kind=Act.Kind.LEAVE_OUT, actor="anna", ids=stopped)
    assert acts.carry_out(act.pk).moved == 0
    assert Item.objects.filter(pk__in=stopped, state="stopped").count() == 5


def test_S8_a_person_sends_again_what_was_deleted_over_there(
    tenant: Tenant, settled: Callable[[], Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    for number in ("1001", "1002"):
        smartdok.add_customer(CustomerNumber=number, CustomerName="Bygg AB")
    settled()
    before = remote.customers(fortnox)
    del fortnox.customers["1001"]
    assert settled().flows["customers"]["created"] == 0
    assert manual.resend(Item.objects.filter(tenant=tenant), "anna") == 2
    assert settled().flows["customers"] == {
        "seen": 2, "created": 1, "updated": 0, "unchanged": 1, "left_out": 0, "waiting": 0, "stopped": 0
    }  # fmt: skip
    assert remote.customers(fortnox) == before
