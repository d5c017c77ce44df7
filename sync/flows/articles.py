"""Articles, SmartDok → Fortnox (A1-A4): goods and machines, created when an invoice needs them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from integration.errors import Skip
from integration.records import Article
from sync.flows.base import Desk, Flow, Label, Setting, doubles, flow


@flow
class Articles(Flow[Article, Article]):
    """A2: an article that Fortnox lacks is created when an invoice needs it; by setting the whole register is kept."""

    key = "articles"
    title = "Artiklar"
    noun = "artikel"
    reads = writes = Article
    cadence = 300
    maps = ("unit",)
    unneeded = ("A2.not_needed", "A2.inactive")
    rank = 30
    settings = (Setting("whole_register", "Håll hela artikelregistret i takt (A2)", False),)

    def label(self, record: Article) -> Label:
        return Label(record.number, record.name)

    def prepare(self, record: Article, desk: Desk) -> Article:
        """A2 needed or not, A3 doubles are ignored, A4 the unit by the value map."""
        if not record.number:
            raise Skip("A1.no_number", name=record.name)
        if others := doubles(desk, self.key, record.number, record.source_id):
            raise Skip("A3", number=record.number, others=others)
        if not desk.target_id and not desk.needed():
            if not desk.setting("whole_register"):
                raise Skip("A2.not_needed", number=record.number)
            if not record.active:
                raise Skip("A2.inactive", number=record.number)
        return replace(record, unit=desk.value("unit", record.unit, record.unit))

    def units(self, record: Article) -> Iterable[str]:
        """Its one."""
        return (record.unit,)

    def allowed(self, changes: dict[str, Any], desk: Desk) -> dict[str, Any]:
        """A2: an existing article is not overwritten because an invoice needs it."""
        return changes if desk.setting("whole_register") else {}
