"""What systems exist, found by walking their folder; a new one is a new file and nothing else.

A system declares itself with `@system`, its ways to give and take records with `@reads` and `@writes`:

    @system("fortnox")
    class Fortnox(System): ...

    @writes("fortnox", Customer)
    class CustomerWriter(Writer[Fortnox, Customer]): ...
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")

if TYPE_CHECKING:  # the contract knows connections, and those look their system up here
    from integration.systems.base import Reader, System, Writer

    ReaderOf: TypeAlias = type[Reader[Any, R]]
    WriterOf: TypeAlias = type[Writer[Any, R]]

S = TypeVar("S", bound="System")

systems: dict[str, type["System"]] = {}
_readers: dict[tuple[str, type], type["Reader[Any, Any]"]] = {}
_writers: dict[tuple[str, type], type["Writer[Any, Any]"]] = {}


def discover(package: str) -> None:
    """Import every module and package directly below `package`."""
    for module in pkgutil.iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")


def _enter(table: dict[K, type[T]], key: K, value: type[T]) -> None:
    if key in table and table[key].__module__ != value.__module__:
        raise ValueError(f"{key} is declared by {table[key].__module__} and by {value.__module__}")
    table[key] = value


def system(name: str) -> Callable[[type[S]], type[S]]:
    """Register a system class under the name that connections store."""

    def register(cls: type[S]) -> type[S]:
        known: type[System] = cls
        known.name = name
        _enter(systems, name, known)
        return cls

    return register


def system_title(name: str) -> str:
    """A system as people call it; its name, where it is not installed."""
    return systems[name].title if name in systems else name


def reads(name: str, record: type[R]) -> "Callable[[ReaderOf[R]], ReaderOf[R]]":
    """Register the way in which system `name` gives records of this type."""

    def register(cls: "ReaderOf[R]") -> "ReaderOf[R]":
        _enter(_readers, (name, record), cls)
        return cls

    return register


def writes(name: str, record: type[R]) -> "Callable[[WriterOf[R]], WriterOf[R]]":
    """Register the way in which system `name` takes records of this type."""

    def register(cls: "WriterOf[R]") -> "WriterOf[R]":
        _enter(_writers, (name, record), cls)
        return cls

    return register


def reader(name: str, record: type[R]) -> "ReaderOf[R]":
    """The reader class of a system for a record type.

    Raises:
        LookupError: the system does not give such records.
    """
    try:
        return _readers[name, record]
    except KeyError:
        raise LookupError(f"{name} gives no {record.__name__}") from None


def writer(name: str, record: type[R]) -> "WriterOf[R]":
    """The writer class of a system for a record type.

    Raises:
        LookupError: the system does not take such records.
    """
    try:
        return _writers[name, record]
    except KeyError:
        raise LookupError(f"{name} takes no {record.__name__}") from None


def readers_of(record: type) -> list[str]:
    """Names of the systems that give such records."""
    return sorted(name for name, kind in _readers if kind is record)


def writers_of(record: type) -> list[str]:
    """Names of the systems that take such records."""
    return sorted(name for name, kind in _writers if kind is record)
