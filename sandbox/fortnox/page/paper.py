"""A PDF of a supplier invoice, for invoices that are added on the page without a file."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas


def supplier_invoice_pdf(invoice: dict[str, Any], buyer: str) -> bytes:
    """`invoice` in the vendor's field names."""
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1)
    canvas.setTitle(f"Faktura {invoice['InvoiceNumber']}")
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawString(20 * mm, 268 * mm, invoice["SupplierName"])
    canvas.setFont("Helvetica", 11)
    lines = {
        "Fakturanummer": invoice["InvoiceNumber"],
        "Fakturadatum": invoice["InvoiceDate"],
        "Förfallodatum": invoice["DueDate"],
        "Kund": buyer,
        "Märkning": invoice["Project"] or "–",
        "Varav moms": f"{invoice['VAT'].replace('.', ',')} kr",
        "Att betala": f"{invoice['Total'].replace('.', ',')} kr",
    }
    for index, (label, value) in enumerate(lines.items()):
        height = (250 - 8 * index) * mm
        canvas.drawString(20 * mm, height, label)
        canvas.drawString(65 * mm, height, str(value))
    canvas.save()
    return stream.getvalue()
