"""What a system is made of: how to connect, readers that give records, writers that take them.

A system file holds four things and nothing else needs an edit: a `System` with the fields of its connection form, its
table of error codes, `@reads` classes and `@writes` classes. See CONTRIBUTING.md, "Add a system".
"""

import datetime
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Generic, TypeVar

from integration.errors import Fault
from integration.models import Connection
from integration.records import Note, Page, Read

S = TypeVar("S", bound="System")
R = TypeVar("R")
W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the connection form. A secret is stored encrypted and never shown again.

    `choices`: all that the form takes. An address is such a field: whoever may type one lets us call any host with the
    tenant's token.
    """

    name: str
    label: str
    secret: bool = False
    required: bool = True
    default: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered: shown to a person so that a wrong company is noticed. `details` are plain JSON values."""

    company: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far an access reaches, found by reading as little as possible of everything that our flows read.

    `refused`: one fault per thing that it does not reach. `company`, `organisation_number`: where the data tell them.
    """

    refused: tuple[Fault, ...] = ()
    company: str = ""
    organisation_number: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a vendor's webhook says about one of its companies. It is believed only when it closes something; the rest
    makes us look. `company`: the vendor's own key of the company, as in `Connection.company`.
    """

    company: str
    gone: bool


class System(ABC):
    """One tenant's access to a vendor.

    Args:
        connection: options, secrets and the stored token.
        patience: the longest sleep for a throttle, in seconds.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]] = ()
    company: ClassVar[str] = ""  # the name of the vendor's key of the company, in `Identity.details`

    def __init__(self, connection: Connection, *, patience: float = 1.0) -> None:
        self.connection = connection
        self.patience = patience

    @abstractmethod
    def check(self) -> Identity:
        """The cheapest proof that the access works.

        Raises:
            AuthError: only a person can mend it.
            Transient: not reachable now.
        """

    def reach(self) -> Reach:
        """What of the things that our flows read is refused. Writes nothing.

        Raises:
            Transient: not reachable now.
        """
        return Reach()

    def locked_until(self) -> datetime.date | None:
        """The last day on which nothing may be booked any more, where the system has such a thing (I9)."""
        return None

    def new_units(self, texts: Iterable[str]) -> list[str]:
        """Those of the unit texts that have no counterpart here and would be made (A4)."""
        return []

    @classmethod
    def notices(cls, secret: str, body: bytes) -> list[Notice] | None:
        """What a webhook call says, or None when it is not the vendor's (the secret is part of the address)."""
        return None

    def prepare(self) -> None:
        """Make the next minutes free of token renewals (a dry run must not renew inside its transaction)."""


class ByConsent(System):
    """A system that is connected by a consent given over there, instead of by a key."""

    @abstractmethod
    def authorise_url(self, state: str, redirect_uri: str) -> str:
        """Where somebody who may do so consents; the browser comes back to `redirect_uri` with `state`."""

    @abstractmethod
    def exchange(self, code: str, redirect_uri: str) -> Identity:
        """Turn the code of a consent into access that lasts, stored on the connection.

        Raises:
            AuthError: the code is no longer good, or it is the consent of another company.
            Transient: not reachable now.
        """


@dataclass(frozen=True, slots=True)
class Window:
    """What a reader is asked for.

    Args:
        since: aware moment from which changes are wanted; None for everything. Already overlaps the last poll (G7).
        now: the moment of asking.
        go_live: aware start of the first day that counts (G9).
        memo: what the reader remembered of a record, by source id; None for one never read.
        known: source ids of the records that were there when last looked.
        sent: whether the record with a source id lies in the target, or may.
    """

    since: datetime.datetime | None
    now: datetime.datetime
    go_live: datetime.datetime
    memo: Callable[[str], dict[str, Any] | None]
    known: Callable[[], Iterable[str]] = tuple
    sent: Callable[[str], bool] = lambda _: False


class Reader(ABC, Generic[S, R]):
    """A system's way to give one kind of record.

    `incremental`: it honours `Window.since`. `complete`: what such a poll does not name is no longer there.
    """

    incremental: ClassVar[bool] = False
    complete: ClassVar[bool] = False

    def __init__(self, system: S) -> None:
        self.system = system

    @abstractmethod
    def pages(self, window: Window) -> Iterator[Page[R]]:
        """Every record that may have changed in the window, page by page.

        Raises:
            Fault: the pass stops here; pages already given stay.
        """

    def one(self, source_id: str) -> Read[R] | None:
        """The record fresh from the source, or None when it is gone. Only of documents that may be taken over (I11)."""
        raise NotImplementedError


class FileReader(Reader[S, R]):
    """A reader whose records stand for files."""

    @abstractmethod
    def content(self, record: R, largest: int) -> bytes:
        """The file, byte for byte.

        Raises:
            InvalidRecord: it is larger than `largest` bytes, or gone.
        """


@dataclass(frozen=True, slots=True)
class Payload:
    """A record in the target's own words.

    Args:
        fields: what the source owns, always complete; an empty value is "" or None.
        on_create: sent when the object is made, never again (G4).
        notes: what was made acceptable (G5).
        secret: names of fields that open something and are kept and shown nowhere (signed addresses).
    """

    fields: dict[str, Any]
    on_create: dict[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    secret: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """An object that the target has. `fields`: the fields of a `Payload`, with the target's values."""

    target_id: str
    fields: dict[str, Any]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a target's list. `fields`: those of a `Payload` that the list shows, in the form of `Found.fields`.

    Of a document also: whose it is, our reference if it bears one, its total in kronor (VAT included) and its day.
    """

    target_id: str
    title: str
    fields: dict[str, Any]
    customer_number: str = ""
    reference: str = ""
    total: Decimal | None = None
    day: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What the target made of a write."""

    target_id: str
    label: str = ""


class Writer(ABC, Generic[S, W]):
    """A system's way to take one kind of record.

    `keyed`: the target refuses a second object with the same number, so that one known to be absent may be created
    without another look-up, and a refusal is worth one. `look_first`: look before every creation, not only when the
    fate of an earlier one is unknown. `before_send` is called when a write is about to leave.
    """

    keyed: ClassVar[bool] = True
    look_first: ClassVar[bool] = True

    def __init__(self, system: S) -> None:
        self.system = system

    @abstractmethod
    def payload(self, record: W) -> Payload:
        """The record in the target's words. Pure.

        Raises:
            InvalidRecord: it cannot be said there.
        """

    def same(self, name: str, ours: Any, theirs: Any) -> bool:
        """Whether two plain values of a field mean the same there, so that there is nothing to write."""
        return bool(ours == theirs)

    @abstractmethod
    def find(self, record: W) -> Found | None:
        """The object this record stands for, by exact key, or None."""

    @abstractmethod
    def get(self, target_id: str) -> Found | None:
        """The object with the target's own key, or None."""

    def existing(self) -> set[str] | None:
        """Keys of all objects over there from one paged list, or None where there is no such list."""
        return None

    def listing(self, since: datetime.date) -> Iterator[list[Listed]] | None:
        """All objects over there, of documents those from a day on, page by page; None where there is no such list."""
        return None

    @abstractmethod
    def create(self, record: W, fields: dict[str, Any], before_send: Callable[[], None]) -> Written:
        """Make it. `fields`: the non-empty fields of the payload, those for creation included."""

    @abstractmethod
    def update(self, target_id: str, record: W, changes: dict[str, Any], before_send: Callable[[], None]) -> Written:
        """Change it. `changes`: the fields to write; "" or None clears one."""
