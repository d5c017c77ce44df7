"""The SmartDok twin is used through a public client that this project did not write: pysmartdok 0.2.0 from PyPI.

It runs in an environment of its own (`.venv-clients`, see requirements/clients.in). It knows one address, set in its
constructor; a subclass puts the twin's in its place. It has no call that creates, so the project is created through its
own authenticated request method.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.smartdok import TOKEN, SmartDok, running

PYTHON = Path(__file__).parents[2] / ".venv-clients" / "bin" / "python"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the public clients are not installed: .venv-clients, from requirements/clients.txt"
)

PROGRAM = """
import json, sys
import pysmartdok

url, token = sys.argv[1:]

class Client(pysmartdok.ApiClient):
    api_url = property(lambda self: url + "/", lambda self, value: None)

client = Client(token)
if "expire" in sys.stdin.read():
    client.headers["Authorization"] = "Bearer of-yesterday"
created = client.projects._request(
    "POST", url + "/Projects", json={"ProjectName": "Ny skola", "ProjectNumber": "2042", "IsActive": True}
).json()
project = client.projects.get_project(created["Id"])
print(json.dumps({
    "created": [project.project_number, project.project_name],
    "active": [p.project_number for p in client.projects.get_projects()],
    "all": [p.project_number for p in client.projects.get_projects(include_inactive=True, include_orders=True)],
    "by_number": [p.project_number for p in client.projects.get_projects(project_number="2041")],
    "start": str(client.projects.get_projects(project_number="2041")[0].start_date),
    "sub": [s.sub_project_number for s in client.projects.get_subprojects(client.projects.get_projects()[0].id)],
    "next": client.projects.get_next_project_number(),
    "users": [u["UserName"] for u in client.users.get_users()],
    "me": client.users.get_current_user()["UserName"],
    "licence": client.users.get_license_info()["TotalLicenses"],
}))
"""


@pytest.fixture
def smartdok() -> Iterator[SmartDok]:
    with running() as started:
        yield started


def run(smartdok: SmartDok, mood: str = "") -> dict[str, Any]:
    ended = subprocess.run(
        [PYTHON, "-c", PROGRAM, smartdok.twin.url, TOKEN],
        input=mood,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def test_pysmartdok_lists_creates_and_reads(smartdok: SmartDok) -> None:
    company = smartdok.company
    school = company.add_project(ProjectNumber="2041  ", StartDate="2026-03-01T00:00:00")
    company.add_sub_project(school["Id"], SubProjectNumber="7")
    company.add_project(ProjectNumber="1999", IsActive=False)
    company.add_project(ProjectNumber="2000", IsOrder=True, OrderTypeId=1)
    assert run(smartdok) == {
        "created": ["2042", "Ny skola"],
        "active": ["2041  ", "2042"],
        "all": ["2041  ", "1999", "2000", "2042"],
        "by_number": ["2041  "],
        "start": "2026-03-01 00:00:00",
        "sub": ["7"],
        "next": "2043",
        "users": ["anna.admin", "lars.lagbas"],
        "me": "anna.admin",
        "licence": 25,
    }


def test_pysmartdok_gets_a_new_session_on_401(smartdok: SmartDok) -> None:
    company = smartdok.company
    company.add_project(ProjectNumber="2041", StartDate="2026-03-01T00:00:00")
    assert run(smartdok, "expire")["created"] == ["2042", "Ny skola"]
    statuses = [request.status for request in smartdok.twin.requests if request.path == "/Projects"]
    assert statuses[:2] == [401, 200]
