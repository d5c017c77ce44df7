"""Files that hang on Fortnox' supplier invoices (S6, note 58)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from integration.errors import Fault, InvalidRecord, Transient
from integration.records import Page, Read, SupplierDocument, Unreadable
from integration.registry import reads
from integration.systems.base import FileReader, Window
from integration.systems.border import read
from integration.systems.fortnox import lists
from integration.systems.fortnox.errors import is_missing
from integration.systems.fortnox.schemas import ConnectionShape
from integration.systems.fortnox.system import Fortnox

PATH = "/3/supplierinvoicefileconnections"
KEY = ("SupplierInvoiceNumber", "FileId")


@reads("fortnox", SupplierDocument)
class DocumentReader(FileReader[Fortnox, SupplierDocument]):
    """GET /3/supplierinvoicefileconnections, always whole: the reliable path to a file ("Seen in practice" 1).

    `source_id` is `<GivenNumber>:<FileId>`: one file may hang on several invoices.
    """

    shape = ConnectionShape()

    def pages(self, window: Window) -> Iterator[Page[SupplierDocument]]:
        """Every connection."""
        for rows in lists.pages(self.system.http, PATH, "SupplierInvoiceFileConnections", KEY, {}):
            yield Page.of(map(self._take, rows))

    def content(self, record: SupplierDocument, largest: int) -> bytes:
        """The file byte for byte: from the archive, as a newer attachment, or from the inbox.

        Raises:
            InvalidRecord: it is larger than `largest` bytes, or in none of these places.
            Transient: a web page came in its place.
        """
        file_id = quote(record.file_id, safe="")
        places: tuple[tuple[str, dict[str, str]], ...] = (
            (f"/3/archive/{file_id}", {}),
            (f"/3/archive/{file_id}", {"fileid": record.file_id}),
            (f"/3/inbox/{file_id}", {}),
        )
        for path, params in places:
            try:
                answer = self.system.http.get(path, params, largest=largest)
            except Fault as fault:
                if not is_missing(fault):
                    raise
            else:
                if answer.headers.get("Content-Type", "").startswith("text/html"):
                    # A page of theirs about trouble, with status 200; no file of an invoice is one.
                    raise Transient("http.not_json", method="GET", path=path, status=answer.status)
                return bytes(answer.content)
        raise InvalidRecord("document.gone", file_id=record.file_id, name=record.name)

    def _take(self, row: dict[str, Any]) -> Read[SupplierDocument] | Unreadable:
        return read(self.shape, row, _document, key="FileId", label="Name")


def _document(values: dict[str, Any]) -> SupplierDocument:
    return SupplierDocument(
        source_id=f"{values['external_number']}:{values['file_id']}",
        external_number=values["external_number"],
        file_id=values["file_id"],
        name=values["name"].strip() or values["file_id"],
    )
