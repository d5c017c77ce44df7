"""Units must exist in Fortnox before they are used (note 44): found by equal code or description, else created (A4)."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache import cache

from integration.errors import Rejected, Transient, Unconfirmed
from integration.mapping import cut, number
from integration.systems.fortnox import lists
from integration.systems.fortnox.text import CHARSET, as_sent

SECONDS = 600
LONGEST_CODE, LONGEST_DESCRIPTION = 20, 100


class Units:
    """The units of one company, remembered for ten minutes by all workers."""

    def __init__(self, system: Any) -> None:
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
        """Another worker may have made it: then the list has it now."""
        fresh = self._read() if self.remembered else self._all()
        if found := _match(fresh, wanted):
            return found
        code = cut(wanted, LONGEST_CODE)
        body = {"Unit": {"Code": code, "Description": cut(wanted, LONGEST_DESCRIPTION)}}
        try:
            self.system.write("POST", "/3/units", body)
        except Rejected:
            if code not in self._read():
                raise
        except Unconfirmed as fault:
            # Nothing of the record itself has left; whether the unit was stored shows next time.
            self.forget()
            raise Transient(fault.cause, **fault.params) from None
        fresh[code] = body["Unit"]["Description"]
        cache.set(self._name, fresh, SECONDS)
        return code


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
