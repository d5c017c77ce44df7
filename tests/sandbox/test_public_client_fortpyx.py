"""The Fortnox twin against `fortpyx`, a client from PyPI that this project did not write.

It pins old versions of what we use, so it lives in .venv-clients and is driven in a process of its own.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sandbox.fortnox import TENANT, running

PYTHON = Path(__file__).parents[2] / ".venv-clients" / "bin" / "python"

# fortpyx has no option for its addresses, so they are set on the class. It prints what it saw as JSON.
SCRIPT = """
import json, sys
from fortpyx import Fortpyx
from fortpyx.error.fortnox_error import FortnoxError
from fortpyx.model import *

url, client_id, client_secret, code, redirect_uri = sys.argv[1:]
Fortpyx._Fortpyx__BASE_URL = url
Fortpyx._Fortpyx__TOKEN_URL = url + "/oauth-v1/token"
client = Fortpyx(client_id, client_secret, page_size=2, auto_fetch_all_pages=True)
client.get_tokens(code, redirect_uri)
client.refresh_tokens()
api = client.fortnox
seen = {}

seen["database"] = api.company_information.retrieve_the__company__information().company_information.database_number
for number in range(1, 6):
    body = FortnoxCustomerWrap(Customer=FortnoxCustomer(Name=f"Kund {number}", CustomerNumber=str(number)))
    api.customers.create_a_customer(body)
listed = api.customers.retrieve_a_list_of_customers()
seen["customers"] = [row.name for row in listed.customers]
seen["pages"] = listed.meta_information.total_pages
api.customers.update_a_customer(FortnoxCustomerWrap(Customer=FortnoxCustomer(Name="Kund ett", City="Sala")), "1")
one = api.customers.retrieve_a_customer("1").customer
seen["customer"] = [one.name, one.city, one.zip_code]

project = FortnoxProject(ProjectNumber="2041", Description="Kajen")
api.projects.create_a_project(FortnoxProjectWrap(Project=project))
seen["project"] = api.projects.retrieve_a_single_project("2041").project.description
api.units.create_a_unit(FortnoxUnitWrap(Unit=FortnoxUnit(Code="tim", Description="Timmar")))
article = FortnoxArticle(ArticleNumber="10", Description="Kran", Unit="tim", SalesPrice=950.5)
api.articles.create_an_article(FortnoxArticleWrap(Article=article))
seen["articles"] = [row.sales_price for row in api.articles.retrieve_a_list_of_articles().articles]

rows = [FortnoxInvoicePayloadInvoiceRow(ArticleNumber="10", DeliveredQuantity="2.5", Price=950.5, Project="2041")]
payload = FortnoxInvoicePayload(CustomerNumber="1", ExternalInvoiceReference1="BB-1", InvoiceRows=rows)
created = api.invoices.create_an_invoice(FortnoxInvoicePayloadWrap(Invoice=payload)).invoice
read = api.invoices.retrieve_a_single_invoice(created.document_number).invoice
seen["invoice"] = [read.document_number, read.net, read.booked, read.invoice_rows[0].delivered_quantity]
found = api.invoices.retrieve_a_list_of_invoices(externalinvoicereference1="bb").invoices
seen["found"] = [row.external_invoice_reference1 for row in found]

given = api.supplier_invoices.retrieve_a_list_of_supplier_invoices().supplier_invoices[0].given_number
supplied = api.supplier_invoices.retrieve_a_single_supplier_invoice(given).supplier_invoice
seen["supplier_invoice"] = [supplied.total, [row.debit for row in supplied.supplier_invoice_rows]]
listed = api.supplier_invoice_file_connections.retrieve_a_list_of_supplier_invoice_file_connections()
seen["files"] = [row.name for row in listed.supplier_invoice_file_connections]

try:
    api.customers.create_a_customer(FortnoxCustomerWrap(Customer=FortnoxCustomer(Name="Igen", CustomerNumber="1")))
except FortnoxError as error:
    seen["refused"] = [error.error_code, error.description]
print(json.dumps(seen))
"""


def test_fortpyx_lists_creates_reads_and_is_refused() -> None:
    if not PYTHON.exists():
        pytest.skip("there is no .venv-clients with requirements/clients.txt installed; `make test` makes it")
    with running() as fortnox:
        company = fortnox.company
        company.add_supplier("Betong AB", "7")
        company.attach_file(company.add_supplier_invoice("7", "12500"), "F-1.pdf", b"%PDF-")
        callback = "http://127.0.0.1:9/callback"
        code = fortnox.twin.tokens.issue_code(TENANT, company.consent.scopes if company.consent else set(), callback)
        run = subprocess.run(
            [
                PYTHON,
                "-c",
                SCRIPT,
                fortnox.twin.url,
                fortnox.twin.client_id,
                fortnox.twin.client_secret,
                code,
                callback,
            ],
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout) == {
            "database": TENANT,
            "customers": [f"Kund {number}" for number in range(1, 6)],
            "pages": 3,
            "customer": ["Kund ett", "Sala", None],
            "project": "Kajen",
            "articles": ["950.5"],
            "invoice": ["1", 2376.25, False, "2.5"],
            "found": ["BB-1"],
            "supplier_invoice": ["12500.00", [0, 2500, 10000]],
            "files": ["F-1.pdf"],
            "refused": [2000637, "Kundnummer 1 används redan."],
        }
        # fortpyx sends `limit` along with its writes, which the document does not know; the rest is checked.
        fortnox.exchanges[:] = [e if e.method == "GET" else replace(e, query="") for e in fortnox.exchanges]
