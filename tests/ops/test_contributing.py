"""The examples of CONTRIBUTING.md run: a system and a flow from one file each."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from integration import registry
from integration.errors import AuthError, InvalidRecord, Rejected, Skip
from integration.records import Customer
from integration.systems.base import Payload, Writer
from sync.flows import base
from tests.ops.test_settings import DEPLOYMENT

ROOT = Path(__file__).parents[2]
CUSTOMER = Customer(source_id="1", number="10/1", name="Bygg AB", organisation_number="556812-4475", email="a@b.se")


def code_of(name: str) -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    code = re.search(rf"<!-- tested: {name} -->\n```python\n(.*?)```", text, re.DOTALL)
    assert code
    return code[1]


def example(name: str) -> dict[str, Any]:
    """Everything that the example defines."""
    names: dict[str, Any] = {"__name__": f"example_{name}"}
    exec(compile(code_of(name), f"CONTRIBUTING.md ({name})", "exec"), names)
    return names


@pytest.fixture(autouse=True)
def _registries_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, table in ((registry, "systems"), (registry, "_readers"), (registry, "_writers"), (base, "_flows")):
        monkeypatch.setattr(module, table, dict(getattr(module, table)))


@pytest.fixture
def ledger() -> Any:
    """A tiny vendor: a list of customers behind an API key."""
    customers: list[dict[str, Any]] = []

    @Request.application
    def app(request: Request) -> Response:
        if request.headers.get("X-Api-Key") != "k":
            return Response("no", 401)
        if request.path == "/company":
            return Response('{"name": "Bygg AB"}')
        if request.method == "GET":
            return Response(json.dumps(customers))
        if request.method == "POST" and request.get_json()["no"] == "taken":
            return Response("taken", 409)
        if request.method == "POST":
            customers.append(request.get_json())
        else:
            customers[0].update(request.get_json())
        return Response("{}")

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", customers=customers)
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_system_is_one_file(ledger: Any) -> None:
    names = example("system")
    connection = SimpleNamespace(secrets={"key": "k"}, options={"url": ledger.url})
    kind = registry.systems["ledger"]
    system = kind(connection)
    assert system.check().company == "Bygg AB"
    assert registry.writers_of(Customer) == ["fortnox", "ledger"]
    writer = registry.writer("ledger", Customer)(system)
    left: list[str] = []
    fields = writer.payload(CUSTOMER).fields
    assert writer.find(CUSTOMER) is None
    assert writer.create(CUSTOMER, fields, lambda: left.append("POST")).target_id == "10/1"
    assert writer.find(CUSTOMER).fields == {"no": "10/1", "name": "Bygg AB", "mail": "a@b.se"}
    writer.update("10/1", CUSTOMER, {"name": "Nya Bygg AB"}, lambda: left.append("PATCH"))
    assert ledger.customers == [{"no": "10/1", "name": "Nya Bygg AB", "mail": "a@b.se"}]
    assert left == ["POST", "PATCH"]
    with pytest.raises(Rejected, match=r"ledger\.409"):
        writer.create(CUSTOMER, {"no": "taken"}, lambda: None)
    with pytest.raises(AuthError, match=r"ledger\.key_refused"):
        names["Ledger"](SimpleNamespace(secrets={"key": "old"}, options={"url": ledger.url})).check()


def test_what_a_system_must_have_it_does_not_start_without() -> None:
    class Half(Writer[Any, Customer]):
        def payload(self, record: Customer) -> Payload:
            return Payload({})

    with pytest.raises(TypeError, match="create, find, get, update"):
        Half(None)  # type: ignore[abstract]


WRONG = {
    "other_record": (
        "system",
        '@writes("ledger", Customer)',
        '@writes("ledger", Answer)',
        "Writer[Any, Answer]",
    ),
    "other_system": ("system", "self.system.http.get", "self.system.door.get", 'no attribute "door"'),
    "no_record": ("flow", "def prepare(self, record: Customer,", "def prepare(self, record: str,", "incompatible"),
}


def test_the_examples_are_typed_as_strictly_as_the_code(tmp_path: Path) -> None:
    for name in ("system", "flow"):
        (tmp_path / f"right_{name}.py").write_text(code_of(name))
    for mistake, (name, correct, wrong, _) in WRONG.items():
        assert correct in code_of(name)
        (tmp_path / f"wrong_{mistake}.py").write_text(code_of(name).replace(correct, wrong))
    files = sorted(str(each) for each in tmp_path.glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", *files],
        check=False, cwd=ROOT, env={**os.environ, **DEPLOYMENT}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert "right_" not in done.stdout
    for mistake, (*_, told) in WRONG.items():
        assert any(f"wrong_{mistake}.py" in line and told in line for line in done.stdout.splitlines()), done.stdout


def test_a_flow_is_one_file() -> None:
    example("flow")
    flow = base.get_flow("companies")
    assert [each.key for each in base.flows()][:3] == ["customers", "companies", "projects"]
    assert flow.label(CUSTOMER) == base.Label("10/1", "Bygg AB")
    desk: Any = SimpleNamespace(setting=lambda name: False)
    assert flow.prepare(CUSTOMER, desk) == CUSTOMER
    desk = SimpleNamespace(setting=lambda name: name == "capitals")
    assert flow.prepare(CUSTOMER, desk).name == "BYGG AB"
    with pytest.raises(Skip, match="X1"):
        flow.prepare(Customer(source_id="2", number="2", name="Eva"), desk)
    with pytest.raises(InvalidRecord, match=r"X1\.no_name"):
        flow.prepare(Customer(source_id="2", number="2", name="", organisation_number="556812-4475"), desk)
