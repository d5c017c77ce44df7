"""The pre-flight as a file for a spreadsheet: every record, its match, what would become of it and why.

A cell that begins like a formula is text here (names such as `=cmd|…` come from customers' own registers).
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from integration.registry import system_title
from sync.models import Preflight
from sync.setup.present import ACTIONS, MATCHES, TEXTS, shown
from sync.setup.told import told
from sync.words import field_title, flow_title

FORMULA = ("=", "+", "-", "@", "\t", "\r")
WIDTHS = (16, 14, 36, 22, 36, 18, 28, 70, 50, 50)


@dataclass(frozen=True, slots=True)
class File:
    """A file to be downloaded."""

    content: bytes
    content_type: str


def _head() -> list[str]:
    return [
        _("Kind"), _("Number"), _("Name in the source"), _("Match"), _("Name in the target"), _("First transfer"),
        _("Cause"), _("Explanation"), _("Differences"), _("Texts that are changed"),
    ]  # fmt: skip


def _rows(preflight: Preflight) -> Iterator[list[str]]:
    result: dict[str, Any] = preflight.result or {}
    targets = {each["flow"]: each["target"] for each in result["flows"]}
    for row in result["rows"]:
        found = told(row["cause"], {"system": targets.get(row["flow"], ""), **row["params"]}) if row["cause"] else None
        differences = [f"{field_title(name)}: {there or '–'} → {here}" for name, here, there in row["changes"]]
        texts = [f"{field_title(name)}: {before} → {after}" for name, kind, before, after in row["notes"]
                 if kind in TEXTS]  # fmt: skip
        yield [
            flow_title(row["flow"]), row["number"], row["name"], str(MATCHES[row["match"]]), row["there"],
            str(ACTIONS[row["action"]]), found.title if found else "", found.what if found else "",
            "; ".join(differences), "; ".join(texts),
        ]  # fmt: skip


def _remarks(preflight: Preflight) -> list[list[str]]:
    """What the page says above its tables: heading, text, what to do."""
    page = shown(preflight)
    rows = [[each.title, each.what, "\n".join(each.steps)] for each in page.conditions]
    if page.different_companies:
        rows.append([_("Is it the same company?"),
                     _("SmartDok and Fortnox name different organisation numbers. Make sure that both are connected to "
                       "the same company before you start."), ""])  # fmt: skip
    if page.locked_until:
        text = _("Fortnox is locked up to and including %(day)s. An invoice dated on such a day is not taken there.")
        rows.append([_("Locked period"), text % {"day": date_format(page.locked_until)}, ""])
    if page.new_units:
        text = _("These units have no counterpart in Fortnox and would be made: %(units)s.")
        rows.append([_("New units"), text % {"units": ", ".join(page.new_units)}, ""])
    return rows


def _leading(preflight: Preflight) -> Iterator[list[str]]:
    """Conditions and lookalike invoices in the columns of the records."""
    for heading, text, to_do in _remarks(preflight):
        yield [_("Condition"), "", heading, "", "", "", "", " ".join((text, *to_do.splitlines())), "", ""]
    for each in _transferred(preflight)[1]:
        number, name, total, day, there, there_name, there_total, there_day = each
        sums = f"{total} / {there_total}; {day} / {there_day}"
        yield [_("Already transferred"), number, name, "", f"{there} {there_name}".strip(), "", "", sums, "", ""]


def as_csv(preflight: Preflight) -> File:
    """Semicolons and a byte order mark: what a Swedish spreadsheet opens by a double click."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(_head())
    for row in (*_leading(preflight), *_rows(preflight)):
        writer.writerow([harmless(cell) for cell in row])
    return File(out.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8")


def harmless(cell: str) -> str:
    """A cell that a spreadsheet shows and never computes."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def as_xlsx(preflight: Preflight) -> File:
    """A sheet with the sums, one with every record, one with what another integration seems to have transferred."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "bg_color": "#E4EDF3", "text_wrap": True, "valign": "top"})
    _sheet(book, bold, _("Summary"), *_summary(preflight))
    if remarks := _remarks(preflight):
        _sheet(book, bold, _("To bear in mind"), [_("What"), _("Explanation"), _("What to do")], remarks, (36, 90, 70))
    _sheet(book, bold, _("All records"), _head(), list(_rows(preflight)), WIDTHS)
    if (preflight.result or {}).get("transferred"):
        _sheet(book, bold, _("Transferred already"), *_transferred(preflight))
    book.close()
    return File(out.getvalue(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def _sheet(book: Any, bold: Any, name: str, head: list[str], rows: list[list[Any]], widths: tuple[int, ...]) -> None:
    sheet = book.add_worksheet(name[:31])
    for column, text in enumerate(head):
        sheet.write_string(0, column, text, bold)
        sheet.set_column(column, column, widths[min(column, len(widths) - 1)])
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if isinstance(value, int):
                sheet.write_number(number, column, value)
            else:
                sheet.write_string(number, column, str(value)[:32767])
    sheet.freeze_panes(1, 0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(head) - 1)


Table = tuple[list[str], list[list[Any]], tuple[int, ...]]


def _summary(preflight: Preflight) -> Table:
    head = [
        _("Kind"), _("From"), _("To"), _("In the source"), _("In the target"), _("In both"), _("Only in the source"),
        _("Only in the target"), *(str(ACTIONS[name]).capitalize() for name in list(ACTIONS)[:6]),
    ]  # fmt: skip
    rows: list[list[Any]] = [
        [
            flow_title(each["flow"]), system_title(each["source"]), system_title(each["target"]), each["here"],
            "" if each["there"] is None else each["there"],
            *([each["both"], each["only_here"], each["only_there"]] if each["register"] else ["", "", ""]),
            *(each[name] for name in list(ACTIONS)[:6]),
        ]
        for each in (preflight.result or {})["flows"]
    ]  # fmt: skip
    return head, rows, (24, 12)


def _transferred(preflight: Preflight) -> Table:
    head = [
        _("Number"), _("Name in the source"), _("Sum without VAT"), _("Finalised"), _("Number in the target"),
        _("Name in the target"), _("Sum with VAT"), _("Invoice date"),
    ]  # fmt: skip
    rows: list[list[Any]] = [
        [
            each["number"], each["title"], each["sum"], each["date"], each["target_id"], each["target_title"],
            each["target_total"], each["target_date"],
        ]
        for each in (preflight.result or {})["transferred"]
    ]  # fmt: skip
    return head, rows, (14, 40, 18, 14, 18, 36, 18, 14)
