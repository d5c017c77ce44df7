"""Bad input: each gets a clear message, the rest goes on, nothing is lost and nothing is sent half."""

import datetime
from typing import Any

import pytest

from integration.models import Connection
from sync.explain import explain
from sync.models import Attempt, Item
from tests.sync import remote

DAY = datetime.date(2026, 5, 4)


def _connection(tenant: Any, system: str) -> Connection:
    return Connection.objects.get(tenant=tenant, system=system)


def _told(tenant: Any, system: str) -> tuple[str, str]:
    """State and cause; what a user reads must say something in both languages."""
    found = _connection(tenant, system)
    for language in ("sv", "en"):
        explanation = explain(found.cause, found.params, language)
        assert explanation.what
        assert explanation.what != found.cause
    return found.state, found.cause


def test_wrong_smartdok_token(smartdok: Any, fortnox: Any, settled: Any, tenant: Any) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    smartdok.revoke_token()
    assert settled().exit_code == 2
    assert _told(tenant, "smartdok") == ("needs_consent", "smartdok.token_refused")
    assert _connection(tenant, "fortnox").state == "connected"
    smartdok.token_revoked = False
    assert settled().exit_code == 0
    assert list(fortnox.customers) == ["1"]


def test_expired_smartdok_session_is_renewed_without_a_word(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, twins: Any
) -> None:
    run()
    twins.smartdok.expire_sessions()
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    assert settled().exit_code == 0
    assert list(fortnox.customers) == ["1"]
    assert twins.smartdok.renew_calls == 0, "Renew would kill the customer's token"


