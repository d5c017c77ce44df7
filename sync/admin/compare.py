"""Two records side by side, field by field, with the differences marked (I3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sync.words import field_title, value


@dataclass(frozen=True, slots=True)
class Line:
    """One field of both sides."""

    title: str
    before: str
    now: str

    @property
    def differs(self) -> bool:
        """Whether both sides say something else."""
        return self.before != self.now


def flat(plain: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested JSON with its path: {"rows": [{"text": "x"}]} → ("rows.0.text", "x")."""
    if isinstance(plain, dict):
        for key, each in plain.items():
            yield from flat(each, f"{path}.{key}" if path else str(key))
    elif isinstance(plain, list):
        for index, each in enumerate(plain):
            yield from flat(each, f"{path}.{index}")
    else:
        yield path, plain


def side_by_side(before: dict[str, Any] | None, now: dict[str, Any] | None) -> list[Line]:
    """Every field that either side has, in the order of the newer one."""
    old, new = dict(flat(before or {})), dict(flat(now or {}))
    paths = [*new, *(path for path in old if path not in new)]
    return [Line(field_title(path), value(old.get(path), path), value(new.get(path), path)) for path in paths]


def listed(plain: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The fields of one side that say something."""
    return [(field_title(path), value(each, path)) for path, each in flat(plain or {}) if each not in (None, "")]
