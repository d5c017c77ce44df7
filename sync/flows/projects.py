"""Projects, SmartDok → Fortnox (P1-P5)."""

from dataclasses import replace

from integration.errors import Conflict, InvalidRecord, Skip
from integration.records import Project
from sync.flows.base import Desk, Flow, Label, Setting, doubles, flow

NUMBER_LENGTH = 20


@flow
class Projects(Flow[Project, Project]):
    """P1: as customers, matched on project number (at most 20 characters)."""

    key = "projects"
    title = "Projekt"
    noun = "projekt"
    reads = writes = Project
    cadence = 120
    rank = 20
    suspicion = "setup.no_projects"
    settings = (
        Setting("created_as_start", "Använd skapandedatum när startdatum saknas (P2)", False),
        Setting("orders", "Överför även ordrar (P3)", False),
    )

    def label(self, record: Project) -> Label:
        return Label(record.number, record.name)

    def prepare(self, record: Project, desk: Desk) -> Project:
        """P2 start date, P3 absence projects and orders, P4 status; doubles as C4."""
        if record.absence:
            raise Skip("P3.absence", number=record.number)
        if record.order and not desk.setting("orders"):
            raise Skip("P3.order", number=record.number)
        if not record.number:
            raise Skip("P1.no_number", name=record.name)
        if len(record.number) > NUMBER_LENGTH:
            raise InvalidRecord("P1.number_too_long", number=record.number, length=len(record.number))
        if others := doubles(desk, self.key, record.number, record.source_id):
            raise Conflict("P1.double", number=record.number, others=others)
        start = record.start or (record.created if desk.setting("created_as_start") else None)
        if start is None:
            raise InvalidRecord("P2", number=record.number, name=record.name)
        if record.finished or not record.active:
            status = "completed"
        else:
            status = "not_started" if start > desk.today else "ongoing"
        if status == "not_started":
            desk.look_again(start)
        return replace(record, start=start, status=status)
