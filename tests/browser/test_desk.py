"""The weekly work in Chromium: look, dry run, fix a value, deal with a change, act on many, on any width."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.utils import timezone

from integration.models import Membership, Tenant, ValueMap
from integration.scoping import OperatorsOnly
from sync.engine import acts, problems, rehearsal
from sync.engine.run import run_pass
from sync.models import Act, Attempt, Document, DryRun, Item, Pipeline, Problem
from tests.browser.window import Workers, chromium, fits, needs_chromium

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 800}
PASSWORD = "en-lang-mening-1"
LINE = {"LineText": "Gjutning", "Price": 450.0, "Quantity": 8.0, "UnitType": "tim"}


@pytest.fixture(autouse=True)
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    """What pages hand over is done in threads, as by a worker."""
    crew = Workers()
    monkeypatch.setattr("sync.admin.background.carry_out.delay", crew.delay(acts.carry_out))
    monkeypatch.setattr(
        "sync.admin.dry_runs.carry_out.delay",
        crew.delay(lambda pk: rehearsal.run(DryRun.objects.select_related("tenant").get(pk=pk))),
    )
    monkeypatch.setattr("sync.admin.pages.dispatch_tenant.delay", lambda *_: None)
    monkeypatch.setattr("sync.tasks.dispatch_tenant.delay", lambda *_: None)
    yield crew
    crew.join()


@pytest.fixture
def open_as(
    chromium: Any, live_server: Any, settings: Any, tenant: Tenant, transactional_db: None
) -> Iterator[Callable[..., Any]]:
    """A window of somebody who has logged in with a role in the company; `operator` sees all."""
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    settings.PUBLIC_URL = live_server.url
    contexts: list[Any] = []
    faults: list[str] = []

    def log_in(role: str, viewport: dict[str, int] | None = None) -> Any:
        user = User.objects.create_user(f"en-{role}", password=PASSWORD, is_staff=True, is_superuser=role == "operator")
        if role != "operator":
            Membership.objects.create(user=user, tenant=tenant, role=role)
        context = chromium.new_context(
            locale="sv-SE", viewport=viewport or {"width": 1280, "height": 900}, base_url=live_server.url
        )
        contexts.append(context)
        window = context.new_page()
        window.set_default_timeout(30_000)
        window.on("pageerror", lambda error: faults.append(str(error)))
        window.goto("/admin/login/")
        window.get_by_label("Användarnamn").fill(user.username)
        window.get_by_label("Lösenord").fill(PASSWORD)
        window.keyboard.press("Enter")
        window.wait_for_url("**/admin/")
        return window

    yield log_in
    assert faults == []
    for context in contexts:
        context.close()


def address(item: Item, act: str = "change") -> str:
    return f"/admin/sync/item/{item.pk}/{act}/"


@pytest.fixture
def billed(tenant: Tenant, smartdok: Any) -> dict[str, Any]:
    """A customer and a project; a function of its own adds invoices."""
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Åkerlunds Bygg AB", City="Umeå")
    project = smartdok.add_project(ProjectNumber="2041", ProjectName="Skolan", StartDate="2026-03-01T00:00:00")
    return {"CustomerId": customer["Id"], "ProjectId": project["Id"]}


def test_a_bookkeeper_sees_the_own_company_and_nothing_of_another(
    open_as: Callable[..., Any], tenant: Tenant, new_tenant: Callable[[str], Tenant], smartdok: Any, twins: Any
) -> None:
    other = new_tenant("maltes-mark")
    twins.tenant("maltes-mark").smartdok.add_customer(CustomerNumber="7001", CustomerName="Hemlig Kund AB")
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Åkerlunds Bygg AB")
    smartdok.add_project(ProjectNumber="2042", ProjectName="Utan start", StartDate=None)
    run_pass(tenant)
    run_pass(other)
    problems.refresh_all()
    window = open_as("bookkeeper")
    assert window.get_by_role("heading", name="Östanbygg AB").is_visible()
    assert window.get_by_text("1 sak behöver åtgärdas").is_visible()
    assert window.get_by_role("heading", name="Projektet saknar startdatum").is_visible()
    assert "Maltes" not in window.content()
    fits(window, "desk-bookkeeper")
    window.get_by_label("Sök nummer, namn eller id").fill("Hemlig")
    window.keyboard.press("Enter")
    window.get_by_text("Inget har ”Hemlig”").wait_for()
    window.get_by_label("Sök nummer, namn eller id").fill("åkerlund")
    window.keyboard.press("Enter")
    window.wait_for_url("**/admin/sync/item/*/change/")
    foreign = Item.objects.get(tenant=other, key="7001")
    for path in (address(foreign), address(foreign, "dry-run"), f"/admin/integration/tenant/{other.pk}/change/"):
        assert window.goto(path).status == 404


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(
    open_as: Callable[..., Any], tenant: Tenant, smartdok: Any, fortnox: Any, writes: Callable[[], list[str]]
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Åkerlunds Bygg AB", City="Umeå")
    run_pass(tenant)
    item = Item.objects.get(tenant=tenant, key="1001")
    Item.objects.filter(pk=item.pk).update(record={**item.record, "city": "Luleå"})
    writes()
    window = open_as("bookkeeper")
    window.goto(address(item))
    window.get_by_role("link", name="Provkör", exact=True).click()
    row = window.get_by_role("row", name=re.compile("^ort "))
    row.wait_for()
    assert [cell.inner_text() for cell in row.get_by_role("cell").all()][1:] == ["Umeå", "Luleå"]
    fits(window, "desk-dry-run-item")
    assert fortnox.customers["1001"]["City"] == "Umeå"
    smartdok.touch(customer, City="Kiruna")
    smartdok.add_customer(CustomerNumber="1002", CustomerName="Ny kund AB")
    window.goto(f"/admin/sync/pipeline/{Pipeline.objects.get(tenant=tenant, flow='customers').pk}/change/")
    window.get_by_role("button", name="Provkör", exact=True).click()
    window.get_by_text("Det som skulle skickas till Fortnox").wait_for()
    window.get_by_text("1002 Ny kund AB skulle skapas").wait_for()
    window.get_by_text("1001 Åkerlunds Bygg AB skulle ändras").click()
    window.get_by_role("cell", name="Kiruna").wait_for()
    fits(window, "desk-dry-run-pipeline")
    assert writes() == []
    assert list(fortnox.customers) == ["1001"]


def test_a_mapped_value_saved_on_the_problem_page_lets_the_stopped_go_by_themselves(
    open_as: Callable[..., Any], tenant: Tenant, smartdok: Any, fortnox: Any, twins: Any, billed: dict[str, Any]
) -> None:
    refused = json.dumps({"ErrorInformation": {"error": 1, "message": "Enheten kan inte skapas.", "code": 2000359}})
    twins.fortnox.faults.add("status", "POST", "/3/units", times=None, status=400, body=refused)
    fortnox.add_unit("h", "Timmar")
    for _ in range(3):
        smartdok.add_invoice([{**LINE, "UnitType": "arbtim"}], **billed)
    run_pass(tenant)
    problems.refresh(tenant)
    problem = Problem.objects.get(tenant=tenant, flow="invoices", closed_at=None)
    assert (problem.count, len(fortnox.invoices)) == (3, 0)
    window = open_as("owner")
    window.goto(f"/admin/sync/problem/{problem.pk}/change/")
    fits(window, "desk-problem")
    window.get_by_label("Värde i SmartDok").fill("arbtim")
    window.get_by_label("Värde i Fortnox").fill("h")
    window.get_by_role("button", name="Spara värdet").click()
    window.get_by_text("Det mappade värdet är sparat").wait_for()
    assert ValueMap.objects.get(tenant=tenant).target == "h"
    run_pass(tenant)
    assert [each["InvoiceRows"][0]["Unit"] for each in fortnox.invoices.values()] == ["h", "h", "h"]


def test_I3_a_changed_invoice_is_compared_and_marked_as_handled(
    open_as: Callable[..., Any], tenant: Tenant, smartdok: Any, fortnox: Any, billed: dict[str, Any]
) -> None:
    basis = smartdok.add_invoice([LINE], **billed)
    run_pass(tenant)
    smartdok.withdraw(basis["Id"])
    smartdok.change_invoice(basis["Id"], [{**LINE, "Price": 500.0}])
    smartdok.finalise(basis["Id"])
    run_pass(tenant)
    item = Item.objects.get(tenant=tenant, cause="I3")
    window = open_as("bookkeeper")
    window.goto(address(item))
    sums = window.locator(".bb-tiles").inner_text()
    assert all(each in sums for each in ("3 600,00 kr", "4 000,00 kr", "400,00 kr"))
    fits(window, "desk-changed")
    window.get_by_role("link", name="Markera som hanterad").click()
    window.get_by_label("Varför").fill("Kompletterande faktura 17 skickad")
    window.get_by_role("button", name="Markera som hanterad").click()
    window.get_by_text("Den är markerad som hanterad").wait_for()
    run_pass(tenant)
    item.refresh_from_db()
    assert (item.state, item.cause, len(fortnox.invoices)) == ("done", "", 1)
    assert item.transitions.get(note="Kompletterande faktura 17 skickad").actor == "en-bookkeeper"


def test_many_are_tried_again_in_the_background_with_a_bar(
    open_as: Callable[..., Any], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(tenant, 120)
    problems.refresh(tenant)
    problem = Problem.objects.get(tenant=tenant, cause="P2")
    monkeypatch.setattr(acts, "STEP", 40)
    window = open_as("bookkeeper")
    window.goto(f"/admin/sync/problem/{problem.pk}/change/")
    assert window.get_by_text("120 poster").first.is_visible()
    window.get_by_role("button", name="Försök igen med alla").click()
    window.wait_for_url("**/admin/sync/act/*/change/")
    window.locator("h2", has_text="120 poster").wait_for()
    fits(window, "desk-act")
    act = Act.objects.get()
    assert (act.actor, act.done, act.moved) == ("en-bookkeeper", 120, 120)
    assert Item.objects.filter(tenant=tenant, state="pending").count() == 120


def test_all_that_a_problem_holds_up_are_left_out_with_a_note(open_as: Callable[..., Any], tenant: Tenant) -> None:
    many(tenant, 7)
    problems.refresh(tenant)
    problem = Problem.objects.get(tenant=tenant, cause="P2")
    window = open_as("bookkeeper")
    window.goto(f"/admin/sync/problem/{problem.pk}/change/")
    window.get_by_role("link", name="Lämna alla utanför").click()
    window.get_by_label("Varför").fill("Gamla projekt")
    window.get_by_role("button", name="Lämna alla utanför").click()
    window.wait_for_url(f"**/admin/sync/problem/{problem.pk}/change/")
    assert set(Item.objects.values_list("state", "cause")) == {("left_out", "manual.left_out")}
    assert {each.actor for item in Item.objects.all() for each in item.transitions.all()} == {"en-bookkeeper"}


def test_the_keyboard_goes_past_the_menu(open_as: Callable[..., Any], tenant: Tenant) -> None:
    many(tenant, 1)
    window = open_as("bookkeeper")
    for path in ("/admin/", "/admin/sync/item/", address(Item.objects.get())):
        window.goto(path)
        window.keyboard.press("Tab")
        assert window.evaluate("document.activeElement.textContent") == "Hoppa till innehållet"
        fits(window, f"desk-skip-{path.strip('/').replace('/', '-')}")
        window.keyboard.press("Enter")
        window.keyboard.press("Tab")
        assert window.evaluate("Boolean(document.activeElement.closest('#content'))"), path


MAIN = ("/admin/", "/admin/sync/item/", "/admin/sync/problem/", "/admin/sync/item/find/?q=200&stay=1",
        "/admin/sync/problem/causes/?q=P2", "/admin/integration/connection/")  # fmt: skip


LONG = "Ombyggnad" * 20  # a word that nothing breaks


@pytest.mark.parametrize("role", ["bookkeeper", "operator"])
def test_no_page_keeps_anybody_out_and_none_is_wider_than_a_telephone(
    open_as: Callable[..., Any], tenant: Tenant, role: str
) -> None:
    many(tenant, 3)
    problems.refresh(tenant)
    window = open_as(role, PHONE)
    item, problem = Item.objects.all()[0], Problem.objects.get(cause="P2")
    Item.objects.filter(pk=item.pk).update(title=LONG, params={"number": "2000", "name": LONG}, record={"name": LONG})
    document = Document.objects.create(
        tenant=tenant, item=item, name=f"{LONG}.pdf", content_type="application/pdf", size=4, sha256="a" * 64
    )
    own = f"/admin/sync/problem/{problem.pk}/"
    pages = (
        *MAIN, address(item), address(item, "dry-run"), address(item, "leave-out"), f"{own}change/", f"{own}leave-out/",
        f"/admin/sync/document/{document.pk}/change/", f"/admin/integration/tenant/{tenant.pk}/change/",
        f"/admin/sync/pipeline/{item.pipeline_id}/change/",
    )  # fmt: skip
    for path in pages:
        looks_right(window, path, f"phone-{role}")


@pytest.mark.parametrize("role", ["bookkeeper", "operator"])
def test_every_list_and_a_page_of_each_kind_is_open_to_all_on_a_telephone(
    open_as: Callable[..., Any], tenant: Tenant, role: str
) -> None:
    many(tenant, 3)
    problems.refresh(tenant)
    item = Item.objects.all()[0]
    attempt = Attempt.objects.create(
        tenant=tenant, item=item, actor="byggbro", operation="create", outcome="failed", cause="fortnox.2000401",
        payload={"Description": LONG},
    )  # fmt: skip
    Document.objects.create(tenant=tenant, item=item, name=f"{LONG}.pdf", content_type="application/pdf", size=4)
    act = Act.objects.create(tenant=tenant, kind="retry", actor="anna", ids=[item.pk], finished_at=timezone.now())
    run = DryRun.objects.create(tenant=tenant, flow="projects", actor="anna", finished_at=timezone.now(), result={})
    value = ValueMap.objects.create(tenant=tenant, kind="unit", source=LONG, target="h")
    window = open_as(role, PHONE)
    lists = [model for model, each in admin.site._registry.items() if shown_to(role, each)]
    assert len(lists) == (16 if role == "operator" else 11)
    for path in (
        *[f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in lists],
        f"/admin/sync/attempt/{attempt.pk}/change/", f"/admin/sync/act/{act.pk}/change/",
        f"/admin/sync/dryrun/{run.pk}/change/", f"/admin/integration/valuemap/{value.pk}/change/",
        f"/admin/integration/connection/{tenant.connections.all()[0].pk}/change/",
        f"/admin/integration/tenant/{tenant.pk}/history/",
    ):  # fmt: skip
        looks_right(window, path, f"list-{role}")


def shown_to(role: str, page: Any) -> bool:
    """Whether the list is in the menu of the role."""
    return role == "operator" or not isinstance(page, OperatorsOnly)


def looks_right(window: Any, path: str, name: str) -> None:
    """The page is there, fits, and keeps nobody out."""
    assert window.goto(path).status == 200, path
    fits(window, f"desk-{name}-{path.strip('/').replace('/', '-').split('?')[0]}")


def many(tenant: Tenant, count: int) -> None:
    """Projects stopped for want of a start date."""
    pipeline = Pipeline.objects.get(tenant=tenant, flow="projects")
    Item.objects.bulk_create(
        Item(tenant=tenant, pipeline=pipeline, source_id=str(n), key=f"200{n}", title=f"Projekt {n}", state="stopped",
             reason="data", cause="P2", params={"number": f"200{n}", "name": f"Projekt {n}"})
        for n in range(count)
    )  # fmt: skip
