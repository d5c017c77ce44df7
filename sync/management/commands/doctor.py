"""`manage.py doctor`: is everything there that a transfer needs, and if not, what to do."""

import datetime
import email.utils
import sys
import uuid
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import requests
from celery import current_app
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import OperationalError as BrokerError

from integration.models import Connection, Tenant
from integration.vault import UnreadableSecret
from sync.engine import access
from sync.explain import explain
from sync.management.commands import OneLine, tenant_or_error

SECONDS = 5  # that a check waits for an answer
TICK_AGE = datetime.timedelta(minutes=5)  # beat writes down its last runs every three minutes
CLOCK_SECONDS = 30  # by which our clock may differ from the vendor's
OK, PERSON, FAILED = "ok", "mend", "failed"


@dataclass(frozen=True)
class Finding:
    """What a check found. `level`: ok, mend (a person must act) or failed (out of reach now)."""

    level: str
    what: str
    to_do: str = ""


class Command(OneLine):
    """Exit 0 all well, 2 something a person must mend, 1 something could not be reached."""

    help = "Check settings, database, broker, worker, beat, clock, addresses, storage and connections."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", nargs="?", help="the company whose connections are checked; all by default")

    def handle(self, *args: Any, **options: Any) -> None:
        checks: dict[str, Callable[[], Iterator[Finding]]] = {
            "settings": _settings, "database": _database, "broker": _broker, "worker": _worker, "beat": _beat,
            "clock": _clock, "public address": _public_url, "documents": _documents,
        }  # fmt: skip
        levels: set[str] = set()
        for name, check in checks.items():
            found = list(check())
            levels |= {self._show(name, finding) for finding in found}
            if name == "database" and any(finding.level != OK for finding in found):
                break  # nothing further can be asked without it
        else:
            slug = options["slug"]
            tenants = [tenant_or_error(slug)] if slug else list(Tenant.objects.filter(active=True).order_by("slug"))
            levels |= {self._show(tenant.slug, finding) for tenant in tenants for finding in _connections(tenant)}
        if levels != {OK}:
            sys.exit(2 if PERSON in levels else 1)

    def _show(self, name: str, finding: Finding) -> str:
        self.stdout.write(f"{finding.level:<7}{name}: {finding.what}")
        if finding.to_do:
            self.stdout.write(f"       → {finding.to_do}")
        return finding.level


def _settings() -> Iterator[Finding]:
    """What start-up does not refuse by itself."""
    if settings.LOCAL:
        yield Finding(OK, "local, with the embedded PostgreSQL and Redis")
    elif settings.SECURE:
        yield Finding(OK, f"deployment at {settings.PUBLIC_URL}")
    else:
        yield Finding(
            PERSON, f"PUBLIC_URL is {settings.PUBLIC_URL}: log-in and documents go unencrypted",
            "Put a proxy with a certificate in front and set PUBLIC_URL to its https address.",
        )  # fmt: skip
    if not (settings.FORTNOX_CLIENT_ID and settings.FORTNOX_CLIENT_SECRET):
        yield Finding(
            PERSON, "FORTNOX_CLIENT_ID or FORTNOX_CLIENT_SECRET is not set",
            "Take both from the app in Fortnox' developer portal (README, Connect a company).",
        )  # fmt: skip


def _database() -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        told = str(error).strip().splitlines()[0]
        yield Finding(FAILED, f"not reachable: {told}", "Start PostgreSQL, or correct DATABASE_URL.")
        return
    name = connection.settings_dict["NAME"]
    if missing:
        yield Finding(PERSON, f"{len(missing)} migrations are missing in {name}", "Run: manage.py migrate")
    else:
        yield Finding(OK, f"{name} ({DEFAULT_DB_ALIAS}) is reachable and migrated")


def _broker() -> Iterator[Finding]:
    try:
        with current_app.connection_for_read() as broker:
            broker.ensure_connection(max_retries=1, timeout=SECONDS)
            yield Finding(OK, f"{broker.transport.driver_type} is reachable")
    except (BrokerError, OSError) as error:
        yield Finding(FAILED, f"not reachable: {error}", "Start Redis, or correct REDIS_URL and CELERY_BROKER_URL.")


def _worker() -> Iterator[Finding]:
    try:
        answers = current_app.control.ping(timeout=2.0)
    except (BrokerError, OSError) as error:
        yield Finding(FAILED, f"cannot be asked: {error}", "Mend the broker first.")
        return
    names = sorted(name for answer in answers for name in answer)
    if names:
        yield Finding(OK, f"{', '.join(names)} answer" + ("s" if len(names) == 1 else ""))
    else:
        yield Finding(PERSON, "no worker answers: nothing is transferred", "Start one: celery -A config worker")


