"""`python -m demo.pictures`: pictures of the main pages, from the demo's data, for docs/screens/ (`make screenshots`).

Everything runs in this one process: both twins with the demo's data, one company set up by link, one pass per company
in the foreground, a web server in a thread, Chromium. Nothing of a running demo is touched.
"""

import datetime
import os
import random
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

ROOT = Path(__file__).parents[1]
SCREENS = ROOT / "docs" / "screens"
LARGEST = 300 * 1024  # bytes
DAYS = 30
PASSWORD = "byggbro"  # noqa: S105 - for the minute that the pictures take
LAUNCH = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]  # fmt: skip
# Debian's Chromium speaks English alone, and so do its date fields; a Swede's shows the day as it is sent.
DATES = """document.querySelectorAll('input[type=date]').forEach((field) => {
  field.style.width = `${field.offsetWidth}px`; field.type = 'text';
})"""
WIDE: Any = {"width": 1360, "height": 850}
PHONE: Any = {"width": 390, "height": 844}


class _Server(ThreadingMixIn, WSGIServer):
    """Chromium keeps connections open; each has a thread."""

    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Requests of our own are no news."""


def main() -> int:
    """0 when all pictures are there."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        print("The pictures need Chromium (Debian: apt-get install chromium).", file=sys.stderr)
        return 1
    folder = ROOT / ".data" / "pictures"
    shutil.rmtree(folder, ignore_errors=True)
    os.environ |= {
        "BYGGBRO_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # the browser's event loop makes this thread look like asynchronous code
    }  # fmt: skip
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        os.environ.pop(name, None)
    import django  # noqa: PLC0415 - needs the environment that has just been set
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)
    with _served() as address, _twins(address) as twins, _browser(chromium) as browser:
        _set_up(browser, twins)
        _stage(twins)
        _take(browser, address)
    return 0


# -- what is shown -----------------------------------------------------------------------------------------------
@contextmanager
def _twins(address: str) -> Iterator[Any]:
    """Both vendors with the demo's data. `address`: where SmartDok fetches documents."""
    from django.conf import settings  # noqa: PLC0415

    from sandbox import Twins  # noqa: PLC0415

    settings.PUBLIC_URL = address
    with Twins(empty=False, limit=False) as twins:
        settings.FORTNOX_API_URL, settings.FORTNOX_AUTH_URL = twins.fortnox.url, f"{twins.fortnox.url}/oauth-v1"
        settings.SMARTDOK_API_URL = twins.smartdok.url
        settings.FORTNOX_CLIENT_ID = twins.credentials["client_id"]
        settings.FORTNOX_CLIENT_SECRET = twins.credentials["client_secret"]
        yield twins


def _set_up(browser: Any, twins: Any) -> None:
    """The first company is set up by its link, and each step is kept as it looks to the one who does it."""
    from sandbox.data import go_live  # noqa: PLC0415
    from sync.engine import preflight  # noqa: PLC0415
    from sync.engine.onboarding import add_tenant  # noqa: PLC0415
    from sync.engine.run import run_pass  # noqa: PLC0415
    from sync.models import Preflight  # noqa: PLC0415
    from sync.setup import links  # noqa: PLC0415

    given = twins.credentials["tenants"][0]
    tenant, _ = add_tenant(given["slug"], given["name"], {}, go_live(twins.today))
    window = browser.new_context(viewport=WIDE, locale="sv-SE").new_page()
    window.goto(links.make(tenant, "operator"))
    _keep(window, "setup-welcome")
    window.get_by_role("link", name="Fortsätt").click()
    window.get_by_label("API-nyckel").fill(given["smartdok_token"])
    window.get_by_role("button", name="Kontrollera och spara").click()
    window.get_by_role("heading", name="SmartDok är anslutet").wait_for()
    _keep(window, "setup-smartdok")
    window.get_by_role("link", name="Fortsätt").click()
    _keep(window, "setup-fortnox")
    window.get_by_role("button", name="Anslut Fortnox").click()
    company = twins.tenant(given["slug"]).fortnox
    window.get_by_label("Företag").select_option(label=f"{company.name} ({company.organisation_number})")
    window.get_by_role("button", name="Godkänn").click()
    window.get_by_role("heading", name="Fortnox är anslutet").wait_for()
    window.get_by_role("link", name="Fortsätt").click()
    _keep(window, "setup-settings")
    window.get_by_role("button", name="Spara och fortsätt").click()
    window.get_by_role("button", name="Starta kontrollen").click()
    window.get_by_role("progressbar").wait_for()
    preflight.run(Preflight.objects.select_related("tenant").get())
    window.get_by_role("heading", name="Vad den första överföringen skulle göra").wait_for()
    _keep(window, "setup-preflight")
    window.set_viewport_size(PHONE)
    _keep(window, "setup-phone")
    window.set_viewport_size(WIDE)
    window.get_by_role("link", name="Fortsätt").click()
    window.get_by_role("button", name="Starta överföringen").click()
    print(f"{tenant.name}: reading and sending …", file=sys.stderr)
    run_pass(tenant)
    window.get_by_role("link", name="Visa siffrorna på nytt").click()
    _keep(window, "setup-done")


