"""`manage.py preflight SLUG`: reads both sides, writes nothing, and says what the first pass would do."""

import json
from typing import Any

from django.core.management.base import CommandParser

from sync.engine import preflight
from sync.explain import explain
from sync.management.commands import OneLine, tenant_or_error


class Command(OneLine):
    """Exit 0 when it came through, 1 when a side could not be read."""

    help = "Compares both sides of a tenant; writes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--json", action="store_true", help="the whole result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        row, _ = preflight.begin(tenant_or_error(options["slug"]), "preflight")
        result: dict[str, Any] = preflight.run(row).result or {}
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=2))
        elif not result.get("fault"):
            self._table(result)
        if fault := result.get("fault"):
            self.stderr.write(explain(fault["cause"], fault["params"]).what)
            raise SystemExit(1)

    def _table(self, result: dict[str, Any]) -> None:
        columns = ("here", "there", "both", "only_here", "only_there", *preflight.ACTIONS)
        self.stdout.write(f"{'flow':20}" + "".join(f"{name:>11}" for name in columns))
        for each in result["flows"]:
            values = ("–" if each[name] is None else each[name] for name in columns)
            self.stdout.write(f"{each['flow']:20}" + "".join(f"{value:>11}" for value in values))
        for each in result["conditions"]:
            self.stdout.write(explain(each["cause"], each["params"]).what)
        self.stdout.write(f"transferred already, as it seems: {len(result['transferred'])}")
