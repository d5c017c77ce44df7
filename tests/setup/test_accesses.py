"""Connecting by link: a key, a consent, and every way in which either goes wrong."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from django.test import Client
from django.utils import timezone

from integration.models import Connection, Tenant
from sandbox import Twins
from sandbox.fortnox import Company as FortnoxCompany
from sandbox.smartdok import Company as SmartDokCompany
from sync.engine import access
from sync.engine.onboarding import add_tenant
from sync.models import Pipeline, SetupLink
from sync.setup import links


def paste(client: Client, url: str, token: str) -> Any:
    return client.post(f"{url}connect/smartdok/", {"act": "key", "token": token}, follow=True)


def elsewhere(**access_to: dict[str, str]) -> None:
    """Another tenant, made as on the command line, has connected the company."""
    other, _ = add_tenant("other", "Hemliga Bolaget AB", access_to)
    for each in other.connections.all():
        assert access.check(each) is not None


def connection(tenant: Tenant, system: str) -> Connection:
    return Connection.objects.get(tenant=tenant, system=system)


# -- a key -------------------------------------------------------------------------------------------------------
def test_a_key_is_tried_at_once_and_its_company_is_shown(
    url: str, bare: Tenant, client: Client, smartdok: SmartDokCompany
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund AB")
    smartdok.add_invoice([{"LineText": "Gjutning", "Price": 1.0, "Quantity": 1.0}], CustomerId=customer["Id"])
    page = paste(client, url, f"  {smartdok.token[:10]}\n{smartdok.token[10:]} ").content.decode()
    assert "SmartDok är ansluten" in page or "SmartDok är anslutet" in page
    for shown in ("Östanbygg AB", "Anna Admin", "25"):
        assert shown in page
    row = connection(bare, "smartdok")
    assert (row.state, row.secrets, row.company) == ("connected", {"token": smartdok.token}, "1")
    assert smartdok.token not in page


def test_a_wrong_key_is_explained_and_not_stored(url: str, bare: Tenant, client: Client) -> None:
    answer = paste(client, url, "wrong")
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "SmartDok godtar inte API-nyckeln" in page
    assert "Byggbro: Anslutningar" not in page
    assert connection(bare, "smartdok").secrets == {}
    assert connection(bare, "smartdok").state == "unchecked"


def test_no_key_at_all_is_asked_for(url: str, client: Client) -> None:
    answer = paste(client, url, "   ")
    assert answer.status_code == 400
    assert "Klistra in nyckeln här" in answer.content.decode()


def test_missing_rights_are_named_and_do_not_stand_in_the_way(
    url: str, bare: Tenant, client: Client, smartdok: SmartDokCompany
) -> None:
    smartdok.claims -= {"MachinesRead", "InvoicesRead"}
    page = paste(client, url, smartdok.token).content.decode()
    assert "MachinesRead" in page
    assert "InvoicesRead" in page
    assert "CustomersRead" not in page
    assert "warning" in page
    smartdok.claims |= {"MachinesRead", "InvoicesRead"}
    page = client.post(f"{url}connect/smartdok/", {"act": "again"}, follow=True).content.decode()
    assert "MachinesRead" not in page


def test_nothing_is_written_by_trying_a_key(
    url: str, client: Client, smartdok: SmartDokCompany, writes: Callable[[], list[str]]
) -> None:
    paste(client, url, smartdok.token)
    assert writes() == []


def test_a_company_that_another_tenant_uses_is_refused(
    url: str, bare: Tenant, client: Client, smartdok: SmartDokCompany
) -> None:
    elsewhere(smartdok={"token": smartdok.token})
    answer = paste(client, url, smartdok.token)
    assert answer.status_code == 400
    assert "redan kopplat till ett annat företag" in answer.content.decode()
    assert "Hemliga" not in answer.content.decode()
    assert connection(bare, "smartdok").secrets == {}


def test_a_key_of_another_company_than_before_is_refused_once_it_runs(
    connected: str, bare: Tenant, client: Client, twins: Twins, smartdok: SmartDokCompany
) -> None:
    other = twins.tenant("maltes-mark").tenant.smartdok_token
    assert paste(client, connected, other).status_code == 200  # before the start one may change one's mind
    paste(client, connected, smartdok.token)
    Pipeline.objects.filter(tenant=bare).update(pulled_at=timezone.now())
    again = links.make(bare, "anna").removeprefix("http://testserver")
    answer = paste(client, again, other)
    assert answer.status_code == 400
    assert "Nyckeln hör till ett annat företag" in answer.content.decode()
    assert connection(bare, "smartdok").secrets == {"token": smartdok.token}


def test_a_key_of_another_company_is_refused_for_one_that_was_made_on_the_command_line(
    tenant: Tenant, client: Client, twins: Twins
) -> None:
    for each in tenant.connections.all():
        assert access.check(each) is not None
    Pipeline.objects.filter(tenant=tenant).update(pulled_at=timezone.now())
    before = connection(tenant, "smartdok")
    other = twins.tenant("maltes-mark").tenant.smartdok_token
    answer = paste(client, links.make(tenant, "anna").removeprefix("http://testserver"), other)
    assert answer.status_code == 400
    assert "Nyckeln hör till ett annat företag" in answer.content.decode()
    after = connection(tenant, "smartdok")
    assert (after.secrets, after.token, after.company, after.state) == (
        before.secrets, before.token, before.company, "connected"
    )  # fmt: skip


def test_an_unreachable_vendor_is_told(url: str, client: Client, twins: Twins) -> None:
    twins.smartdok.faults.add("status", status=503, times=None)
    answer = paste(client, url, "any")
    assert answer.status_code == 400
    assert "Inloggningen svarar inte" in answer.content.decode()


# -- a consent ---------------------------------------------------------------------------------------------------
def test_consent_connects_and_comes_back_to_the_step(
    url: str, bare: Tenant, client: Client, consent: Callable[..., Any], fortnox: FortnoxCompany
) -> None:
    answer = consent(url, fortnox.tenant_id)
    assert answer["Location"] == f"{url}connect/fortnox/"
    row = connection(bare, "fortnox")
    assert (row.state, row.options["tenant_id"]) == ("connected", str(fortnox.tenant_id))
    assert fortnox.name in client.get(answer["Location"]).content.decode()
    assert SetupLink.objects.get().found["fortnox"]["refused"] == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"decision": "cancel"}, "valde Avbryt"),
        ({"drop": ("code", "state")}, "utan svar"),
        ({"drop": ("code",)}, "utan svar"),
    ],
)
def test_every_other_way_back_ends_on_a_page_that_says_what_to_do(
    url: str, bare: Tenant, client: Client, consent: Callable[..., Any], fortnox: FortnoxCompany,
    answer: dict[str, Any], words: str,
) -> None:  # fmt: skip
    page = consent(url, fortnox.tenant_id, **answer)
    assert page.status_code == 400
    assert words in page.content.decode()
    assert f'href="{url}connect/fortnox/"' in page.content.decode()
    assert connection(bare, "fortnox").state == "unchecked"


def test_a_company_without_licence(
    url: str, bare: Tenant, client: Client, consent: Callable[..., Any], fortnox: FortnoxCompany
) -> None:
    fortnox.api_licence = False
    page = consent(url, fortnox.tenant_id)
    assert page.status_code == 400
    assert "licens" in page.content.decode()
    assert connection(bare, "fortnox").options == {}


def test_a_licence_that_is_missing_in_part_is_named(
    url: str, client: Client, consent: Callable[..., Any], fortnox: FortnoxCompany
) -> None:
    fortnox.unlicensed_scopes = {"supplierinvoice"}
    page = client.get(consent(url, fortnox.tenant_id)["Location"]).content.decode()
    assert "Fortnox-licens saknas för en del" in page
    assert "warning" in page


def test_the_wrong_company(
    url: str, bare: Tenant, client: Client, consent: Callable[..., Any], fortnox: FortnoxCompany, twins: Twins
) -> None:
    consent(url, fortnox.tenant_id)
    other = twins.tenant("maltes-mark").tenant
    page = consent(url, other.fortnox_tenant_id)
    assert page.status_code == 400
    assert other.name.replace("&", "&amp;") in page.content.decode()
    assert connection(bare, "fortnox").options["tenant_id"] == str(fortnox.tenant_id)
    # Before the start it can be let go on purpose.
    client.post(f"{url}connect/fortnox/", {"act": "other"})
    assert connection(bare, "fortnox").state == "unchecked"
    assert consent(url, other.fortnox_tenant_id)["Location"] == f"{url}connect/fortnox/"
    assert connection(bare, "fortnox").options["tenant_id"] == str(other.fortnox_tenant_id)


def test_a_company_number_that_the_operator_gave_is_not_let_go(url: str, bare: Tenant, client: Client) -> None:
    Connection.objects.filter(tenant=bare, system="fortnox").update(options={"tenant_id": "77"})
    client.post(f"{url}connect/fortnox/", {"act": "other"})
    assert connection(bare, "fortnox").options == {"tenant_id": "77"}


def test_a_fortnox_company_that_another_tenant_uses(
    url: str, bare: Tenant, client: Client, consent: Callable[..., Any], fortnox: FortnoxCompany
) -> None:
    elsewhere(fortnox={"tenant_id": str(fortnox.tenant_id)})
    page = consent(url, fortnox.tenant_id)
    assert page.status_code == 400
    assert "redan kopplat till ett annat företag" in page.content.decode()
    assert "Hemliga" not in page.content.decode()
    assert connection(bare, "fortnox").options == {}
    assert connection(bare, "fortnox").token == {}


def test_the_same_answer_twice_is_harmless(url: str, bare: Tenant, client: Client, fortnox: FortnoxCompany) -> None:
    first = client.post(f"{url}connect/fortnox/", {"act": "connect"})["Location"]
    assert client.post(f"{url}connect/fortnox/", {"act": "connect"})["Location"] == first or "state=" in first
    code_url = approve(first, fortnox.tenant_id)
    assert client.get(code_url).status_code == 302
    again = client.get(code_url)
    assert (again.status_code, again["Location"]) == (302, f"{url}connect/fortnox/")
    assert connection(bare, "fortnox").state == "connected"


def test_a_double_click_on_connect_leaves_both_pages_good(url: str, client: Client, fortnox: FortnoxCompany) -> None:
    first = client.post(f"{url}connect/fortnox/", {"act": "connect"})["Location"]
    client.post(f"{url}connect/fortnox/", {"act": "connect"})
    assert client.get(approve(first, fortnox.tenant_id)).status_code == 302


def test_a_state_is_good_in_the_browser_that_began_only(
    url: str, bare: Tenant, client: Client, fortnox: FortnoxCompany
) -> None:
    away = client.post(f"{url}connect/fortnox/", {"act": "connect"})["Location"]
    page = Client().get(approve(away, fortnox.tenant_id))
    assert page.status_code == 400
    assert url not in page.content.decode()
    assert connection(bare, "fortnox").state == "unchecked"


def test_a_state_of_one_link_is_no_good_with_the_cookie_of_another(
    url: str, bare: Tenant, client: Client, fortnox: FortnoxCompany
) -> None:
    mine = client.post(f"{url}connect/fortnox/", {"act": "connect"})["Location"]
    other = Tenant.objects.create(slug="other", name="Annat AB")
    theirs = Client()
    path = links.make(other, "x").removeprefix("http://testserver")
    theirs.post(f"{path}connect/fortnox/", {"act": "connect"})
    assert theirs.get(approve(mine, fortnox.tenant_id)).status_code == 400
    assert {each.state for each in Connection.objects.filter(system="fortnox")} == {"unchecked"}


def test_a_callback_out_of_nowhere_is_a_page_for_people(client: Client, db: None, clean_redis: None) -> None:
    page = client.get("/connect/callback/")
    assert page.status_code == 400
    assert "Fortnox" in page.content.decode()


def test_what_is_a_users_goes_to_the_users_page(admin_client: Client, clean_redis: None) -> None:
    page = admin_client.get("/connect/callback/", {"state": "forged", "code": "1"})
    assert page.status_code == 400
    assert 'href="/admin/"' in page.content.decode()


def test_consenting_anew_keeps_everything(
    connected: str, bare: Tenant, client: Client, consent: Callable[..., Any], fortnox: FortnoxCompany, twins: Twins
) -> None:
    Pipeline.objects.filter(tenant=bare).update(pulled_at=timezone.now(), enabled=True)
    twins.fortnox.withdraw_consent(fortnox.tenant_id)
    connection(bare, "fortnox").enter("needs_consent", "fortnox.consent_gone")
    again = links.make(bare, "anna").removeprefix("http://testserver")
    page = client.get(again, follow=True).content.decode()
    assert "Välj inställningar" not in page
    assert client.get(f"{again}go/")["Location"] == f"{again}connect/fortnox/"
    assert "Godkännandet i Fortnox gäller inte längre" in client.get(f"{again}connect/fortnox/").content.decode()
    assert consent(again, fortnox.tenant_id).status_code == 302
    client.post(f"{again}go/")
    assert "fungerar igen" in client.get(f"{again}done/").content.decode()
    assert not Pipeline.objects.filter(tenant=bare, enabled=False).exists()
    assert connection(bare, "smartdok").state == "connected"


def test_a_finished_link_connects_again_what_is_no_longer_connected(
    connected: str, bare: Tenant, client: Client, consent: Callable[..., Any], fortnox: FortnoxCompany
) -> None:
    Pipeline.objects.filter(tenant=bare).update(pulled_at=timezone.now())
    links.finish(SetupLink.objects.get())
    assert client.get(f"{connected}connect/fortnox/")["Location"] == f"{connected}done/"
    connection(bare, "fortnox").enter("needs_consent", "fortnox.consent_gone")
    page = client.get(f"{connected}done/").content.decode()
    assert "Godkännandet i Fortnox gäller inte längre" in page
    assert f'href="{connected}connect/fortnox/"' in page
    assert "Byggbro är igång" not in page
    assert client.get(f"{connected}connect/smartdok/")["Location"] == f"{connected}done/"
    assert consent(connected, fortnox.tenant_id)["Location"] == f"{connected}connect/fortnox/"
    assert client.get(f"{connected}connect/fortnox/")["Location"] == f"{connected}done/"
    assert "Byggbro är igång" in client.get(f"{connected}done/").content.decode()


def test_no_company_is_let_go_once_it_runs(connected: str, bare: Tenant, client: Client) -> None:
    Pipeline.objects.filter(tenant=bare).update(pulled_at=timezone.now())
    client.post(f"{connected}connect/fortnox/", {"act": "other"})
    assert connection(bare, "fortnox").state == "connected"


def approve(away: str, company: int) -> str:
    """Presses Godkänn at Fortnox; the address of the way back."""
    page = urlsplit(away)
    form = {**dict(parse_qsl(page.query)), "company": str(company), "decision": "approve"}
    where = f"{page.scheme}://{page.netloc}{page.path}"
    back = urlsplit(requests.post(where, data=form, allow_redirects=False, timeout=5).headers["Location"])
    return f"{back.path}?{back.query}"
