"""What lies in a twin can be read as JSON: the demo's comparison stands on it."""

import hashlib

import requests

from sandbox import Twins


def test_everything_that_lies_in_the_twins_is_told_and_files_by_their_hash() -> None:
    with Twins(empty=True) as twins:
        company = twins.tenant("ostanbygg")
        supplier = company.fortnox.add_supplier("Grus AB")
        number = company.fortnox.add_supplier_invoice(supplier, 125)
        file_id = company.fortnox.attach_file(number, "Faktura.pdf", b"%PDF-1.4 bytes")
        customer = company.smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
        fortnox = requests.get(f"{twins.fortnox.url}/_state", timeout=5).json()
        smartdok = requests.get(f"{twins.smartdok.url}/_state", timeout=5).json()
        assert [each.path for each in (*twins.fortnox.requests, *twins.smartdok.requests)] == []
    told = fortnox["companies"][str(company.tenant.fortnox_tenant_id)]
    assert told["supplier_invoices"][number]["SupplierName"] == "Grus AB"
    assert told["files"][file_id]["Bytes"] == hashlib.sha256(b"%PDF-1.4 bytes").hexdigest()
    assert smartdok[0]["customers"][str(customer["Id"])]["CustomerName"] == "Bygg AB"
