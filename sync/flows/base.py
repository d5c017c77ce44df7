"""What a flow is: which records go where, and the rules on the way. Flows are pure: no database, no network.

Whatever a flow has to know besides its record it asks its `Desk`, which the engine provides.
A new flow is a new file in this folder; see CONTRIBUTING.md, "Add a flow".
"""

import datetime
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from integration.errors import Changed, Fault
from integration.records import Note, dump
from integration.systems.base import Found

R = TypeVar("R")
W = TypeVar("W")

_flows: dict[str, "Flow[Any, Any]"] = {}


@dataclass(frozen=True, slots=True)
class Setting:
    """A choice that a tenant has about a flow; stored on the pipeline, edited in the admin.

    The type of `default` decides how it is asked for: bool is a tick, str with `choices` is a list.
    """

    name: str
    label: str
    default: bool | str
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another item, as far as a rule may look at it. `target_key`: the number under which it lies in the target."""

    source_id: str
    key: str
    title: str
    state: str
    cause: str
    target_id: str
    target_key: str
    record: dict[str, Any]

    @property
    def there(self) -> bool:
        """Whether it lies in the target under the number that it bears now (G2)."""
        return bool(self.target_id) and self.target_key == self.key


class Desk(Protocol):
    """What the engine lays out for a flow while it prepares one record."""

    @property
    def go_live(self) -> datetime.date:
        """First day that counts (G9)."""
        ...

    @property
    def today(self) -> datetime.date:
        """The day it is in Sweden."""
        ...

    def setting(self, name: str) -> Any:
        """The tenant's choice, or the default."""
        ...

    def value(self, kind: str, source: str, default: str = "") -> str:
        """The tenant's mapped value, or the default."""
        ...

    def by_key(self, flow: str, key: str) -> Sequence[Peer]:
        """Items of a flow with this number that are still in the source; more than one means doubles."""
        ...

    def by_id(self, flow: str, source_id: str) -> Peer | None:
        """The item of a flow with this source id."""
        ...

    def pulled_since_change(self, flow: str) -> bool:
        """Whether that flow has read its whole source since this record was last read, so that absence counts."""
        ...

    @property
    def target_id(self) -> str:
        """The target's key of this item; empty until it lies there."""
        ...

    def needed(self) -> bool:
        """Whether another item waits for this one."""
        ...

    def document_type(self, source_id: str) -> str:
        """Type by content of the document kept for an item of this flow; empty when none is kept."""
        ...

    def document_url(self, joined: Sequence[str] = ()) -> str:
        """A signed, expiring address of this item's document (S6), or of one PDF made of these items' documents."""
        ...

    def look_again(self, day: datetime.date) -> None:
        """Judge the record once more when that day has come, although nothing changes in the source."""
        ...

    def note(self, note: Note) -> None:
        """Record a warning on the item."""
        ...


def doubles(desk: Desk, flow: str, number: str, own_id: str) -> list[str]:
    """G3: other records of the same register that bear the same number, named for people."""
    return [f"{peer.title} (id {peer.source_id})" for peer in desk.by_key(flow, number) if peer.source_id != own_id]


@dataclass(frozen=True, slots=True)
class Likeness:
    """By what a document is known that another integration may have made of a record.

    `total`: kronor without VAT. `day`: about which the other one is dated, unless it bears `or_on`.
    """

    customer_number: str
    total: Decimal
    day: datetime.date
    or_on: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """How people find an item: its number and a title."""

    key: str
    title: str


class Flow(ABC, Generic[R, W]):
    """One entity, one direction, its rules.

    Attributes:
        key: stable name, used on the command line and in the database.
        title: for people; noun: one of what it moves, in the middle of a sentence.
        reads, writes: the record taken from the source and the record given to the target.
        cadence: seconds between two pulls, by default.
        upstream: flows whose items the rules look up; they are pulled first.
        later_changes: what a change in the source after the transfer becomes: written, or shown to a person (I3).
        fetches: its records stand for files, which are fetched from the source and kept before they are sent (S6).
        maps: kinds of mapped values that the rules look up (`Desk.value`), so that they are offered where one is wrong.
        marks: what our references in the target begin with; empty where the target bears none of ours (I2).
        taken_over: what another integration transferred is looked for before the start and may be taken over (I11).
        suspicion: cause to fear where the target has none of its objects though the source does; empty for none (P5).
        unneeded: causes for which a record is left out only as long as no item waits for it (A2).
        rank: order among the flows of a tenant.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    noun: ClassVar[str] = "post"
    reads: ClassVar[type[Any]]
    writes: ClassVar[type[Any]]
    cadence: ClassVar[int] = 120
    upstream: ClassVar[tuple[str, ...]] = ()
    later_changes: ClassVar[Literal["update", "show"]] = "update"
    fetches: ClassVar[bool] = False
    marks: ClassVar[str] = ""
    taken_over: ClassVar[bool] = False
    suspicion: ClassVar[str] = ""
    maps: ClassVar[tuple[str, ...]] = ()
    unneeded: ClassVar[tuple[str, ...]] = ()
    rank: ClassVar[int] = 50
    settings: ClassVar[tuple[Setting, ...]] = ()

    @abstractmethod
    def label(self, record: R) -> Label:
        """Number and title of a record."""

    def content(self, record: R) -> Any:
        """Plain JSON values whose change matters; everything by default."""
        return dump(record)

    def before_fetch(self, record: R, desk: Desk) -> None:
        """For flows of files: rules that need no file speak before it is fetched.

        Raises:
            Skip, Waiting: as `prepare` does.
        """

    @abstractmethod
    def prepare(self, record: R, desk: Desk) -> W:
        """Apply the rules: the record as the target shall get it.

        Raises:
            Skip, Waiting, InvalidRecord, Conflict, ConfigError: the rule's id is the cause.
        """

    def adopt(self, record: W, found: Found, desk: Desk) -> None:
        """May an object that already lies in the target be taken for this record's? Yes, unless a rule objects.

        Raises:
            Conflict: a person decides.
        """

    def allowed(self, changes: dict[str, Any], desk: Desk) -> dict[str, Any]:
        """The changes that may be written to an object that already lies in the target; all of them by default."""
        return changes

    def units(self, record: R) -> Iterable[str]:
        """Texts of the units that its object in the target bears (A4)."""
        return ()

    def likeness(self, record: R, desk: Desk) -> Likeness | None:
        """For flows that are `taken_over`: what the other one's document looks like; None where it made none."""
        return None

    def changed(self, sent: R, now: R) -> Fault | None:
        """For flows that do not update: what to show when the source changed after the transfer; None for nothing."""
        return Changed("I3")


F = TypeVar("F", bound=type[Flow[Any, Any]])


def flow(cls: F) -> F:
    """Register a flow under its key."""
    known = _flows.get(cls.key)
    if known and type(known).__module__ != cls.__module__:
        raise ValueError(f"flow {cls.key} is declared by {type(known).__module__} and by {cls.__module__}")
    _flows[cls.key] = cls()
    return cls


def flows() -> list[Flow[Any, Any]]:
    """Every flow, in the order in which a pass runs them."""
    return sorted(_flows.values(), key=lambda each: (each.rank, each.key))


def get_flow(key: str) -> Flow[Any, Any]:
    """The flow with this key.

    Raises:
        LookupError: there is none.
    """
    try:
        return _flows[key]
    except KeyError:
        raise LookupError(f"no flow {key!r}; there are {', '.join(f.key for f in flows())}") from None
