"""What a cause means: what happened, whose turn it is, what to do, in Swedish and English.

The texts are data in `causes_*.py`, found by lying there; here they are looked up and filled in. A cause that nobody
has written about, such as a new code of a vendor, falls back to the vendor's own words: closed by default, it is a
person's turn.
"""

import pkgutil
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from string import Formatter
from typing import Any

from django.utils.translation import get_language

from sync.explain import fallbacks
from sync.explain.cause import Cause, Text
from sync.explain.figures import Figures

CAUSES: dict[str, Cause] = {
    key: cause
    for module in pkgutil.iter_modules(__path__, f"{__name__}.")
    if module.name.startswith(f"{__name__}.causes_")
    for key, cause in import_module(module.name).CAUSES.items()
}
LANGUAGES = ("sv", "en")
_TWO_STOPS = re.compile(r"(?<!\.)\.\.(?=\s|$)")  # the vendor's sentence within ours


@dataclass(frozen=True, slots=True)
class Explanation:
    """An explanation in one language.

    `who` is the one whose turn it is: `bookkeeper` (in Fortnox), `site` (whoever works in SmartDok), `operator` (of
    Byggbro), empty when it heals by itself or is meant; `awaited`: then, once something else waits for it. `to_do`: one
    step per line. `title`: the cause in a few words. `details`: what only a technician wants to read: the cause's key,
    what was asked and the answer's status.
    """

    what: str
    who: str
    to_do: str
    title: str = ""
    details: str = ""
    awaited: str = ""

    @property
    def steps(self) -> list[str]:
        """What to do, step by step."""
        return self.to_do.splitlines()


def explain(cause: str, params: Mapping[str, Any] | None = None, language: str = "") -> Explanation:
    """The explanation of a cause with its figures and names filled in; `language` as activated by default."""
    code = language or _active()
    params = params or {}
    key, found = _found(cause, params)
    text: Text = found.sv if code == "sv" else found.en
    figures = Figures(cause, params, code, title_of=lambda other: explain(other, {}, code).title)
    what = _TWO_STOPS.sub(".", figures.fill(text.what))
    if text.what.startswith("[{field}"):
        what = what[:1].upper() + what[1:]
    if rule := found.rule or _rule(key):
        what += f" (regel {rule})" if code == "sv" else f" (rule {rule})"
    steps, title = figures.fill(text.to_do), figures.fill(text.title)
    return Explanation(what, found.who, steps, title, _details(cause, params), found.awaited)


def _details(cause: str, params: Mapping[str, Any]) -> str:
    """`fortnox.2000637 · POST /3/customers · 400`; nothing for a rule that tells no more than its text does."""
    request = " ".join(str(params[name]) for name in ("method", "path") if params.get(name))
    status, error = (str(params.get(name) or "") for name in ("status", "error"))
    others = ", ".join(str(each) for each in params.get("others") or ()) if cause.endswith(("C4", "double")) else ""
    key = "" if _rule(cause) and not (request or status or error or others) else cause
    return " · ".join(each for each in (key, request, status, error, others) if each)


def explain_one(
    of: Sequence[str], count: int, cause: str, params: Mapping[str, Any], language: str = ""
) -> Explanation:
    """The explanation of one item, told so that it is clear which one, as an example where it stands for `count`.

    `of`: the item's number and name. A text that is the same for all of several names none of them.
    """
    code = language or _active()
    number, name = of
    params = {"number": number, "name": name, **params}
    told = explain(cause, params, code)
    found = _found(cause, params)[1]
    text = found.sv if code == "sv" else found.en
    figures = {figure for _text, figure, *_rest in Formatter().parse(text.what) if figure} - {"system"}
    if count > 1 and not figures:
        return told
    named = any(figure in figures and params[figure] == own for figure, own in (("number", number), ("name", name)))
    item = " ".join(part for part in (number, name) if part)
    what = told.what if named or not item else f"{item}: {told.what}"
    if count > 1:
        what = f"T.ex. {what}" if code == "sv" else f"For example: {what}"
    return replace(told, what=what)


def named(name: str, language: str = "") -> str:
    """What is waited for, as in the param `names`: `kund 1001 Bygg AB (stopped, C4)` with state and cause in words."""
    code = language or _active()
    return Figures("", {"names": [name]}, code, title_of=lambda other: explain(other, {}, code).title)["names"]


def _active() -> str:
    """Swedish unless another language is active."""
    active = (get_language() or "sv").split("-")[0]
    return active if active in LANGUAGES else "en"


def _found(cause: str, params: Mapping[str, Any]) -> tuple[str, Cause]:
    """The most particular text there is: by problem, by cause, for every system, by rule, then the vendor's words."""
    first, _, rest = cause.partition(".")
    candidates = [cause, f"*.{rest}", first]
    if problem := params.get("problem"):
        candidates.insert(0, f"{cause}.{problem}")
    for each in candidates:
        if each in CAUSES:
            return each, CAUSES[each]
    return cause, fallbacks.VENDOR if rest else fallbacks.UNKNOWN


def _rule(cause: str) -> str:
    """The rule that a cause names, such as P2 for `P2` and I3 for `I3.gone`."""
    first = cause.partition(".")[0]
    return first if len(first) > 1 and first[0].isupper() and first[1:].isdigit() else ""
