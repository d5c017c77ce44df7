"""Walks through a set-up by link in Chromium, against the twins."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integration.models import Connection, Tenant
from sandbox import Twins
from sandbox.fortnox import Company as FortnoxCompany
from sandbox.smartdok import Company as SmartDokCompany
from sync.engine import preflight
from sync.engine.preflight.adopt import adopt
from sync.engine.run import run_pass
from sync.models import Item, Pipeline, Preflight
from sync.setup import links
from tests.browser.window import Workers, chromium, fits, needs_chromium

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 375, "height": 740}


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    """The tasks of the set-up, and the first pass in place of the beat's tick."""

    def examine(pk: int) -> None:
        preflight.run(Preflight.objects.select_related("tenant").get(pk=pk))

    def take_over(pk: int) -> None:
        adopt(Preflight.objects.get(pk=pk))

    crew = Workers()
    monkeypatch.setattr("sync.setup.views.run_preflight.delay", crew.delay(examine))
    monkeypatch.setattr("sync.setup.views.adopt_transferred.delay", crew.delay(take_over))
    monkeypatch.setattr("sync.setup.links.tick.delay", crew.delay(lambda: run_pass(Tenant.objects.get())))
    yield crew
    crew.join()


@pytest.fixture
def start(twins: Twins, live_server: Any, settings: Any, workers: Workers, transactional_db: None) -> str:
    """The set-up link of a new company."""
    settings.PUBLIC_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    tenant = Tenant.objects.create(slug="ostanbygg", name="Östanbygg AB")
    return links.make(tenant, "anna")


