"""The command line: the same engine, for headless use."""

import datetime
from argparse import ArgumentTypeError

from django.core.management.base import CommandError

from integration.models import Tenant


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
