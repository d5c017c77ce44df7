"""The files of supplier invoices: real PDFs, a scanned picture, and a file that only claims to be a PDF.

The same invoice gives the same bytes every time: reportlab's invariant mode leaves the date of making out.
"""

import struct
import zlib
from decimal import Decimal
from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas


def swedish(amount: Decimal) -> str:
    """`12 345,60`."""
    return f"{amount:,.2f}".replace(",", " ").replace(".", ",")


def invoice_pdf(invoice: dict[str, Any], buyer: str, costs: list[tuple[str, Decimal]], title: str = "Faktura") -> bytes:
    """A page that looks like the supplier's invoice. `invoice` is in Fortnox's field names, `costs` are text and
    net."""
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle(f"{title} {invoice['InvoiceNumber']}")
    canvas.setAuthor(invoice["SupplierName"])
    canvas.setFont("Helvetica-Bold", 18)
    canvas.drawString(20 * mm, 270 * mm, invoice["SupplierName"])
    canvas.drawRightString(190 * mm, 270 * mm, title)
    canvas.setFont("Helvetica", 10)
    head = (
        ("Fakturanummer", invoice["InvoiceNumber"]),
        ("Fakturadatum", invoice["InvoiceDate"]),
        ("Förfallodatum", invoice["DueDate"]),
        ("Märkning", invoice["Project"] or "–"),
        ("Kund", buyer),
    )
    height = 255 * mm
    for label, value in head:
        canvas.drawString(20 * mm, height, label)
        canvas.drawString(60 * mm, height, value)
        height -= 6 * mm
    height -= 6 * mm
    canvas.line(20 * mm, height + 4 * mm, 190 * mm, height + 4 * mm)
    for text, net in costs:
        canvas.drawString(20 * mm, height, text)
        canvas.drawRightString(190 * mm, height, swedish(net))
        height -= 6 * mm
    canvas.line(20 * mm, height + 3 * mm, 190 * mm, height + 3 * mm)
    for label, value in (("Moms", invoice["VAT"]), ("Att betala", invoice["Total"])):
        canvas.drawString(130 * mm, height - 2 * mm, label)
        canvas.drawRightString(190 * mm, height - 2 * mm, f"{swedish(Decimal(value))} {invoice['Currency']}")
        height -= 6 * mm
    canvas.setFont("Helvetica", 8)
    canvas.drawString(20 * mm, 15 * mm, "Påhittad faktura ur Byggbros demodata. Ska inte betalas.")
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def scan_png() -> bytes:
    """A grey page of 60 x 85 points, as a scanner without text recognition gives it."""
    width, height = 60, 85
    rows = b"".join(b"\x00" + bytes(235 - (column * row) % 40 for column in range(width)) for row in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def scan_tiff() -> bytes:
    """The same kind of page as an uncompressed TIFF, which Fortnox takes by mail too."""
    width, height = 60, 85
    pixels = bytes(235 - (column * row) % 40 for row in range(height) for column in range(width))
    tags = (
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, 8),
        (277, 3, 1, 1),
        (278, 3, 1, height),
        (279, 4, 1, len(pixels)),
    )
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    return b"II*\x00" + struct.pack("<I", 8 + len(pixels)) + pixels + directory


def false_pdf() -> bytes:
    """What a mail gateway stored under the name of an attachment that it had blocked."""
    return "<html><body><h1>Bilagan har tagits bort</h1><p>Innehållet kunde inte granskas.</p></body></html>".encode()
