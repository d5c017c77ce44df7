"""Customers, projects and articles: objects that Fortnox keeps under a number of ours.

Only the fields that `domain.md` names are ever sent (G4): what a bookkeeper set by hand stays.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from integration.mapping import number, organisation_number
from integration.records import Article, Customer, Project
from integration.registry import writes
from integration.systems.base import Found, Listed, Payload, Writer, Written
from integration.systems.border import amount_of
from integration.systems.fortnox import lists
from integration.systems.fortnox.system import Fortnox
from integration.systems.fortnox.text import Texts, as_sent, unaltered
from integration.systems.fortnox.units import WithUnits, unit_text

W = TypeVar("W", Customer, Project, Article)
BLANK = "API_BLANK"  # note 33: null and "" mean "leave alone"
LONG = 1024


class Register(Writer[Fortnox, W]):
    """A register under `/3/<path>`. Fortnox refuses a second object with the same number."""

    keyed: ClassVar[bool] = True
    path: ClassVar[str]
    plural: ClassVar[str]
    singular: ClassVar[str]
    key: ClassVar[str]
    title: ClassVar[str]
    owned: ClassVar[tuple[str, ...]]

    def find(self, record: W) -> Found | None:
        """The object with exactly this number (G2)."""
        return self.get(record.number)

    def get(self, target_id: str) -> Found | None:
        """As `find`, by the number itself."""
        body = self.system.get(self._url(target_id))
        values = body.get(self.singular) if body else None
        if not isinstance(values, dict) or number(as_sent(values.get(self.key))) != target_id:
            return None
        return Found(target_id, {name: self.as_payload(name, values.get(name)) for name in self.owned},
                     f"{target_id} {as_sent(values.get(self.title))}".strip())  # fmt: skip

    def existing(self) -> set[str]:
        """All numbers."""
        found: set[str] = set()
        for rows in lists.pages(self.system.http, f"/3/{self.path}", self.plural, (self.key,), {}):
            found.update(number(as_sent(row.get(self.key))) for row in rows)
        return found

    def listing(self, since: date) -> Iterator[list[Listed]]:
        """All of them, with the fields that the list shows."""
        for rows in lists.pages(self.system.http, f"/3/{self.path}", self.plural, (self.key,), {}):
            yield [self._listed(row) for row in rows]

    def _listed(self, row: dict[str, Any]) -> Listed:
        fields = {name: self.as_payload(name, row[name]) for name in self.owned if name in row}
        return Listed(number(as_sent(row.get(self.key))), as_sent(row.get(self.title)), fields)

    def create(self, record: W, fields: dict[str, Any], before_send: Callable[[], None]) -> Written:
        """POST; empty fields stay out, so that Fortnox' predefined values take their place (note 34)."""
        body = {self.singular: {name: value for name, value in fields.items() if value not in ("", None)}}
        self.system.write("POST", f"/3/{self.path}", body, before_send)
        return Written(record.number, record.number)

    def update(self, target_id: str, record: W, changes: dict[str, Any], before_send: Callable[[], None]) -> Written:
        """PUT of the changes alone; an emptied field is blanked (note 33)."""
        body = {name: BLANK if value in ("", None) else value for name, value in changes.items()}
        self.system.write("PUT", self._url(target_id), {self.singular: body}, before_send)
        return Written(target_id, target_id)

    def as_payload(self, name: str, value: Any) -> Any:
        """A value of Fortnox' in the form that `payload` gives it."""
        return as_sent(value)

    def _url(self, key: str) -> str:
        return f"/3/{self.path}/{quote(key, safe='')}"