def _beat() -> Iterator[Finding]:
    tick = PeriodicTask.objects.filter(task="sync.tick").order_by("-last_run_at").first()
    if tick is None or not tick.enabled:
        yield Finding(
            PERSON, "the schedule of sync.tick is missing or switched off",
            "Switch it on in the admin: Periodic tasks, Byggbro: tick.",
        )  # fmt: skip
        return
    age = timezone.now() - tick.last_run_at if tick.last_run_at else None
    if age is None or age > TICK_AGE:
        since = f"since {tick.last_run_at:%Y-%m-%d %H:%M} UTC" if tick.last_run_at else "yet"
        yield Finding(PERSON, f"no tick {since}: nothing is read by itself", "Start it, once: celery -A config beat")
    else:
        yield Finding(OK, f"last known tick {int(age.total_seconds())} s ago")


def _clock() -> Iterator[Finding]:
    """A clock that is off makes tokens expire early and changes go unseen (G7)."""
    try:
        answer = requests.head(settings.FORTNOX_API_URL, timeout=SECONDS, allow_redirects=False)
        theirs = email.utils.parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, KeyError, ValueError):
        yield Finding(FAILED, f"{settings.FORTNOX_API_URL} does not tell the time", "Check the way to the internet.")
        return
    off = (timezone.now() - theirs.replace(tzinfo=datetime.UTC)).total_seconds()  # HTTP dates are GMT (RFC 9110, 5.6.7)
    if abs(off) > CLOCK_SECONDS:
        yield Finding(PERSON, f"{off:+.0f} s off Fortnox' clock", "Let the machine keep its time by NTP.")
    else:
        yield Finding(OK, "agrees with Fortnox' clock")


def _public_url() -> Iterator[Finding]:
    """From here; that it can be reached from outside only SmartDok can tell."""
    address = f"{settings.PUBLIC_URL}/healthz"
    try:
        answer = requests.get(address, timeout=SECONDS, allow_redirects=False)
        told = "" if answer.status_code == 200 and answer.text.strip() == "ok" else f"answers {answer.status_code}"
    except requests.RequestException as error:
        told = f"is not reachable ({type(error).__name__})"
    if told:
        yield Finding(
            PERSON, f"{address} {told}: SmartDok cannot fetch documents",
            "Start the web process (gunicorn config.wsgi), or correct PUBLIC_URL.",
        )  # fmt: skip
    else:
        yield Finding(OK, f"{settings.PUBLIC_URL} answers")


def _documents() -> Iterator[Finding]:
    content = uuid.uuid4().hex.encode()
    try:
        path = default_storage.save(f"doctor/{uuid.uuid4().hex}", ContentFile(content))
        with default_storage.open(path) as stored:
            same = stored.read() == content
        default_storage.delete(path)
    except OSError as error:
        yield Finding(
            PERSON, f"{settings.DOCUMENT_STORAGE} cannot be written: {error.strerror or error}",
            "Give the service's user the right to write there, or correct DOCUMENT_STORAGE.",
        )  # fmt: skip
        return
    if same:
        yield Finding(OK, f"{settings.DOCUMENT_STORAGE} can be written")
    else:
        yield Finding(FAILED, f"{settings.DOCUMENT_STORAGE} gives back something else", "Check the storage.")


def _connections(tenant: Tenant) -> Iterator[Finding]:
    """Both systems of a tenant are asked who they are."""
    try:
        connections = list(tenant.connections.order_by("system"))
    except UnreadableSecret:
        yield Finding(
            PERSON, "its secrets were stored with a key that is not in ENCRYPTION_KEYS",
            "Add the older key at the end of ENCRYPTION_KEYS.",
        )  # fmt: skip
        return
    for each in connections:
        yield _asked(each)


def _asked(each: Connection) -> Finding:
    if each.state == Connection.State.PAUSED:
        return Finding(PERSON, f"{each.system} is paused", "Resume it in the admin when it shall be used again.")
    identity = access.check(each)
    if identity:
        return Finding(OK, f"{each.system}: connected to {identity.company}")
    told = explain(each.cause, each.params)
    level = FAILED if each.state == Connection.State.DEGRADED else PERSON
    return Finding(level, f"{each.system}: {told.what}", told.to_do)
