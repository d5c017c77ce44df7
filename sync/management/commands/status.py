"""`manage.py status`: health of connections, pipelines and backlog, and what is stopped and why."""

import json
from argparse import ArgumentParser
from typing import Any

from integration.models import Tenant
from sync.engine.report import status
from sync.management.commands import OneLine, tenant_or_error


class Command(OneLine):
    """For people by default, for scripts with --json."""

    help = "Health of connections, pipelines and backlog; what is stopped and why."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["slug"]
        tenants = [tenant_or_error(slug)] if slug else list(Tenant.objects.order_by("slug"))
        found = [status(tenant) for tenant in tenants]
        if options["json"]:
            self.stdout.write(json.dumps(found[0] if slug else {"tenants": found}, ensure_ascii=False, indent=2))
            return
        for each in found:
            self._show(each)

    def _show(self, told: dict[str, Any]) -> None:
        self.stdout.write(f"{told['tenant']} ({told['name']}), go-live {told['go_live']}")
        for system, connection in told["connections"].items():
            self.stdout.write(
                f"  {system}: {connection['state']} since {connection['since']} {connection['explanation']}"
            )
        for flow, pipeline in told["pipelines"].items():
            states = ", ".join(f"{state} {number}" for state, number in pipeline["states"].items()) or "empty"
            held = f" – {pipeline['explanation']}" if pipeline["explanation"] else ""
            self.stdout.write(f"  {flow}: {states}{held}")
            for kind, findings in pipeline["audit"].items():
                if findings and kind != "at":
                    self.stdout.write(f"    audit {pipeline['audit']['at'][:16]}: {kind}: {findings}")
        for item in told["needs_you"] + told["waiting"]:
            self.stdout.write(
                f"    {item['state']} {item['flow']} {item['number']} {item['title']}: {item['explanation']}"
            )
