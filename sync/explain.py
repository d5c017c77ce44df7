"""What a cause means: what happened, whose turn it is, what to do, in Swedish and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """An explanation in one language. `who` is the one whose turn it is, empty when it heals by itself."""

    what: str
    who: str
    to_do: str


def explain(cause: str, params: Mapping[str, Any] | None = None, language: str = "") -> Explanation:
    """The explanation of a cause with its figures and names filled in; `language` as activated by default."""
    return Explanation(f"{cause} {dict(params or {})}", "", "")