@pytest.fixture
def page(chromium: Any, start: str) -> Iterator[Any]:
    """A window of its own. Nothing may go wrong in its console, and nothing foreign is loaded."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1200, "height": 900})
    window = context.new_page()
    window.set_default_timeout(30_000)
    faults: list[str] = []
    window.on("pageerror", lambda error: faults.append(str(error)))
    window.on(
        "console", lambda told: faults.append(told.text) if told.type == "error" and "400" not in told.text else None
    )
    yield window
    assert faults == []
    context.close()


def fill(smartdok: SmartDokCompany, fortnox: FortnoxCompany) -> None:
    """A little of everything, with trouble."""
    customer = smartdok.add_customer(
        CustomerNumber="1001", CustomerName="Åkerlunds Bygg AB", OrganizationNumber="556812-4472"
    )
    smartdok.add_customer(CustomerNumber="1002", CustomerName='Rör & "Värme" <Norr> AB')
    smartdok.add_customer(CustomerNumber="1003", CustomerName="Dubbel ett AB")
    smartdok.add_customer(CustomerNumber="1003", CustomerName="Dubbel två AB")
    fortnox.add_customer("Åkerlund Bygg", "1001", OrganisationNumber="556812-4472")
    fortnox.add_customer("Bara i Fortnox AB", "9001")
    project = smartdok.add_project(ProjectNumber="2041", ProjectName="Skolan i Valbo", StartDate="2026-03-01T00:00:00")
    smartdok.add_project(ProjectNumber="2042", ProjectName="Utan startdatum", StartDate=None)
    for price, serial in ((1000.0, "F-1"), (2500.0, "F-2")):
        smartdok.add_invoice(
            [{"LineText": "Gjutning", "Price": price, "Quantity": 1.0, "UnitType": "lass"}],
            CustomerId=customer["Id"], ProjectId=project["Id"], SerialNumber=serial, Title="Etapp",
        )  # fmt: skip
    fortnox.put("invoices", "501", {
        "DocumentNumber": "501", "CustomerNumber": "1001", "CustomerName": "Åkerlund Bygg", "Total": 1250.0,
        "InvoiceDate": timezone.localdate().isoformat(), "Cancelled": False, "InvoiceRows": [],
    })  # fmt: skip


def connect_smartdok(page: Any, company: SmartDokCompany) -> None:
    page.get_by_label("API-nyckel").fill(company.token)
    page.get_by_role("button", name="Kontrollera och spara").click()
    page.get_by_role("heading", name="SmartDok är anslute").wait_for()


def connect_fortnox(page: Any, company: str, decision: str = "Godkänn") -> None:
    page.get_by_role("button", name="Anslut Fortnox").click()
    page.get_by_label("Företag").select_option(label=company)
    page.get_by_role("button", name=decision).click()


def titled(company: FortnoxCompany) -> str:
    return f"{company.name} ({company.organisation_number})"


def go_on(page: Any) -> None:
    page.get_by_role("link", name="Fortsätt").click()


def test_from_the_link_to_the_first_transfer(
    page: Any, start: str, smartdok: SmartDokCompany, fortnox: FortnoxCompany, workers: Workers, tmp_path: Path
) -> None:
    fill(smartdok, fortnox)
    page.goto(start)
    assert page.locator("html").get_attribute("lang") == "sv"
    fits(page, "start-1-valkommen")
    go_on(page)
    fits(page, "start-2-smartdok")
    page.get_by_label("API-nyckel").fill("fel nyckel")
    page.get_by_role("button", name="Kontrollera och spara").click()
    page.get_by_role("heading", name="SmartDok godtar inte API-nyckeln").wait_for()
    fits(page, "start-2-smartdok-fel")
    smartdok.claims.discard("MachinesRead")
    connect_smartdok(page, smartdok)
    page.get_by_text("MachinesRead").first.wait_for()
    fits(page, "start-2-smartdok-saknas")
    smartdok.claims.add("MachinesRead")
    page.get_by_role("button", name="Kontrollera igen").click()
    page.get_by_text("MachinesRead").first.wait_for(state="detached")
    fits(page, "start-2-smartdok-klart")
    go_on(page)
    fits(page, "start-3-fortnox")
    connect_fortnox(page, titled(fortnox))
    page.get_by_role("heading", name="Fortnox är anslute").wait_for()
    fits(page, "start-3-fortnox-klart")
    go_on(page)
    page.get_by_label("Skapa fakturor som ej klara").check()
    page.get_by_label("Alla", exact=True).check()
    fits(page, "start-4-installningar")
    page.get_by_role("button", name="Spara och fortsätt").click()
    fits(page, "start-5-kontroll")
    page.get_by_role("button", name="Starta kontrollen").click()
    page.get_by_role("heading", name="Vad den första överföringen skulle göra").wait_for()
    fits(page, "start-5-kontroll-klar")
    for summary in page.locator("summary").all():
        summary.click()
    fits(page, "start-5-kontroll-oppen")
    for name, ending in (("Ladda ner som Excel", "xlsx"), ("Ladda ner som CSV", "csv")):
        with page.expect_download() as coming:
            page.get_by_role("link", name=name).click()
        assert coming.value.suggested_filename.endswith(f".{ending}")
        coming.value.save_as(tmp_path / f"fil.{ending}")
        assert (tmp_path / f"fil.{ending}").stat().st_size > 500
    page.get_by_role("button", name="De ikryssade finns redan").click()
    page.get_by_role("heading", name="Övertagna").wait_for()
    fits(page, "start-5-kontroll-overtagna")
    assert not Pipeline.objects.filter(enabled=True).exists()
    go_on(page)
    fits(page, "start-6-start")
    page.get_by_role("button", name="Starta överföringen").click()
    page.get_by_role("heading", name="Klart").wait_for()
    workers.join()
    page.get_by_role("link", name="Visa siffrorna på nytt").click()
    fits(page, "start-7-klart")

    assert set(fortnox.customers) == {"1001", "1002", "9001"}
    assert sorted(fortnox.invoices) == ["1", "501"] or len(fortnox.invoices) == 2
    assert Item.objects.filter(pipeline__flow="invoices", state="done").count() == 2
    page.goto(start)
    page.get_by_role("heading", name="Klart").wait_for()


def test_consent_cancelled_and_given_after_all(
    page: Any, start: str, smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    page.goto(start)
    go_on(page)
    connect_smartdok(page, smartdok)
    go_on(page)
    connect_fortnox(page, titled(fortnox), "Avbryt")
    page.get_by_text("Du valde Avbryt i Fortnox").wait_for()
    fits(page, "start-3-avbrutet")
    assert Connection.objects.get(system="fortnox").state == "unchecked"
    page.get_by_role("link", name="Börja om").click()
    connect_fortnox(page, titled(fortnox))
    page.get_by_role("heading", name="Fortnox är anslute").wait_for()


def test_the_wrong_company_in_fortnox(
    page: Any, start: str, smartdok: SmartDokCompany, fortnox: FortnoxCompany, twins: Twins
) -> None:
    other = twins.tenant("maltes-mark").fortnox
    Connection.objects.filter(system="fortnox").update(options={"tenant_id": str(fortnox.tenant_id)})
    page.goto(start)
    go_on(page)
    connect_smartdok(page, smartdok)
    go_on(page)
    connect_fortnox(page, titled(other))
    page.get_by_text(f"Du godkände {other.name}").wait_for()
    fits(page, "start-3-fel-foretag")
    page.get_by_role("link", name="Börja om").click()
    connect_fortnox(page, titled(fortnox))
    page.get_by_role("heading", name="Fortnox är anslute").wait_for()


def test_on_a_phone_and_by_keyboard(page: Any, start: str, smartdok: SmartDokCompany, fortnox: FortnoxCompany) -> None:
    fill(smartdok, fortnox)
    page.set_viewport_size(PHONE)
    page.goto(start)
    fits(page, "telefon-1-valkommen")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Hoppa till innehållet"
    go_on(page)
    page.wait_for_function("document.activeElement.type === 'password'")
    page.keyboard.type(smartdok.token)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="SmartDok är anslute").wait_for()
    fits(page, "telefon-2-smartdok")
    go_on(page)
    connect_fortnox(page, titled(fortnox))
    page.get_by_role("heading", name="Fortnox är anslute").wait_for()
    go_on(page)
    fits(page, "telefon-4-installningar")
    page.get_by_role("button", name="Spara och fortsätt").click()
    page.get_by_role("button", name="Starta kontrollen").click()
    page.get_by_role("heading", name="Vad den första överföringen skulle göra").wait_for()
    for summary in page.locator("summary").all():
        summary.click()
    fits(page, "telefon-5-kontroll")
    go_on(page)
    fits(page, "telefon-6-start")


def test_without_javascript(chromium: Any, start: str, smartdok: SmartDokCompany, fortnox: FortnoxCompany) -> None:
    fill(smartdok, fortnox)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(start)
    go_on(page)
    connect_smartdok(page, smartdok)
    go_on(page)
    connect_fortnox(page, titled(fortnox))
    go_on(page)
    page.get_by_role("button", name="Spara och fortsätt").click()
    page.get_by_role("button", name="Starta kontrollen").click()
    page.get_by_role("heading", name="Vad den första överföringen skulle göra").wait_for()
    context.close()


def test_a_link_that_is_over(page: Any, start: str) -> None:
    links.revoke(Tenant.objects.get())
    answer = page.request.get(start)
    assert answer.status == 404
    assert "Länken fungerar inte" in answer.text()
    assert "Östanbygg" not in answer.text()
