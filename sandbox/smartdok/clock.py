"""Time as SmartDok writes it: Swedish local time, ISO 8601, milliseconds, no zone."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

SWEDEN = ZoneInfo("Europe/Stockholm")

Clock = Callable[[], dt.datetime]
"""Gives the present as an aware datetime."""


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def local(moment: dt.datetime) -> dt.datetime:
    """Swedish local time without a zone. A moment without a zone is taken to be that already."""
    return moment.astimezone(SWEDEN).replace(tzinfo=None) if moment.tzinfo else moment


def write(moment: dt.datetime) -> str:
    """`2026-01-05T08:32:55.293`; .NET drops zeros at the end of the fraction, and the fraction if it is 0."""
    text = local(moment).isoformat(timespec="milliseconds")
    return text.rstrip("0").rstrip(".") if "." in text else text