def _stage(twins: Any) -> None:
    """Both companies after some weeks: transferred, with the demo's troubles and an invoice that was changed."""
    from django.contrib.auth.models import User  # noqa: PLC0415

    from integration.models import Membership, Tenant  # noqa: PLC0415
    from sandbox.data import go_live  # noqa: PLC0415
    from sync.engine import access, problems  # noqa: PLC0415
    from sync.engine.onboarding import add_tenant  # noqa: PLC0415
    from sync.engine.run import run_pass  # noqa: PLC0415
    from sync.models import Recipient  # noqa: PLC0415

    for given in twins.credentials["tenants"][1:]:
        connections = {
            "smartdok": {"token": given["smartdok_token"], "url": twins.smartdok.url},
            "fortnox": {"tenant_id": str(given["fortnox_tenant_id"])},
        }
        tenant, _ = add_tenant(given["slug"], given["name"], connections, go_live(twins.today))
        for connection in tenant.connections.all():
            access.check(connection)
        print(f"{tenant.name}: reading and sending …", file=sys.stderr)
        run_pass(tenant)
    for tenant in Tenant.objects.all():
        Recipient.objects.create(tenant=tenant, email=f"ekonomi@{tenant.slug}.se")
    first = Tenant.objects.order_by("-name")[0]
    _change_an_invoice(first, twins.tenant(first.slug).smartdok)
    run_pass(first, only=["invoices"])
    _spread_over_the_last_weeks()
    problems.refresh_all()
    User.objects.create_superuser("operator", password=PASSWORD)
    anna = User.objects.create_user("anna", password=PASSWORD, is_staff=True, first_name="Anna")
    Membership.objects.create(user=anna, tenant=first, role="owner")


def _change_an_invoice(tenant: Any, smartdok: Any) -> None:
    """Taken back after its transfer, made dearer, finalised again (I3)."""
    from sync.models import Item  # noqa: PLC0415

    sent = Item.objects.filter(
        tenant=tenant, pipeline__flow="invoices", state="done", record__rows__0__quantity__gt="0"
    )
    number = int(sent.order_by("pk")[0].source_id)
    smartdok.withdraw(number)
    basis = smartdok.invoices[number]
    lines = [dict(line) for line in basis["InvoiceLines"]] if "InvoiceLines" in basis else []
    first = {"LineText": "Tillkommande arbete enligt tilläggsbeställning", "Price": 695.0, "Quantity": 12.0,
             "UnitType": "tim"}  # fmt: skip
    smartdok.change_invoice(number, [*lines, first], Title=f"{basis['Title']} – reviderad".strip(" –"))
    smartdok.finalise(number)


def _spread_over_the_last_weeks() -> None:
    """The demo's data arrives within seconds; a company's would have come over weeks of working days."""
    from django.db.models import F  # noqa: PLC0415

    from sync.models import Attempt  # noqa: PLC0415

    chance = random.Random(7)  # noqa: S311 - the same pictures every time
    today = datetime.datetime.now(tz=datetime.UTC)
    back = [days for days in range(DAYS) if (today - datetime.timedelta(days=days)).weekday() < 5]
    for pk in Attempt.objects.values_list("pk", flat=True):
        days = datetime.timedelta(days=chance.choice([*back, *back[:8]]))
        Attempt.objects.filter(pk=pk).update(started_at=F("started_at") - days, finished_at=F("finished_at") - days)


