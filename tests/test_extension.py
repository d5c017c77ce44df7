"""The design's claim: a second accounting system is one new file in `systems/`, a new entity one new file in `flows/`;
neither needs an edit elsewhere or a migration. Both are dropped into a copy of the tree, and a record goes through.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

ROOT = Path(__file__).parents[1]

SYSTEM = '''
"""A second accounting system, in a file of its own: it keeps what it gets in a JSON file."""

import json
from dataclasses import dataclass
from pathlib import Path

from integration.records import Customer, Page, Read
from integration.registry import reads, system, writes
from integration.systems.base import Field, Identity, Payload, Reader, System, Writer, Written


@dataclass(frozen=True, slots=True)
class Department:
    source_id: str
    number: str
    name: str


@system("pappersbok")
class Pappersbok(System):
    title = "Pappersboken"
    fields = (Field("file", "Fil"),)

    def check(self):
        return Identity("Pappersboken")

    def load(self):
        path = Path(self.connection.options["file"])
        return json.loads(path.read_text()) if path.exists() else {}

    def save(self, kept):
        Path(self.connection.options["file"]).write_text(json.dumps(kept))


class _Kept(Writer):
    kind = ""

    def find(self, record):
        return self.get(record.number)

    def get(self, target_id):
        return None

    def create(self, record, fields, before_send):
        before_send()
        kept = self.system.load()
        kept[f"{self.kind} {record.number}"] = fields
        self.system.save(kept)
        return Written(record.number)

    def update(self, target_id, record, changes, before_send):
        before_send()
        kept = self.system.load()
        kept[f"{self.kind} {target_id}"].update(changes)
        self.system.save(kept)
        return Written(target_id)


@writes("pappersbok", Customer)
class Customers(_Kept):
    kind = "customer"

    def payload(self, record):
        return Payload({"namn": record.name})


@writes("pappersbok", Department)
class Departments(_Kept):
    kind = "department"

    def payload(self, record):
        return Payload({"namn": record.name})


@reads("smartdok", Department)
class DepartmentReader(Reader):
    def pages(self, window):
        body = self.system.http.get("/Departments", {"all": "true"}).json()
        yield Page(tuple(Read(Department(str(d["Id"]), d["Number"].strip(), d["Name"])) for d in body["Items"]))
'''

FLOW = '''
"""Departments, SmartDok → the paper book."""

from integration.errors import Skip
from integration.systems.pappersbok import Department
from sync.flows.base import Flow, Label, flow


@flow
class Departments(Flow):
    key = "departments"
    title = "Avdelningar"
    reads = writes = Department
    rank = 90

    def label(self, record):
        return Label(record.number, record.name)

    def prepare(self, record, desk):
        if not record.number:
            raise Skip("no_number")
        return record
'''

SCRIPT = """
import json, sys
import django
django.setup()
from integration import registry
from integration.models import Tenant
from sync import tasks
from sync.engine.onboarding import add_tenant
from sync.engine.run import run_pass
from sync.models import Pipeline

url, token, file = sys.argv[1:]
tenant, _ = add_tenant("papper", "Papper AB", {"smartdok": {"url": url, "token": token}, "pappersbok": {"file": file}})
first = run_pass(tenant)
second = run_pass(tenant)
print(json.dumps({
    "pipelines": list(tenant.pipelines.order_by("flow").values_list("flow", "source", "target")),
    "tasks": sorted(step.name for step in tasks.steps["departments"].values()),
    "created": {flow: row["created"] for flow, row in first.flows.items()},
    "again": {flow: [row["created"], row["updated"]] for flow, row in second.flows.items()},
    "exit": [first.exit_code, second.exit_code],
}))
Tenant.objects.all().delete()
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the application with the new files in it."""
    copy = tmp_path / "tree"
    copy.mkdir()
    for name in ("config", "integration", "sync", "manage.py", "locale"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, copy / name)
    (copy / "integration" / "systems" / "pappersbok.py").write_text(SYSTEM)
    (copy / "sync" / "flows" / "departments.py").write_text(FLOW)
    return copy


@pytest.fixture
def shell(tree: Path, twins: Any, transactional_db: None) -> Any:
    """Runs Python in the copy, on the test's database."""
    database = connection.settings_dict
    host = database["HOST"].replace("/", "%2F")
    address = f"{host}:{database['PORT']}" if database["PORT"] else host
    user = database["USER"] + (f":{database['PASSWORD']}" if database["PASSWORD"] else "")
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "DATABASE_URL": f"postgres://{user}@{address}/{database['NAME']}",
        "REDIS_URL": django_settings.REDIS_URL,
        "SECRET_KEY": django_settings.SECRET_KEY,
        "ENCRYPTION_KEYS": ",".join(django_settings.ENCRYPTION_KEYS),
        "PUBLIC_URL": "http://127.0.0.1:9",
        "FORTNOX_CLIENT_ID": "-",
        "FORTNOX_CLIENT_SECRET": "-",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "ERROR",
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], check=False, cwd=tree, env=environment, capture_output=True, text=True,
            timeout=200,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


def test_a_new_system_and_a_new_flow_are_a_file_each_without_an_edit_or_a_migration(
    shell: Any, tree: Path, twins: Any, smartdok: Any, tmp_path: Path
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Kund AB")
    smartdok.add_department(Number="7 ", Name="Anläggning")
    (tree / "script.py").write_text(SCRIPT)
    assert "No changes detected" in shell("manage.py", "makemigrations", "--check", "--dry-run")
    book = tmp_path / "book.json"
    told = json.loads(shell("script.py", twins.smartdok.url, smartdok.token, str(book)).splitlines()[-1])
    assert told["pipelines"] == [["customers", "smartdok", "pappersbok"], ["departments", "smartdok", "pappersbok"]]
    assert told["tasks"] == ["sync.departments.pull", "sync.departments.push"]
    assert told["created"] == {"customers": 1, "departments": 2}
    assert told["again"] == {"customers": [0, 0], "departments": [0, 0]}
    assert told["exit"] == [0, 0]
    assert json.loads(book.read_text()) == {
        "customer 1001": {"namn": "Kund AB"},
        "department 1": {"namn": "Produktion"},
        "department 7": {"namn": "Anläggning"},
    }
