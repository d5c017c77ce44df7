"""What an item may hang on (`Waiting.needs`, `Fault.until`), as text that its row keeps and the database searches.

| text | comes true when |
|---|---|
| `customers:no=1001`, `customers:id=7` | the item with this number, or source id, lies in the target |
| `projects:seen=P7` | an item with this number was read at all, whether it is transferred or not (S3) |
| `customers:single=1001` | no two items that are still in the source bear this number (G3) |
| `projects:settled=7` | the item with this source id has found an end, whichever it is |
| `projects:pull` | the flow's whole source was read: what a list of changes does not name shows there |
| `pipeline:invoices` | the flow is no longer held up as a whole |
| `connection:fortnox` | the connection is usable |
| `document:42` | the target has fetched the document of the item with this primary key (S6) |
"""

from typing import NamedTuple

WHOLE = {"pipeline", "connection", "document"}


class Reference(NamedTuple):
    """A text in its parts. `flow`: the flow's key; empty where it is not about the items of a flow."""

    flow: str
    kind: str
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """The parts of what `str` made; a number may hold any character."""
        first, _, rest = text.partition(":")
        if first in WHOLE:
            return cls("", first, rest)
        kind, _, value = rest.partition("=")
        return cls(first, kind, value)

    def __str__(self) -> str:
        if not self.flow:
            return f"{self.kind}:{self.value}"
        return f"{self.flow}:{self.kind}={self.value}" if self.value else f"{self.flow}:{self.kind}"


def need(flow: str, *, key: str = "", source_id: str = "") -> str:
    """An item lying in the target, by number or by source id."""
    return str(Reference(flow, "no", key) if key else Reference(flow, "id", source_id))


def need_pull(flow: str) -> str:
    """The next whole reading of a flow's source."""
    return str(Reference(flow, "pull"))


def need_settled(flow: str, source_id: str) -> str:
    """An item having found an end."""
    return str(Reference(flow, "settled", source_id))


def need_seen(flow: str, key: str) -> str:
    """An item with this number being read."""
    return str(Reference(flow, "seen", key))


def need_single(flow: str, key: str) -> str:
    """A number being borne by one item at most."""
    return str(Reference(flow, "single", key))


def need_pipeline(flow: str) -> str:
    """A flow going on."""
    return str(Reference("", "pipeline", flow))


def need_connection(system: str) -> str:
    """A connection being usable."""
    return str(Reference("", "connection", system))


def need_document(item_id: int) -> str:
    """The target having fetched an item's document."""
    return str(Reference("", "document", str(item_id)))


def met_by(flow: str, source_id: str, key: str) -> list[str]:
    """The references by which others wait for an item lying in the target."""
    by_number = [need(flow, key=key)] if key else []
    return [need(flow, source_id=source_id), *by_number]