@contextmanager
def _served() -> Iterator[str]:
    """The web pages, on a free port of this machine."""
    from config.wsgi import application  # noqa: PLC0415

    server = make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


# -- the pictures ------------------------------------------------------------------------------------------------
@contextmanager
def _browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a development requirement

    SCREENS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=LAUNCH)
        yield browser
        browser.close()


def _take(browser: Any, address: str) -> None:
    pages = _pages()
    for user in ("operator", "anna"):
        for size in (WIDE, PHONE):
            window = browser.new_context(viewport=size, locale="sv-SE").new_page()
            window.goto(f"{address}/admin/login/")
            window.fill("#id_username", user)
            window.fill("#id_password", PASSWORD)
            window.press("#id_password", "Enter")
            window.wait_for_url(f"{address}/admin/")
            for name, whose, path, wanted in pages:
                if (whose, wanted) == (user, size):
                    window.goto(address + path)
                    window.wait_for_timeout(300)
                    _keep(window, name)


def _keep(window: Any, name: str) -> None:
    """As a PNG of reasonable size, as tall as the window or as the page where that is not much taller."""
    file = SCREENS / f"{name}.png"
    window.evaluate(DATES)
    tall = window.evaluate("document.documentElement.scrollHeight")
    usual = window.viewport_size
    # The window itself grows: what sticks to its lower edge would lie across a longer picture.
    window.set_viewport_size({"width": usual["width"], "height": min(tall, 1500)})
    window.wait_for_timeout(100)
    window.screenshot(path=str(file))
    window.set_viewport_size(usual)
    if file.stat().st_size > LARGEST:
        from PIL import Image  # noqa: PLC0415

        with Image.open(file) as image:
            image.convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(file, optimize=True)
    print(f"{file.relative_to(ROOT)} {file.stat().st_size // 1024} kB")


def _pages() -> list[tuple[str, str, str, Any]]:
    """Name, who looks, address and window of each picture."""
    from sync.models import Item, Pipeline, Problem  # noqa: PLC0415

    changed = Item.objects.get(cause="I3")
    mine = Item.objects.filter(tenant=changed.tenant)
    stopped = mine.filter(state="stopped", cause="P2")[0]
    sent = mine.filter(state="done", pipeline__flow="customers", adopted=False)[0]
    moved = {
        **(sent.record or {}),
        "address": "Kvarngatan 12",
        "zip_code": "802 51",
    }  # as it is read next
    Item.objects.filter(pk=sent.pk).update(record=moved)
    problem = Problem.objects.filter(tenant=changed.tenant, cause="C4", closed_at=None)[0]
    pipeline = Pipeline.objects.get(tenant=changed.tenant, flow="invoices")
    return [
        ("overview-operator", "operator", "/admin/", WIDE),
        ("items", "operator", "/admin/sync/item/", WIDE),
        ("search", "operator", "/admin/sync/item/find/?q=skola", WIDE),
        ("problems", "operator", "/admin/sync/problem/", WIDE),
        ("companies", "operator", "/admin/integration/tenant/", WIDE),
        ("overview-bookkeeper", "anna", "/admin/", WIDE),
        ("overview-phone", "anna", "/admin/", PHONE),
        ("item", "anna", f"/admin/sync/item/{stopped.pk}/change/", WIDE),
        ("changed-invoice", "anna", f"/admin/sync/item/{changed.pk}/change/", WIDE),
        ("dry-run", "anna", f"/admin/sync/item/{sent.pk}/dry-run/", WIDE),
        ("problem", "anna", f"/admin/sync/problem/{problem.pk}/change/", WIDE),
        ("causes", "anna", "/admin/sync/problem/causes/?q=startdatum", WIDE),
        ("pipeline", "anna", f"/admin/sync/pipeline/{pipeline.pk}/change/", WIDE),
        ("company", "anna", f"/admin/integration/tenant/{changed.tenant_id}/change/", WIDE),
    ]


if __name__ == "__main__":
    sys.exit(main())
