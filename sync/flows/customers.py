"""Customers, SmartDok → Fortnox (C1-C6)."""

from dataclasses import replace

from integration.errors import Conflict, InvalidRecord, Skip
from integration.mapping import is_legal_person, organisation_number
from integration.records import Customer
from integration.systems.base import Found
from sync.flows.base import Desk, Flow, Label, doubles, flow


@flow
class Customers(Flow[Customer, Customer]):
    """C1: new or changed customers are created or updated, matched on customer number."""

    key = "customers"
    title = "Kunder"
    noun = "kund"
    reads = writes = Customer
    cadence = 120
    maps = ("vat_type",)
    rank = 10

    def label(self, record: Customer) -> Label:
        return Label(record.number, record.name)

    def prepare(self, record: Customer, desk: Desk) -> Customer:
        """C2 no number, C3 type and VAT type, C4 double numbers."""
        if not record.number:
            raise Skip("C2", name=record.name)
        if others := doubles(desk, self.key, record.number, record.source_id):
            raise Conflict("C4", number=record.number, others=others)
        if not record.name.strip():
            raise InvalidRecord("C1.no_name", number=record.number)
        company = is_legal_person(record.organisation_number)
        everybody = desk.value("vat_type", "", "SEVAT")
        vat_type = desk.value("vat_type", "COMPANY" if company else "PRIVATE", everybody)
        return replace(record, company=company, vat_type=vat_type)

    def adopt(self, record: Customer, found: Found, desk: Desk) -> None:
        """C5: the same number with another organisation number is somebody else until a person says otherwise. Where
        only one side has one, the name must be the same."""
        ours = organisation_number(record.organisation_number)
        theirs = organisation_number(str(found.fields.get("OrganisationNumber") or ""))
        their_name = str(found.fields.get("Name") or "")
        if ours == theirs or (not (ours and theirs) and _plain(record.name) == _plain(their_name)):
            return
        raise Conflict(
            "C5", number=record.number, ours=record.organisation_number, theirs=theirs,
            our_name=record.name, their_name=their_name,
        )  # fmt: skip


def _plain(name: str) -> str:
    """A name without what typing differs in: case and spaces."""
    return " ".join(name.split()).casefold()
