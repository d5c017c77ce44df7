"""`manage.py doctor` says what is missing and what to do, and ends with the exit code that a script can act on."""

import datetime
import email.utils
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from integration.models import Connection, Tenant
from sandbox import Twins
from sync.management.commands import doctor

pytestmark = pytest.mark.django_db


class Handler(WSGIRequestHandler):
    """Says whatever time it is told to."""

    off = datetime.timedelta()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return email.utils.format_datetime(timezone.now() + self.off, usegmt=True)

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@pytest.fixture
def web(settings: Any) -> Iterator[list[Any]]:
    """Something that answers /healthz as the web process does. Empty the list, and it is another page."""
    answer: list[Any] = ["ok"]

    @Request.application
    def app(request: Request) -> Response:
        return Response(*answer) if answer and request.path == "/healthz" else Response("not here", 404)

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.PUBLIC_URL = f"http://127.0.0.1:{server.server_port}"
    yield answer
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def well(web: list[str], tenant: Tenant, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is there: a worker answers, beat has just ticked, the storage can be written."""
    monkeypatch.setattr(current_app.control, "ping", lambda timeout: [{"celery@here": {"ok": "pong"}}])
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path, "base_url": None},
        },
    }
    settings.DOCUMENT_STORAGE = str(tmp_path)
    PeriodicTask.objects.filter(task="sync.tick").update(last_run_at=timezone.now())
    Tenant.objects.create(slug="nothing-connected", name="Ny AB", active=False)


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines of a visit."""
    code = 0
    try:
        call_command("doctor", *arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, capsys.readouterr().out.splitlines()


def advice(lines: list[str], name: str) -> str:
    """What the check of that name said, with what to do."""
    at = next(position for position, line in enumerate(lines) if line[7:].startswith(f"{name}: "))
    return "\n".join([lines[at], *(line for line in lines[at + 1 : at + 2] if "→" in line)])


@pytest.mark.usefixtures("well")
def test_all_well(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = asked(capsys)
    assert {line[:7].strip() for line in lines} == {"ok"}
    assert code == 0
    assert advice(lines, "ostanbygg") == "ok     ostanbygg: fortnox: connected to Östanbygg AB"
    assert [line for line in lines if "smartdok: connected to" in line] != []


@pytest.mark.usefixtures("well")
def test_an_unknown_company_is_a_clear_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        CommandError, match=r"no company with the short name 'nobody' \(there are: nothing-connected, ostanbygg\)"
    ):
        asked(capsys, "nobody")


@pytest.mark.usefixtures("well")
def test_no_worker(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_app.control, "ping", lambda timeout: [])
    code, lines = asked(capsys)
    assert code == 2
    assert advice(lines, "worker") == (
        "mend   worker: no worker answers: nothing is transferred\n       → Start one: celery -A config worker"
    )


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"last_run_at": None}, "no tick yet"),
        ({"last_run_at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}, "no tick since 2026-01-01 00:00 UTC"),
        ({"enabled": False}, "missing or switched off"),
    ],
)
def test_no_beat(changed: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    PeriodicTask.objects.filter(task="sync.tick").update(**changed)
    code, lines = asked(capsys)
    assert code == 2
    assert said in advice(lines, "beat")


@pytest.mark.usefixtures("well")
def test_a_broker_that_is_out_of_reach(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = current_app.connection_for_read("redis://127.0.0.1:1/0")
    monkeypatch.setattr(current_app, "connection_for_read", lambda: nowhere)
    code, lines = asked(capsys)
    assert code == 1
    assert advice(lines, "broker").startswith("failed broker: not reachable: ")


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(("seconds", "code"), [(-20, 0), (-90, 2), (90, 2)])
def test_a_clock_that_is_off(
    seconds: int, code: int, settings: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "off", datetime.timedelta(seconds=seconds))
    settings.FORTNOX_API_URL = settings.PUBLIC_URL
    ended, lines = asked(capsys, "nothing-connected")
    assert ended == code
    assert ("off Fortnox' clock" in advice(lines, "clock")) is bool(code)


@pytest.mark.usefixtures("well")
def test_a_vendor_that_is_out_of_reach(settings: Any, twins: Twins, capsys: pytest.CaptureFixture[str]) -> None:
    twins.fortnox.stop()
    code, lines = asked(capsys)
    assert code == 1
    assert advice(lines, "clock").startswith(f"failed clock: {settings.FORTNOX_API_URL} does not tell the time")
    assert [line for line in lines if line.startswith("failed ostanbygg: fortnox: ")] != []


@pytest.mark.usefixtures("well")
def test_an_access_that_is_gone(twins: Twins, tenant: Tenant, capsys: pytest.CaptureFixture[str]) -> None:
    twins.smartdok.company("demo-smartdok-token-ostanbygg").revoke_token()
    code, lines = asked(capsys, "ostanbygg")
    assert code == 2
    assert [line for line in lines if line.startswith("mend   ostanbygg: smartdok: ")] != []
    assert tenant.connections.get(system="smartdok").state == Connection.State.NEEDS_CONSENT


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize("answer", [["broken", 500], []])
def test_a_public_address_that_does_not_answer(
    answer: list[Any], web: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    web[:] = answer
    code, lines = asked(capsys)
    assert code == 2
    assert "SmartDok cannot fetch documents" in advice(lines, "public address")


@pytest.mark.usefixtures("well")
def test_a_storage_that_cannot_be_written(settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {**settings.STORAGES["default"], "OPTIONS": {"location": blocked, "base_url": None}},
    }
    code, lines = asked(capsys)
    assert code == 2
    assert advice(lines, "documents").startswith("mend   documents: ")


@pytest.mark.usefixtures("well")
def test_secrets_under_a_key_that_is_gone(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.ENCRYPTION_KEYS = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]
    code, lines = asked(capsys)
    assert code == 2
    assert "not in ENCRYPTION_KEYS" in advice(lines, "ostanbygg")


@pytest.mark.usefixtures("well")
def test_a_client_that_is_not_set(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.FORTNOX_CLIENT_SECRET = ""
    code, lines = asked(capsys)
    assert code == 2
    assert "mend   settings: FORTNOX_CLIENT_ID or FORTNOX_CLIENT_SECRET is not set" in lines


@pytest.mark.usefixtures("well")
def test_missing_migrations_end_the_visit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.MigrationExecutor, "migration_plan", lambda self, targets: ["0009_new"])
    code, lines = asked(capsys)
    assert code == 2
    assert lines[-2:] == [
        f"mend   database: 1 migrations are missing in {connection.settings_dict['NAME']}",
        "       → Run: manage.py migrate",
    ]


@pytest.mark.usefixtures("well")
def test_a_database_that_is_out_of_reach_ends_the_visit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: object, targets: object) -> None:
        raise OperationalError("connection refused\nIs the server running?")

    monkeypatch.setattr(doctor.MigrationExecutor, "migration_plan", refused)
    code, lines = asked(capsys)
    assert code == 1
    assert lines[-2:] == [
        "failed database: not reachable: connection refused",
        "       → Start PostgreSQL, or correct DATABASE_URL.",
    ]
