"""`manage.py tenant_add`: create a tenant with both connections and all pipelines, and check both connections."""

import datetime
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_slug
from django.utils import timezone

from integration.errors import Fault
from integration.models import Tenant
from sync.engine import access
from sync.engine.onboarding import add_tenant
from sync.explain import explain
from sync.management.commands import OneLine, day

NOT_CONNECTED = 2  # exit code: a connection does not work


def past_day(text: str) -> datetime.date:
    """A day that is not in the future: nothing would be transferred until then, and nobody would know why.

    Raises:
        ArgumentTypeError: it is, or is no day.
    """
    found = day(text)
    if found > timezone.localdate():
        raise ArgumentTypeError(f"{text} lies in the future: nothing would be transferred until then")
    return found


class Command(OneLine):
    """Idempotent on SLUG: run again, it brings name, tokens and go-live up to date and keeps everything else.

    A key is tried before anything is stored; a Fortnox number may come before its consent.
    """

    help = "Create a company with both connections and all pipelines, and check both connections."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name, letters, digits and hyphens")
        parser.add_argument("--name", required=True, help="the company's name")
        parser.add_argument("--smartdok-token", required=True, help="API token from SmartDok")
        parser.add_argument("--smartdok-url", default="", help="SmartDok's address, when it is not the default")
        parser.add_argument("--fortnox-tenant-id", required=True, help="Fortnox database number")
        parser.add_argument("--go-live", type=past_day, help="first day that counts (YYYY-MM-DD), today by default")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, go_live = options["slug"], options["go_live"]
        try:
            validate_slug(slug)
        except ValidationError:
            raise CommandError(f"SLUG {slug!r} may hold letters, digits, hyphens and underscores only") from None
        given = {
            "smartdok": {
                "token": options["smartdok_token"],
                "url": options["smartdok_url"] or settings.SMARTDOK_API_URL,
            },
            "fortnox": {"tenant_id": options["fortnox_tenant_id"]},
        }
        try:
            tenant, created = add_tenant(slug, options["name"], given, go_live, access.replace_or_foresee)
        except Fault as fault:
            told = explain(fault.cause, fault.params)
            kept = "stays as it is" if Tenant.objects.filter(slug=slug).exists() else "is not created"
            code = 1 if fault.cause.startswith("setup.") else NOT_CONNECTED
            raise CommandError(
                f"{slug} {kept}: {told.title}. {told.what} {' '.join(told.steps)}", returncode=code
            ) from None
        self.stdout.write(f"{'Created' if created else 'Updated'} {tenant.slug}: go-live {tenant.go_live}")
        broken = False
        for connection in tenant.connections.order_by("system"):
            identity = access.check(connection)
            if identity:
                self.stdout.write(f"  {connection.system}: connected to {identity.company}")
            else:
                broken = True
                told = explain(connection.cause, connection.params)
                self.stdout.write(f"  {connection.system}: {connection.state}: {told.what} {told.to_do}")
        if broken:
            sys.exit(NOT_CONNECTED)
