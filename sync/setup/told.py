"""A fault in the words of somebody who has no Byggbro to click in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integration.errors import Fault
from sync.explain import explain

# Steps that lead into pages that a visitor cannot see.
_OURS = ("Byggbro", "Allt som väntar", "All that waits", "Öppna posten", "Open the item", "Välj sedan Försök igen",
         "Then choose Try again")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What happened and what to do, for a visitor."""

    title: str
    what: str
    steps: list[str]
    who: str


def told(cause: str, params: Mapping[str, Any] | None = None) -> Told:
    """The explanation of a cause without the steps that are taken in Byggbro."""
    found = explain(cause, params or {})
    steps = [step for step in found.steps if not step.startswith(_OURS)]
    return Told(found.title, found.what, steps, found.who)


def told_fault(fault: Fault | None, system: str = "") -> Told | None:
    """The same for a fault in the hand."""
    return told(fault.cause, {"system": system, **fault.params}) if fault else None