def test_a_missing_right_in_smartdok_stops_one_flow_only(
    smartdok: Any, fortnox: Any, settled: Any, tenant: Any
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    smartdok.claims.discard("ProjectsRead")
    assert settled().exit_code == 2
    pipeline = tenant.pipelines.get(flow="projects")
    assert (pipeline.paused_cause, pipeline.paused_params["right"]) == ("smartdok.missing_right", "ProjectsRead")
    assert "ProjectsRead" in explain(pipeline.paused_cause, pipeline.paused_params, "sv").what
    assert list(fortnox.customers) == ["1"]
    smartdok.claims.add("ProjectsRead")
    assert settled().exit_code == 0
    assert tenant.pipelines.get(flow="projects").paused_cause == ""


def test_fortnox_consent_withdrawn_pauses_everything_and_burns_nothing(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, tenant: Any, twins: Any
) -> None:
    run()
    for number in range(5):
        smartdok.add_customer(CustomerNumber=str(number), CustomerName="Kund")
    twins.fortnox.withdraw_consent(fortnox.tenant_id)
    assert settled().exit_code == 2
    assert _told(tenant, "fortnox")[0] == "needs_consent"
    assert Attempt.objects.count() <= 1
    assert set(Item.objects.values_list("tries", flat=True)) == {0}
    assert set(Item.objects.values_list("state", flat=True)) <= {"pending", "waiting"}
    fortnox.give_consent()
    assert settled().exit_code == 0
    assert len(fortnox.customers) == 5


def test_wrong_fortnox_tenant_id(smartdok: Any, fortnox: Any, settled: Any, run: Any, tenant: Any, twins: Any) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    connection = _connection(tenant, "fortnox")
    right, connection.options = connection.options, {"tenant_id": "1"}
    connection.save()
    assert run().exit_code == 2
    assert _told(tenant, "fortnox") == ("needs_consent", "fortnox.consent_gone")
    other = twins.tenant("maltes-mark").fortnox
    assert (fortnox.customers, other.customers) == ({}, {})
    connection.refresh_from_db()
    connection.options, connection.token, connection.state = right, {}, "unchecked"
    connection.save()
    assert settled().exit_code == 0


@pytest.mark.parametrize("system", ["smartdok", "fortnox"])
def test_unreachable_host(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, tenant: Any, twins: Any, system: str
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    server = getattr(twins, system)
    server.stop()
    assert run().exit_code == 1
    # A token cannot be fetched either, and that is what was tried first.
    state, cause = _told(tenant, system)
    assert (state, cause) in {
        ("degraded", "http.unreachable"), ("degraded", f"{system}.token_unavailable"),
    }  # fmt: skip
    server.start()
    Item.objects.filter(state="waiting").update(not_before=None, state="pending")
    assert settled().exit_code == 0
    assert list(fortnox.customers) == ["1"]


def test_a_customer_named_with_400_characters(smartdok: Any, fortnox: Any, settled: Any) -> None:
    name = "Bostadsrättsföreningen " * 18
    smartdok.add_customer(CustomerNumber="1", CustomerName=name[:400])
    assert settled().exit_code == 0
    assert fortnox.customers["1"]["Name"] == name[:400].strip()


def test_a_project_named_with_70_characters_is_cut_and_says_so(
    smartdok: Any, fortnox: Any, settled: Any, item: Any
) -> None:
    smartdok.add_project(ProjectNumber="1", ProjectName="Ombyggnad " * 7, StartDate="2026-03-01T00:00:00")
    assert settled().exit_code == 0
    assert fortnox.projects["1"]["Description"] == ("Ombyggnad " * 5).strip()
    assert [(each["rule"], each["text"]) for each in item("projects", 1).notes] == [("G5", "length")]


def test_null_where_the_document_says_text(smartdok: Any, fortnox: Any, settled: Any, bill: Any) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    customer |= dict.fromkeys(["Email", "Address", "ZipCode", "City", "Comment", "OrganizationNumber"])
    project = smartdok.add_project(ProjectNumber="1", StartDate="2026-03-01T00:00:00")
    project |= dict.fromkeys(["ProjectOwnerName", "DescriptionText", "ClientCompanyContact", "EndDate"])
    goods = smartdok.add_goods(Number="10", Name="Grus")
    goods["Unit"] = None
    basis = bill({"Code": "10", "LineText": None, "UnitType": None, "Price": 5.0, "Quantity": 1.0})
    basis |= {"Title": None, "InvoicedBy": None, "Surcharge": None, "SubProjectIds": None}
    assert settled().exit_code == 0
    assert remote.customers(fortnox)["1"] == {"Name": "Kund", "Active": True, "Type": "PRIVATE", "VATType": "SEVAT"}
    assert fortnox.invoices["1"]["Net"] == 5


@pytest.mark.parametrize("field", ["Price", "Quantity", "Sum"])
def test_an_amount_that_is_missing_is_never_guessed(
    fortnox: Any, settled: Any, bill: Any, item: Any, field: str
) -> None:
    basis = bill(SerialNumber="F1")
    good = bill()
    basis["InvoiceLines"][0][field] = None
    assert settled().exit_code == 2
    assert len(fortnox.invoices) == 1
    assert item("invoices", good["Id"]).state == "done"
    broken = Item.objects.get(pipeline__flow="invoices", source_id=str(basis["Id"]))
    assert (broken.state, broken.cause) == ("stopped", "data.unreadable")
    assert list(broken.params["problems"].values()) == ["saknas"]


def test_an_invoice_of_negative_quantities_only(fortnox: Any, settled: Any, bill: Any) -> None:
    bill({"LineText": "Återtag", "Price": 100.0, "Quantity": -3.0})
    assert settled().exit_code == 0
    assert fortnox.invoices["1"]["Net"] == -300


def test_a_smartdok_page_that_shrinks_while_it_is_read(smartdok: Any, fortnox: Any, settled: Any, twins: Any) -> None:
    twins.smartdok.switches.page_size = 20
    customers = [smartdok.add_customer(CustomerNumber=str(n), CustomerName=f"K{n}") for n in range(1, 51)]
    gone: list[Any] = []

    def shrink(exchange: Any) -> None:
        if exchange.path == "/Customers" and "offset=20" in exchange.query and not gone:
            gone.extend(smartdok.customers.pop(each["Id"]) for each in customers[:6])

    twins.smartdok.observers.append(shrink)
    assert settled().exit_code == 0
    assert set(fortnox.customers) == {str(n) for n in range(1, 51)}, "the six were read before they were deleted"


def test_a_smartdok_list_that_shifts_at_the_same_length_while_it_is_read(
    smartdok: Any, fortnox: Any, run: Any, twins: Any, tenant: Any
) -> None:
    twins.smartdok.switches.page_size = 20
    first, *_ = [smartdok.add_customer(CustomerNumber=str(n), CustomerName=f"K{n}") for n in range(1, 51)]

    def shift(exchange: Any) -> None:
        if exchange.path == "/Customers" and "offset=20" in exchange.query and first["Id"] in smartdok.customers:
            del smartdok.customers[first["Id"]]
            smartdok.add_customer(CustomerNumber="51", CustomerName="K51")

    twins.smartdok.observers.append(shift)
    run()
    assert set(fortnox.customers) == {str(n) for n in range(1, 52)} - {"41"}, "one slipped through between two pages"
    tenant.pipelines.update(cursor={})  # the next whole reading
    assert run().exit_code == 0
    assert set(fortnox.customers) == {str(n) for n in range(1, 52)}
    assert not Item.objects.exclude(gone_at=None).exists(), "absent once is not gone"


def test_a_fortnox_list_that_shrinks_while_it_is_read(
    smartdok: Any, fortnox: Any, run: Any, twins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integration.systems.fortnox.lists.LIMIT", 20)
    smartdok.add_project(ProjectNumber="2041", StartDate="2026-03-01T00:00:00")
    supplier = fortnox.add_supplier("Betong AB")
    numbers = [fortnox.add_supplier_invoice(supplier, "10", invoice_date=datetime.date(2025, 5, 1)) for _ in range(24)]
    late = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY)

    def shrink(exchange: Any) -> None:
        if exchange.path == "/3/supplierinvoices" and "page" not in exchange.query:
            for number in numbers[:8]:
                fortnox.supplier_invoices.pop(number, None)

    twins.fortnox.observers.append(shrink)
    run(only=["supplier-invoices"])
    assert list(smartdok.supplier_invoices) == [late]


def test_a_page_of_a_firewall_stops_nothing_and_takes_nothing_for_gone(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, tenant: Any, twins: Any, item: Any, bill: Any
) -> None:
    given = fortnox.add_supplier_invoice(fortnox.add_supplier("Betong AB"), "125", project="2041")
    settled()
    page = "<html>Request blocked</html>"
    twins.fortnox.faults.add("status", "POST", "/3/invoices", times=1, status=403, body=page)
    twins.fortnox.faults.add("status", "GET", r"/3/supplierinvoices/\d+$", times=None, status=404, body=page)
    bill()
    fortnox.touch("supplier_invoices", given)
    for _ in range(3):
        run()
    assert {each.state for each in tenant.connections.all()} == {"connected"}
    assert len(fortnox.invoices) == 1
    assert item("supplier-invoices", given).gone_at is None
