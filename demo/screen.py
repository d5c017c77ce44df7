"""What the demo shows: bars on a terminal, lines elsewhere, then a table, a verdict and addresses."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from demo.comparison import Compared, Difference
from demo.ports import HOST, Ports

if TYPE_CHECKING:
    from demo import first_pass

LINE_EVERY = 10.0  # seconds between lines where there is no terminal
SHOWN = 20  # unexpected differences that are listed

Show = Callable[[list["first_pass.Progress"]], None]


class Screen:
    """Standard output. `is_up`: the addresses were shown, so that Ctrl-C is the usual end."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = 120
        self.is_up = False
        self.began = time.monotonic()

    def say(self, text: str) -> None:
        """One message."""
        self.console.print(text)

    def step(self, text: str) -> None:
        """Something is done: how long after the start."""
        self.say(f"{time.monotonic() - self.began:5.0f} s  {text}")

    @contextmanager
    def bars(self) -> Iterator[Show]:
        """A bar per tenant and flow on a terminal, a line every few seconds elsewhere."""
        if not self.console.is_terminal:
            yield self._lines()
            return
        columns = TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn()
        with Progress(*columns, console=self.console) as live:
            tasks: dict[tuple[str, str], TaskID] = {}

            def show(now: list["first_pass.Progress"]) -> None:
                for each in now:
                    key = each.tenant, each.flow
                    if key not in tasks:
                        tasks[key] = live.add_task(f"{each.tenant} {each.flow}", total=None)
                    live.update(tasks[key], completed=each.settled, total=each.total or None)

            yield show

    def _lines(self) -> Show:
        last = time.monotonic()

        def show(now: list["first_pass.Progress"]) -> None:
            nonlocal last
            if time.monotonic() - last < LINE_EVERY:
                return
            last = time.monotonic()
            sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
            for each in now:
                sums[each.tenant][0] += each.settled
                sums[each.tenant][1] += each.total
            told = ", ".join(f"{tenant} {settled} of {total}" for tenant, (settled, total) in sums.items())
            self.step(told)

        return show

    def counts(self, tenants: Mapping[str, Mapping[str, Mapping[str, int]]]) -> None:
        """The table per tenant and flow."""
        table = Table("", "seen", "created", "updated", "unchanged", "left out", "waiting", "stopped")
        for column in table.columns[1:]:
            column.justify = "right"
        for name, flows in tenants.items():
            table.add_section()
            table.add_row(f"[bold]{escape(name)}[/bold]")
            for flow, row in flows.items():
                table.add_row(f"  {flow}", *(str(number) if number else "–" for number in row.values()))
        self.console.print(table)

    def verdict(self, found: Mapping[str, Compared]) -> None:
        """The differences: those that are meant by cause, the unexpected ones each."""
        from sync.explain import explain  # noqa: PLC0415 - needs the settings

        records = sum(sum(each.records.values()) for each in found.values())
        meant = [each for compared in found.values() for each in compared.meant]
        unexpected = [(name, each) for name, compared in found.items() for each in compared.unexpected]
        self.say(f"Both sides compared, {records} records: {len(meant) + len(unexpected)} differences.")
        self.say(f"  {len(meant)} are meant, by cause, with the first of each:")
        by_cause: dict[tuple[str, str, str], list[Difference]] = defaultdict(list)
        for each in meant:
            by_cause[each.flow, each.state, each.cause].append(each)
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right")
        for (flow, state, cause), group in sorted(by_cause.items()):
            told = explain(cause, group[0].params, "en")
            table.add_row(f"  {len(group)}", flow, state.replace("_", " "), escape(told.what))
        self.console.print(table)
        colour = "red" if unexpected else "green"
        self.say(f"  [{colour}]{len(unexpected)} are unexpected.[/{colour}]")
        for name, each in unexpected[:SHOWN]:
            state = f" ({each.state})" if each.state else ""
            self.say(escape(f"    {name}: {each.flow} {each.name}: {each.what}{state}"))
        if len(unexpected) > SHOWN:
            self.say(f"    … and {len(unexpected) - SHOWN} more.")

    def addresses(self, ports: Ports, user: str, password: str) -> None:
        """Where to look, and how to end it."""
        self.is_up = True
        table = Table(box=None, show_header=False, padding=(0, 1))
        table.add_row("Admin", f"http://{HOST}:{ports.web}/admin/", f"user {user}, password {password}")
        table.add_row("Flower", f"http://{HOST}:{ports.flower}/", "the tasks")
        table.add_row("SmartDok twin", f"http://{HOST}:{ports.smartdok}/", "finalise a draft and watch it move")
        table.add_row("Fortnox twin", f"http://{HOST}:{ports.fortnox}/", "")
        self.console.print(table)
        self.say("In another terminal: .venv/bin/python manage.py status. Ctrl-C ends all of it; the data stays.")
