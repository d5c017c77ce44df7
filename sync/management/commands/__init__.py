"""The command line: the same engine, for headless use."""

import datetime
import sys
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from redis import RedisError

from integration.models import Tenant

WRONG_ARGUMENTS = 2  # argparse's exit code, which here would say "a person must act"


class OneLine(BaseCommand):
    """A command whose failures are one line and exit code 1: wrong arguments, a database or broker out of reach."""

    _begun = False

    def run_from_argv(self, argv: list[str]) -> None:
        """Wrong arguments end with 1: 2 is kept for what a person must do."""
        try:
            super().run_from_argv(argv)
        except SystemExit as end:
            if end.code == WRONG_ARGUMENTS and not self._begun:
                sys.exit(1)
            raise

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it; what is out of reach is named."""
        self._begun = True
        try:
            return super().execute(*args, **options)
        except OperationalError as error:
            raise CommandError(f"the database (DATABASE_URL) cannot be used: {str(error).splitlines()[0]}") from None
        except RedisError as error:
            raise CommandError(f"Redis (REDIS_URL) cannot be used: {error}") from None


def day(text: str) -> datetime.date:
    """A day given on the command line.

    Raises:
        ArgumentTypeError: it is not YYYY-MM-DD.
    """
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date of the form YYYY-MM-DD") from None


def tenant_or_error(slug: str) -> Tenant:
    """The tenant with this slug.

    Raises:
        CommandError: there is none; names those that there are.
    """
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        known = ", ".join(Tenant.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none"
        raise CommandError(f"no company with the short name {slug!r} (there are: {known})")
    return tenant
