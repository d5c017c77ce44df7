"""The Fortnox twin: a runnable stand-in for api.fortnox.se, written from the vendor's OpenAPI document and the notes.

    twin = FortnoxTwin(companies=[Company(1234567, "Bygg & Mark AB")], limit=False)
    with twin:                                    # twin.url, twin.client_id, twin.client_secret
        company = twin.company(1234567)
        company.add_unit("tim", "Timmar")
        supplier = company.add_supplier("Betong AB", OrganisationNumber="556677-8899")
        given = company.add_supplier_invoice(supplier, "12500.00", project="2041", invoice_number="F-77")
        company.attach_file(given, "F-77.pdf", pdf_bytes, where="archive")   # or "inbox", "attachment"
        ...
        assert company.invoices["1"]["ExternalInvoiceReference1"] == "BB-..."

`FortnoxTwin(companies=(), *, limit=True, client_id=..., client_secret=..., port=0, latency=0.0, data_file=None,
host="127.0.0.1", clock=..., monotonic=..., token_life=3600)` is a `sandbox.server.TwinServer`: start/stop, url, port,
requests, observers, faults. Beyond that: `.companies`, `.company(tenant_id)`, `.add_company(company)`,
`.withdraw_consent(tenant_id)`, `.tokens` (`.tokens.expire()`, see `tokens.py`), `.rate_limited` (how many 429 it gave),
`.limit` (switchable at any time), `.login_fault_status` (403 or 401), `.loaded` (the data file existed: do not seed
again).

`Company(tenant_id, name, organisation_number="556000-0001")` holds plain dicts by number in the vendor's field names:
customers, projects, articles, units, invoices, suppliers, supplier_invoices, file_connections, files. Helpers, all of
which return the number (keyword arguments are further fields in the vendor's names):

    add_customer(name, number=None, **fields)         add_project(description, number=None, **fields)
    add_article(description, number=None, **fields)   add_unit(code, description)
    add_supplier(name, number=None, **fields)
    add_supplier_invoice(supplier, total, *, vat=None, project="", rows=None, account=4000, invoice_number="",
                         invoice_date=None, due_date=None, booked=True, number=None, **fields)
    book_supplier_invoice(number)   cancel_supplier_invoice(number)   recode_supplier_invoice(number, project)
    attach_file(given_number, name, content, where="archive", content_type=None)
    delete_customer(number)         touch(register, number)

Switches: locked_until (date), project_accounting, supplier_lastmodified, round_off, burnt_customer_numbers (set),
accounts (number -> active), cost_centers, terms_of_payment, financial_years, approvals; withdraw_consent(),
give_consent(), api_licence, unlicensed_scopes.
"""

from sandbox.fortnox.company import SCOPES, Company, Consent
from sandbox.fortnox.twin import FortnoxTwin

__all__ = ["SCOPES", "Company", "Consent", "FortnoxTwin"]
