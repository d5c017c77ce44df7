"""`manage.py sync`: one full pass in the foreground, no worker needed."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from integration.models import Tenant
from sync.engine.rehearsal import rehearse
from sync.engine.report import COLUMNS, status
from sync.engine.run import Report, run_pass, silent
from sync.explain import explain
from sync.flows.base import flows
from sync.management.commands import OneLine, day, tenant_or_error


class Command(OneLine):
    """Pull, then push until nothing is due now. Exit 0 all settled, 2 a person must act, 1 failed."""

    help = "One full pass of a company. Exit 0: all settled, 2: a person must act, 1: failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--flow", action="append", default=[], metavar="KEY", choices=[f.key for f in flows()])
        parser.add_argument("--dry-run", action="store_true", help="say what would be written, write nothing")
        parser.add_argument("--since", type=day, metavar="DATE", help="read changes from this day on (YYYY-MM-DD)")
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = tenant_or_error(options["slug"])
        if not tenant.active:
            raise CommandError(f"{tenant.slug} is switched off")
        chosen = {"only": options["flow"], "since": options["since"]}
        if options["dry_run"]:
            report = rehearse(tenant, **chosen).report
        else:
            with Bars(options["json"]) as progress:
                report = run_pass(tenant, progress=progress, **chosen)
        if options["json"]:
            self.stdout.write(json.dumps({
                "tenant": report.tenant, "flows": report.flows, "api_calls": report.api_calls,
                "seconds": report.seconds,
            }))  # fmt: skip
        else:
            self._table(report)
            self._why(tenant, report)
        if report.exit_code:
            sys.exit(report.exit_code)

    def _table(self, report: Report) -> None:
        self.stdout.write("{:<20}".format("") + "".join(f"{name.replace('_', ' '):>11}" for name in COLUMNS))
        for flow, row in report.flows.items():
            self.stdout.write(f"{flow:<20}" + "".join(f"{row[name]:>11}" for name in COLUMNS))
        calls = ", ".join(f"{name} {number}" for name, number in report.api_calls.items())
        self.stdout.write(f"{report.seconds} s, requests: {calls}")

    def _why(self, tenant: Tenant, report: Report) -> None:
        for flow, fault in report.failed.items():
            told = explain(fault.cause, fault.params)
            self.stdout.write(f"{flow}: {told.what} {told.to_do}")
        open_items = status(tenant)
        for item in open_items["needs_you"] + open_items["waiting"]:
            self.stdout.write(f"{item['flow']} {item['number']} {item['title']}: {item['explanation']}")


class Bars:
    """Progress bars on a terminal, nothing elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet or not sys.stderr.isatty()

    def __enter__(self) -> Any:
        if self.quiet:
            return silent
        try:
            from rich.console import Console  # noqa: PLC0415 - a development requirement
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415
        except ImportError:
            return silent
        self.live = Progress(
            TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)
        )
        self.live.start()
        tasks: dict[str, Any] = {}

        def show(flow: str, done: int, total: int) -> None:
            if flow not in tasks:
                tasks[flow] = self.live.add_task(flow, total=None)
            if total:
                self.live.update(tasks[flow], completed=done, total=total)

        return show

    def __exit__(self, *_: object) -> None:
        if hasattr(self, "live"):
            self.live.stop()
