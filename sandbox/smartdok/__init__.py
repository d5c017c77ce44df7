"""A twin of SmartDok's REST API, for the demo, the tests and the benches.

Written from the vendor's OpenAPI document and the integrators' notes, never from our own adapters. Where those are
silent the twin does what its docstrings say, and `twin.switches` (`sandbox.smartdok.lists.Switches`: page_size,
ignore_paging, created_status, invoice_dates) turns the guesses round.

    with SmartDokTwin([Company("Bygg AB", token="t-1")]) as twin:          # twin.url
        company = twin.company("t-1")
        customer = company.add_customer(CustomerNumber="1001", CustomerName="Kund AB")
        project = company.add_project(ProjectNumber="2041", StartDate="2026-03-01T00:00:00")
        lines = [{"Code": "10", "LineText": "Gjutning", "Price": 450.0, "Quantity": 8.0, "UnitType": "tim"}]
        invoice = company.add_invoice(lines, CustomerId=customer["Id"], ProjectId=project["Id"])
        company.withdraw(invoice["Id"])
        company.change_invoice(invoice["Id"], [*lines, lines[0]])
        company.finalise(invoice["Id"])
        company.touch(customer, Email="ny@kund.example")                    # changes and stamps any record
        ...
        assert company.supplier_invoices["12"]["InvoiceStatus"] == "Unbooked"   # by ExternalInvoiceNumber
        assert company.documents[0]["sha256"] == ...
        twin.approve_supplier_invoice(company, "12")                        # fires the webhook

`SmartDokTwin(companies=(), *, host, port=0, latency=0.0, data_file=None, clock=utc_now, session_life=1 h)` is a
`sandbox.server.TwinServer`: start/stop, url, port, requests, observers, faults. Beyond that: expire_sessions(),
set_clock(clock), keys.rotate(), renew_calls, deliveries, document_timeout.

`Company(name, token, *, organization_number="", discount_reading="percent", id=1)` holds plain dicts by Id, named as
the vendor does: customers, projects, sub_projects, departments, goods, goods_categories, units, machines,
machine_categories, invoices, users, webhooks; further supplier_invoices, supplier_invoice_ids, approved, documents,
claims (a set: remove one to take the right away), revoke_token(). Helpers return the record: add_customer, add_project,
add_sub_project, add_goods(unit="st"), add_machine, add_unit, add_department, add_user, add_invoice, finalise, withdraw,
change_invoice, credit, touch.
"""

from sandbox.smartdok.clock import SWEDEN
from sandbox.smartdok.company import Company
from sandbox.smartdok.twin import SmartDokTwin

__all__ = ["SWEDEN", "Company", "SmartDokTwin"]
