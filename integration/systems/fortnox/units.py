"""Units must exist in Fortnox before they are used (note 44): found by equal code or description, else created (A4)."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.core.cache import cache

from integration.errors import ConfigError, Rejected, Transient, Unconfirmed
from integration.mapping import cut, number
from integration.records import Note
from integration.systems.base import Written
from integration.systems.fortnox import lists
from integration.systems.fortnox.errors import UNIT_MISSING
from integration.systems.fortnox.text import CHARSET, Texts, as_sent

if TYPE_CHECKING:
    from integration.systems.fortnox.system import Fortnox

SECONDS = 600
LONGEST_CODE, LONGEST_DESCRIPTION = 20, 100


def unit_text(texts: Texts, name: str, text: str) -> str:
    """A unit as the payload holds it, with a note where it is too long to be a code (G5)."""
    unit = texts.fit(name, text, LONGEST_DESCRIPTION)
    if len(unit) > LONGEST_CODE:
        texts.notes.append(Note("G5", name, "unit", unit, cut(unit, LONGEST_CODE)))
    return unit


class Units:
    """The units of one company, remembered for ten minutes by all workers."""

    def __init__(self, system: "Fortnox") -> None:
        self.system = system
        self._name = f"fortnox:units:{system.connection.pk}"
        self.remembered = False

    def code(self, text: str) -> str:
        """The code of the unit that `text` means; "" for none. A missing one is created."""
        wanted = number(CHARSET.made_acceptable(text))
        if not wanted:
            return ""
        return _match(self._all(), wanted) or self._create(wanted)

    def missing(self, texts: Iterable[str]) -> list[str]:
        """Those of the texts that no unit stands for."""
        units = self._all()
        wanted = {number(CHARSET.made_acceptable(text)) for text in texts} - {""}
        return sorted(text for text in wanted if not _match(units, text))

    def forget(self) -> None:
        """The list proved wrong."""
        cache.delete(self._name)

    def _all(self) -> dict[str, str]:
        """Code → description."""
        known: dict[str, str] | None = cache.get(self._name)
        self.remembered = known is not None
        return self._read() if known is None else known

    def _read(self) -> dict[str, str]:
        found = {}
        for rows in lists.pages(self.system.http, "/3/units", "Units", ("Code",), {}):
            found.update({as_sent(row.get("Code")): as_sent(row.get("Description")) for row in rows})
        cache.set(self._name, found, SECONDS)
        return found

    def _create(self, wanted: str) -> str:
        """Another worker may have made it: then the list has it now.

        Raises:
            ConfigError: the text is too long for a code, and what it is cut to already stands for another unit.
        """
        fresh = self._read() if self.remembered else self._all()
        if found := _match(fresh, wanted):
            return found
        code, description = cut(wanted, LONGEST_CODE), cut(wanted, LONGEST_DESCRIPTION)
        known = fresh if code in fresh else self._post(fresh, code, description)
        if code != wanted and known[code] != description:
            raise ConfigError("A4", unit=wanted, code=code, taken=known[code])
        return code

    def _post(self, fresh: dict[str, str], code: str, description: str) -> dict[str, str]:
        """All units once this one is made, by us or meanwhile by somebody else."""
        try:
            self.system.write("POST", "/3/units", {"Unit": {"Code": code, "Description": description}})
        except Rejected:
            known = self._read()
            if code not in known:
                raise
            return known
        except Unconfirmed as fault:
            # Nothing of the record itself has left; whether the unit was stored shows next time.
            self.forget()
            raise Transient(fault.cause, **fault.params) from None
        known = {**fresh, code: description}
        cache.set(self._name, known, SECONDS)
        return known


class WithUnits:
    """Puts unit codes in place of unit texts, for one write."""

    def __init__(self, system: "Fortnox") -> None:
        self.units = Units(system)

    def coded(self, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields with the unit's code."""
        return {**fields, "Unit": self.units.code(fields["Unit"])} if fields.get("Unit") else fields

    def run(self, write: Callable[[], Written]) -> Written:
        """The write. Where Fortnox misses a unit that we remembered, the list is forgotten and we try again later."""
        try:
            return write()
        except Rejected as fault:
            if fault.params.get("code") != UNIT_MISSING or not self.units.remembered:
                raise
            self.units.forget()
            raise Transient(fault.cause, **fault.params) from None


def _match(units: dict[str, str], wanted: str) -> str:
    """The code of the unit with this code or description: exactly (G2), else in another case where that is one only."""
    tests: tuple[Callable[[str, str], bool], ...] = (
        lambda code, _: number(code) == wanted,
        lambda _, description: number(description) == wanted,
        lambda code, _: number(code).casefold() == wanted.casefold(),
        lambda _, description: number(description).casefold() == wanted.casefold(),
    )
    for test in tests:
        found = [code for code, description in units.items() if test(code, description)]
        if len(found) == 1:
            return found[0]
    return ""
