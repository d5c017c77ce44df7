"""The daily audit: what no row can tell."""

from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.core.management import call_command
from structlog.testing import capture_logs

from integration.models import Tenant
from sync.engine.audit import audit
from sync.models import Document, Item, Pipeline

PDF = b"%PDF-1.4\n% ett dokument\n%%EOF\n"


def _invoice(smartdok: Any) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken")
    project = smartdok.add_project(ProjectNumber="2041", ProjectName="Garage", StartDate="2026-03-01T00:00:00")
    line = {"LineText": "Gjutning", "Price": 450.0, "Quantity": 8.0, "UnitType": "tim", "InvoiceLineTypeId": 1}
    smartdok.add_invoice([line], CustomerId=customer["Id"], ProjectId=project["Id"])


def test_I2_unknown_references_and_doubles_are_reported_and_left_alone(
    tenant: Tenant, smartdok: Any, fortnox: Any, run: Any, capsys: Any
) -> None:
    _invoice(smartdok)
    run()
    assert audit(tenant) == {
        "invoices": {"unknown": [], "doubles": []},
        "supplier-documents": {"fetched_anew": [], "lost": []},
    }
    ours = next(iter(fortnox.invoices.values()))
    reference = ours["ExternalInvoiceReference1"]
    fortnox.put("invoices", "901", {**ours, "DocumentNumber": "901"})
    for number, other in (("902", "BYGGBRO-999999999999"), ("903", "Annat system")):
        fortnox.put("invoices", number, {**ours, "DocumentNumber": number, "ExternalInvoiceReference1": other})
    found = audit(tenant)["invoices"]
    assert found["doubles"] == [{"reference": reference, "target_ids": ["1", "901"]}]
    assert [(each["reference"], each["target_id"]) for each in found["unknown"]] == [
        (reference, "901"),
        ("BYGGBRO-999999999999", "902"),
    ]
    kept = Pipeline.objects.get(tenant=tenant, flow="invoices").audit
    assert {name: kept[name] for name in found} == found
    call_command("status", tenant.slug)
    assert "BYGGBRO-999999999999" in capsys.readouterr().out
    assert len(fortnox.invoices) == 4


def test_I2_what_is_being_sent_is_not_told_as_unknown(tenant: Tenant, smartdok: Any, run: Any) -> None:
    _invoice(smartdok)
    run()
    item = Item.objects.get(pipeline__flow="invoices")
    Item.objects.filter(pk=item.pk).update(state="running", target_id="", intent_at=item.sent_at)
    assert audit(tenant)["invoices"] == {"unknown": [], "doubles": []}
    for fields in ({"intent_at": None}, {"state": "stopped"}, {"state": "left_out"}):
        Item.objects.filter(pk=item.pk).update(**{"state": "running", "intent_at": item.sent_at, **fields})
        assert [each["target_id"] for each in audit(tenant)["invoices"]["unknown"]] == [item.target_id], fields


def test_S6_a_document_without_its_file_is_fetched_anew(
    tenant: Tenant, smartdok: Any, fortnox: Any, run: Any, settings: Any, tmp_path: Path
) -> None:
    smartdok.add_project(ProjectNumber="2041", ProjectName="Garage", StartDate="2026-03-01T00:00:00")
    supplier = fortnox.add_supplier("Grus AB")
    for _ in range(2):
        number = fortnox.add_supplier_invoice(supplier, 1250, project="2041")
        fortnox.attach_file(number, "faktura.pdf", PDF)
    run()
    first, second = Document.objects.order_by("pk")
    for document in (first, second):
        default_storage.delete(document.path)
    del fortnox.files[second.item.record["file_id"]]
    assert audit(tenant)["supplier-documents"] == {
        "fetched_anew": ["faktura.pdf"],
        "lost": [{"name": "faktura.pdf", "number": second.item.key, "cause": "document.gone"}],
    }
    first.refresh_from_db()
    with default_storage.open(first.path) as file:
        assert file.read() == PDF


def test_G8_a_document_whose_record_an_earlier_version_stored_ends_no_audit(
    tenant: Tenant, smartdok: Any, fortnox: Any, run: Any
) -> None:
    smartdok.add_project(ProjectNumber="2041", ProjectName="Garage", StartDate="2026-03-01T00:00:00")
    supplier = fortnox.add_supplier("Grus AB")
    for _ in range(2):
        number = fortnox.add_supplier_invoice(supplier, 1250, project="2041")
        fortnox.attach_file(number, "faktura.pdf", PDF)
    run()
    old, other = Document.objects.order_by("pk")
    for document in (old, other):
        default_storage.delete(document.path)
    Item.objects.filter(pk=old.item_id).update(record={"source_id": "1"})
    assert audit(tenant)["supplier-documents"] == {
        "fetched_anew": ["faktura.pdf"],
        "lost": [{"name": "faktura.pdf", "number": old.item.key, "cause": "data.outdated"}],
    }


def test_a_side_that_cannot_be_looked_at_is_logged_by_its_cause(tenant: Tenant) -> None:
    tenant.connections.filter(system="fortnox").delete()
    with capture_logs() as lines:
        audit(tenant)
    told = {line["flow"]: line["failed"] for line in lines if line["event"] == "audit"}
    assert told == {"invoices": "connection.missing"}
