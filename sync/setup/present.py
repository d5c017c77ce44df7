"""A pre-flight's result in the order in which a bookkeeper wants to know it."""

import datetime
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integration.mapping import organisation_number
from integration.registry import system_title
from sync.engine import preflight
from sync.flows.base import get_flow
from sync.models import Preflight
from sync.setup.told import Told, told
from sync.words import field_title, flow_title

MOST_ROWS = 20  # of a group on the screen; the files hold all

ACTIONS = {
    "create": gettext_lazy("will be created"),
    "update": gettext_lazy("will be updated"),
    "unchanged": gettext_lazy("is there already"),
    "left_out": gettext_lazy("is left out"),
    "waiting": gettext_lazy("waits"),
    "stopped": gettext_lazy("to be looked at"),
    "": "",
}
TEXTS = {"characters", "length", "refused"}  # remarks on texts that do not arrive as they are (G5)
MATCHES = {
    "both": gettext_lazy("in both"),
    "here": gettext_lazy("only in the source"),
    "there": gettext_lazy("only in the target"),
}


@dataclass
class Group:
    """What one cause holds up, or one kind of difference: its rows, and how many more there are."""

    title: str
    flow: str
    told: Told | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0

    @property
    def more(self) -> int:
        """Rows that are in the files only."""
        return self.count - len(self.rows)

    def add(self, row: dict[str, Any]) -> None:
        """One more."""
        self.count += 1
        if len(self.rows) < MOST_ROWS:
            self.rows.append(row)


@dataclass
class Shown:
    """Everything that the page shows of a result."""

    fault: Told | None = None
    companies: list[tuple[str, str, str]] = field(default_factory=list)
    different_companies: bool = False
    conditions: list[Told] = field(default_factory=list)
    locked_until: datetime.date | None = None
    new_units: list[str] = field(default_factory=list)
    table: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[Group] = field(default_factory=list)
    left_out: list[Group] = field(default_factory=list)
    renamed: list[Group] = field(default_factory=list)
    changed: list[Group] = field(default_factory=list)
    pairs: list[dict[str, Any]] = field(default_factory=list)
    adopted: list[dict[str, Any]] = field(default_factory=list)
    partial: bool = False

    @property
    def create(self) -> int:
        """Objects that the first pass would make."""
        return sum(row["create"] for row in self.table)

    @property
    def update(self) -> int:
        """Objects that it would change."""
        return sum(row["update"] for row in self.table)

    @property
    def trouble(self) -> int:
        """Records that a person must look at or that wait."""
        return sum(group.count for group in self.troubles)


def progress(row: Preflight) -> dict[str, Any]:
    """Percent, and a line of text."""
    if row.adoption.get("running"):
        of, through = max(row.adoption.get("of", 1), 1), row.adoption.get("through", 0)
        return {"percent": 100 * through // of, "text": _("Takes over invoices: %(n)s of %(of)s")
                % {"n": through, "of": of}}  # fmt: skip
    told_of = row.progress
    if not told_of:
        return {"percent": 1, "text": _("Waits for its turn …")}
    percent = min(100 * told_of["step"] // max(told_of["of"], 1), 99)
    if told_of["flow"]:
        words = {"what": flow_title(told_of["flow"]), "system": system_title(told_of["system"]), "n": told_of["count"]}
        text = _("%(system)s: %(what)s, %(n)s read") % words
    elif told_of["system"]:
        text = _("%(system)s: rights and licences") % {"system": system_title(told_of["system"])}
    else:
        text = _("Compares both sides …")
    return {"percent": percent, "text": text}


def shown(row: Preflight) -> Shown:
    """The result for the page."""
    result = row.result or {}
    if fault := result.get("fault"):
        return Shown(fault=told(fault["cause"], fault["params"]))
    page = Shown(
        conditions=[told(each["cause"], each["params"]) for each in result["conditions"]],
        locked_until=datetime.date.fromisoformat(result["locked_until"]) if result["locked_until"] else None,
        new_units=result["new_units"],
        table=[_line(each) for each in result["flows"]],
        partial=any(each["partial"] for each in result["flows"]),
    )
    page.companies = [
        (system_title(name), each["company"], each["organisation_number"]) for name, each in result["companies"].items()
    ]
    numbers = {organisation_number(number) for _system, _name, number in page.companies if number}
    page.different_companies = len(numbers) > 1
    _group(page, result)
    _pair(page, row)
    return page


def _line(each: dict[str, Any]) -> dict[str, Any]:
    source, target = system_title(each["source"]), system_title(each["target"])
    return {**each, "title": flow_title(each["flow"]), "from": source, "to": target}


def _group(page: Shown, result: dict[str, Any]) -> None:
    targets = {each["flow"]: each["target"] for each in result["flows"]}
    troubles: dict[tuple[str, ...], Group] = {}
    left_out: dict[tuple[str, ...], Group] = {}
    renamed: dict[str, Group] = {}
    changed: dict[str, Group] = {}
    for row in result["rows"]:
        flow = flow_title(row["flow"])
        if row["cause"]:
            params = {"system": targets.get(row["flow"], ""), **row["params"]}
            found = told(row["cause"], params)
            kind = left_out if row["action"] == "left_out" else troubles
            key = (row["flow"], row["cause"], str(row["params"].get("problem", "")))
            group = kind.setdefault(key, Group(found.title, flow, found))
            group.add({"number": row["number"], "name": row["name"], "what": found.what})
        if row["renamed"]:
            renamed.setdefault(flow, Group(flow, flow)).add(
                {"number": row["number"], "name": row["name"], "there": row["there"]}
            )
        for name, kind_of, before, after in row["notes"] if row["action"] in preflight.ACTIONS[:2] else ():
            if kind_of in TEXTS:
                changed.setdefault(flow, Group(flow, flow)).add(
                    {"number": row["number"], "field": field_title(name), "before": before, "after": after}
                )
    page.troubles, page.left_out = list(troubles.values()), list(left_out.values())
    page.renamed, page.changed = list(renamed.values()), list(changed.values())


def _pair(page: Shown, row: Preflight) -> None:
    """What looks transferred already; what was taken over since then is no longer to be created."""
    done, failed = row.adoption.get("done", {}), row.adoption.get("failed", {})
    for pair in (row.result or {})["transferred"]:
        if pair["source_id"] in done:
            if done[pair["source_id"]] == pair["target_id"]:
                page.adopted.append(pair)
            continue
        fault = failed.get(pair["source_id"])
        page.pairs.append({**pair, "fault": told(fault["cause"], fault["params"]) if fault else None})
    for line in page.table:
        if get_flow(line["flow"]).taken_over:
            taken = min(len(page.adopted), line["create"])
            line["create"], line["unchanged"] = line["create"] - taken, line["unchanged"] + taken