@writes("fortnox", Customer)
class CustomerWriter(Register[Customer]):
    """Customers (C1, C3, C6)."""

    path, plural, singular, key, title = "customers", "Customers", "Customer", "CustomerNumber", "Name"
    owned = (
        *("Name", "OrganisationNumber", "Email", "Address1", "ZipCode", "City"),
        *("DeliveryAddress1", "DeliveryZipCode", "DeliveryCity", "Phone1", "Phone2", "Comments", "Active"),
    )

    def payload(self, record: Customer) -> Payload:
        """C3: type and VAT type go on creation only. C6: deactivated is `Active: false`.

        Raises:
            InvalidRecord: the number or the name cannot be sent (G5).
        """
        texts = Texts()
        on_create = {"CustomerNumber": unaltered("CustomerNumber", record.number, LONG)}
        on_create["Type"] = "COMPANY" if record.company else "PRIVATE"
        if record.vat_type:
            on_create["VATType"] = record.vat_type
        fields = {
            "Name": texts.required("Name", record.name, LONG),
            "OrganisationNumber": texts.fit("OrganisationNumber", record.organisation_number, 30),
            "Email": texts.whole("Email", record.email, LONG),
            "Address1": texts.fit("Address1", record.address, LONG),
            "ZipCode": texts.fit("ZipCode", record.zip_code, 10),
            "City": texts.fit("City", record.city, LONG),
            "DeliveryAddress1": texts.fit("DeliveryAddress1", record.delivery_address, LONG),
            "DeliveryZipCode": texts.fit("DeliveryZipCode", record.delivery_zip_code, 10),
            "DeliveryCity": texts.fit("DeliveryCity", record.delivery_city, LONG),
            "Phone1": texts.fit("Phone1", record.phone, LONG),
            "Phone2": texts.fit("Phone2", record.mobile, LONG),
            "Comments": texts.fit("Comments", record.comment, LONG),
            "Active": record.active,
        }
        return Payload(fields, on_create, tuple(texts.notes))

    def as_payload(self, name: str, value: Any) -> Any:
        """`Active` is true where Fortnox says nothing."""
        return value is not False if name == "Active" else as_sent(value)

    def same(self, name: str, ours: Any, theirs: Any) -> bool:
        """An organisation number in another spelling is the same; Fortnox may have locked it (note 40)."""
        if name == "OrganisationNumber":
            return organisation_number(ours) == organisation_number(theirs)
        return super().same(name, ours, theirs)


STATUS = {"not_started": "NOTSTARTED", "ongoing": "ONGOING", "completed": "COMPLETED"}


@writes("fortnox", Project)
class ProjectWriter(Register[Project]):
    """Projects (P1, P4)."""

    path, plural, singular, key, title = "projects", "Projects", "Project", "ProjectNumber", "Description"
    owned = ("Description", "StartDate", "EndDate", "ProjectLeader", "ContactPerson", "Comments", "Status")

    def payload(self, record: Project) -> Payload:
        """Lengths from note 41.

        Raises:
            InvalidRecord: the number or the name cannot be sent (G5).
        """
        texts = Texts()
        on_create = {"ProjectNumber": unaltered("ProjectNumber", record.number, 20)}
        fields = {
            "Description": texts.required("Description", record.name, 50),
            "StartDate": _day(record.start),
            "EndDate": _day(record.end),
            "ProjectLeader": texts.fit("ProjectLeader", record.leader, 50),
            "ContactPerson": texts.fit("ContactPerson", record.contact, 50),
            "Comments": texts.fit("Comments", record.description, 512),
            "Status": STATUS[record.status],
        }
        return Payload(fields, on_create, tuple(texts.notes))


@writes("fortnox", Article)
class ArticleWriter(Register[Article]):
    """Articles (A2, A4). `Unit` holds the unit's text until the write; there it becomes a code that Fortnox has."""

    path, plural, singular, key, title = "articles", "Articles", "Article", "ArticleNumber", "Description"
    owned = ("Description", "Unit", "SalesPrice", "Active")

    def payload(self, record: Article) -> Payload:
        """A4: goods are STOCK without stock keeping, machines SERVICE; that goes on creation only. A2: what an invoice
        needs is created active, else no invoice could bear it.

        Raises:
            InvalidRecord: the number or the name cannot be sent (G5).
        """
        texts = Texts()
        on_create: dict[str, Any] = {"ArticleNumber": unaltered("ArticleNumber", record.number, 50)}
        on_create["Active"] = True
        on_create |= {"Type": "SERVICE"} if record.kind == "machine" else {"Type": "STOCK", "StockGoods": False}
        fields = {
            "Description": texts.required("Description", record.name, 200),
            "Unit": unit_text(texts, "Unit", record.unit),
            "SalesPrice": record.price,
            "Active": record.active,
        }
        return Payload(fields, on_create, tuple(texts.notes))

    def create(self, record: Article, fields: dict[str, Any], before_send: Callable[[], None]) -> Written:
        """As in every register, with the unit made sure of first."""
        with_unit = WithUnits(self.system)
        return with_unit.run(lambda: super(ArticleWriter, self).create(record, with_unit.coded(fields), before_send))

    def update(
        self, target_id: str, record: Article, changes: dict[str, Any], before_send: Callable[[], None]
    ) -> Written:
        """As in every register, with the unit made sure of first."""
        units = WithUnits(self.system)
        return units.run(
            lambda: super(ArticleWriter, self).update(target_id, record, units.coded(changes), before_send)
        )

    def as_payload(self, name: str, value: Any) -> Any:
        """The price as a number; `Active` is true where Fortnox says nothing."""
        if name == "SalesPrice":
            return amount_of(value)
        return value is not False if name == "Active" else as_sent(value)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
