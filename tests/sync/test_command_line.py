"""The command line: exit codes, the exact keys of `--json`, a dry run that writes nothing anywhere."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import execute_from_command_line

from integration.models import Connection, Tenant
from sync.models import Attempt, Document, Item, Pipeline, Transition
from tests.sync import remote

FLOWS = ["customers", "projects", "articles", "invoices", "supplier-invoices", "supplier-documents"]
COLUMNS = ["seen", "created", "updated", "unchanged", "left_out", "waiting", "stopped"]
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Types `manage.py …`; gives exit code, stdout and stderr."""
    monkeypatch.setattr("django.core.management.base.connections.close_all", lambda: None)

    def typed(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = 0
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        told = capsys.readouterr()
        return code, told.out, told.err

    return typed


def _rows(out: str) -> dict[str, list[int]]:
    return {flow: [row[name] for name in COLUMNS] for flow, row in json.loads(out)["flows"].items()}


def test_sync_exits_0_when_all_is_settled_and_prints_exactly_these_keys(
    command: Command, tenant: Any, bill: Any
) -> None:
    bill()
    code, out, _ = command("sync", "ostanbygg", "--json")
    told = json.loads(out)
    assert code == 0
    assert list(told) == ["tenant", "flows", "api_calls", "seconds"]
    assert told["tenant"] == "ostanbygg"
    assert list(told["flows"]) == FLOWS
    assert {flow: list(row) for flow, row in told["flows"].items()} == dict.fromkeys(FLOWS, COLUMNS)
    assert sorted(told["api_calls"]) == ["fortnox", "smartdok"]
    assert _rows(out) == {
        "customers": [1, 1, 0, 0, 0, 0, 0],
        "projects": [1, 1, 0, 0, 0, 0, 0],
        "articles": [0] * 7,
        "invoices": [1, 1, 0, 0, 0, 0, 0],
        "supplier-invoices": [0] * 7,
        "supplier-documents": [0] * 7,
    }
    code, out, _ = command("sync", "ostanbygg", "--json")
    assert (code, _rows(out)["invoices"]) == (0, [1, 0, 0, 1, 0, 0, 0])


def test_sync_exits_2_when_a_person_must_act_and_says_why(command: Command, tenant: Any, smartdok: Any) -> None:
    smartdok.add_project(ProjectNumber="2001", ProjectName="Utan start")
    code, out, _ = command("sync", "ostanbygg")
    assert code == 2
    assert "projects 2001 Utan start:" in out
    assert "startdatum" in out.lower()


def test_sync_exits_1_when_something_failed(command: Command, tenant: Any, twins: Any) -> None:
    twins.smartdok.faults.add("status", "GET", "^/Customers", times=None, status=503)
    code, out, _ = command("sync", "ostanbygg")
    assert code == 1
    assert "customers:" in out


def test_sync_one_flow_reads_what_it_looks_up_and_sends_only_its_own(
    command: Command, tenant: Any, bill: Any, fortnox: Any
) -> None:
    bill()
    code, out, _ = command("sync", "ostanbygg", "--json", "--flow", "invoices")
    assert (code, _rows(out)) == (2, {"invoices": [1, 0, 0, 0, 0, 1, 0]})
    assert (fortnox.customers, fortnox.projects, fortnox.invoices) == ({}, {}, {})
    code, out, _ = command("sync", "ostanbygg", "--json", "--flow", "customers", "--flow", "projects")
    assert (code, list(_rows(out))) == (0, ["customers", "projects"]), "the invoice is due now"
    code, out, _ = command("sync", "ostanbygg", "--json", "--flow", "invoices")
    assert (code, _rows(out), len(fortnox.invoices)) == (0, {"invoices": [1, 1, 0, 0, 0, 0, 0]}, 1)


def _everything() -> list[Any]:
    """The rows of every table of ours; of a connection what a person would call its settings."""
    tables = (Tenant, Pipeline, Item, Attempt, Transition, Document)
    rows: list[Any] = [list(table.objects.order_by("pk").values()) for table in tables]
    return [*rows, list(Connection.objects.order_by("pk").values("options", "secrets", "system", "state"))]


def test_sync_dry_run_says_what_would_be_written_and_writes_nothing_anywhere(
    command: Command, tenant: Any, bill: Any, smartdok: Any, fortnox: Any, writes: Any, run: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    smartdok.add_project(ProjectNumber="2001")
    run()
    smartdok.touch(customer, CustomerName="Kund AB")
    bill()
    fortnox.add_supplier_invoice(fortnox.add_supplier("B"), "125", project="2041")
    writes()
    before, there = _everything(), (remote.customers(fortnox), remote.supplier_invoices(smartdok))
    code, out, _ = command("sync", "ostanbygg", "--json", "--dry-run")
    assert code == 2
    assert _rows(out) == {
        "customers": [2, 0, 1, 1, 0, 0, 0],
        "projects": [2, 0, 0, 1, 0, 0, 1],
        "articles": [0] * 7,
        "invoices": [1, 1, 0, 0, 0, 0, 0],
        "supplier-invoices": [1, 1, 0, 0, 0, 0, 0],
        "supplier-documents": [0] * 7,
    }
    assert writes() == []
    assert _everything() == before
    assert (remote.customers(fortnox), remote.supplier_invoices(smartdok)) == there


def test_sync_dry_run_of_a_company_that_was_never_read(command: Command, tenant: Any, bill: Any, writes: Any) -> None:
    bill()
    writes()
    code, out, _ = command("sync", "ostanbygg", "--json", "--dry-run")
    assert (code, _rows(out)["invoices"], writes(), Item.objects.count()) == (0, [1, 1, 0, 0, 0, 0, 0], [], 0)


def test_sync_since_reads_from_that_day(command: Command, tenant: Any, twins: Any) -> None:
    command("sync", "ostanbygg")
    twins.smartdok.clear_log()
    command("sync", "ostanbygg", "--since", "2026-02-01")
    queries = {each.path: each.query for each in twins.smartdok.requests}
    assert "updatedSince=2026-02-01T00%3A00%3A00" in queries["/Customers"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["sync", "finns-inte"], "finns-inte"),
        (["sync", "ostanbygg", "--since", "2026-13-01"], "2026-13-01"),
        (["sync", "ostanbygg", "--since", "igår"], "igår"),
        (["sync", "ostanbygg", "--flow", "faktura"], "faktura"),
        (["sync"], "slug"),
        (["status", "finns-inte"], "finns-inte"),
        (["tenant_add", "å b", "--name", "N", "--smartdok-token", "T", "--fortnox-tenant-id", "1"], "å b"),
        (["tenant_add", "ny", "--name", "N", "--smartdok-token", "T"], "--fortnox-tenant-id"),
        (["tenant_add", "ny", "--name", "N", "--smartdok-token", "T", "--fortnox-tenant-id", "1",
          "--go-live", "1/5"], "1/5"),
        (["tenant_add", "ny", "--name", "N", "--smartdok-token", "T", "--fortnox-tenant-id", "1",
          "--go-live", "2999-01-01"], "2999-01-01 lies in the future"),
    ],
)  # fmt: skip
def test_what_was_mistyped_is_named_in_a_line_and_exits_1(
    command: Command, tenant: Any, arguments: list[str], named: str
) -> None:
    code, _, err = command(*arguments)
    assert code == 1
    assert named in err
    assert "Traceback" not in err
    assert list(Tenant.objects.values_list("slug", flat=True)) == ["ostanbygg"]


def test_sync_of_a_tenant_that_is_off(command: Command, tenant: Any, twins: Any) -> None:
    Tenant.objects.update(active=False)
    twins.smartdok.clear_log()
    assert command("sync", "ostanbygg")[0] == 1
    assert twins.smartdok.requests == []


def test_status_tells_the_stopped_and_the_changed_with_their_reason(
    command: Command, tenant: Any, bill: Any, smartdok: Any, run: Any
) -> None:
    project = smartdok.add_project(ProjectNumber="2001", ProjectName="Utan start")
    basis = bill()
    bill(ProjectId=project["Id"])
    run()
    smartdok.withdraw(basis["Id"])
    run()
    code, out, _ = command("status", "ostanbygg", "--json")
    told = json.loads(out)
    assert code == 0
    assert list(told) == [
        "tenant", "name", "go_live", "connections", "pipelines", "backlog", "oldest_waiting", "needs_you", "waiting",
    ]  # fmt: skip
    assert [(each["flow"], each["cause"], each["reason"]) for each in told["needs_you"]] == [
        ("invoices", "I3.withdrawn", "changed"), ("projects", "P2", "data"),
    ]  # fmt: skip
    assert [(each["flow"], each["cause"], each["needs"]) for each in told["waiting"]] == [
        ("invoices", "I5", [f"projects:id={project['Id']}"])
    ]
    assert all(each["explanation"] for each in told["needs_you"] + told["waiting"])
    assert all(each["to_do"] for each in told["needs_you"])
    assert {name: each["state"] for name, each in told["connections"].items()} == {
        "smartdok": "connected", "fortnox": "connected",
    }  # fmt: skip
    assert list(json.loads(command("status", "--json")[1])) == ["tenants"]
    assert "stopped projects 2001 Utan start:" in command("status")[1]


def _add(twins: Any, *further: str, token: str = "", name: str = "Östanbygg AB") -> list[str]:
    company = twins.tenant("ostanbygg").tenant
    return [
        "tenant_add", "nytt-bygg", "--name", name, "--smartdok-token", token or company.smartdok_token,
        "--smartdok-url", twins.smartdok.url, "--fortnox-tenant-id", str(company.fortnox_tenant_id), *further,
    ]  # fmt: skip


def test_tenant_add_makes_everything_and_checks_both_connections(command: Command, twins: Any, db: None) -> None:
    code, out, _ = command(*_add(twins, "--go-live", "2026-02-01"))
    assert code == 0
    assert "Created nytt-bygg: go-live 2026-02-01" in out
    assert "fortnox: connected to Östanbygg AB" in out
    tenant = Tenant.objects.get()
    assert list(tenant.pipelines.order_by("pk").values_list("flow", "enabled", "cadence")) == [
        ("customers", True, 120), ("projects", True, 120), ("articles", True, 300), ("invoices", True, 60),
        ("supplier-invoices", True, 300), ("supplier-documents", True, 300),
    ]  # fmt: skip


def test_tenant_add_is_idempotent_on_the_slug(command: Command, twins: Any, db: None, writes: Any) -> None:
    command(*_add(twins, "--go-live", "2026-02-01"))
    tenant = Tenant.objects.get()
    Pipeline.objects.filter(flow="invoices").update(settings={"not_completed": True}, enabled=False)
    twins.tenant("ostanbygg").smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    command("sync", "nytt-bygg")
    before = _everything()
    code, out, _ = command(*_add(twins))
    assert (code, "Updated nytt-bygg: go-live 2026-02-01" in out) == (0, True)
    assert _everything() == before
    code, _, _ = command(*_add(twins, name="Nytt namn AB"))
    tenant.refresh_from_db()
    assert (code, tenant.name, str(tenant.go_live), Tenant.objects.count()) == (0, "Nytt namn AB", "2026-02-01", 1)


def test_tenant_add_gives_one_that_runs_no_other_company(command: Command, twins: Any, db: None) -> None:
    command(*_add(twins))
    command("sync", "nytt-bygg")
    before = _everything()
    code, _, err = command(*_add(twins, token=twins.tenant("maltes-mark").tenant.smartdok_token, name="Malte"))
    assert (code, "stays as it is" in err, "Traceback" in err) == (1, True, False)
    assert _everything() == before
    assert Tenant.objects.get().name == "Östanbygg AB"


def test_tenant_add_with_a_wrong_token_stores_nothing_and_exits_2(command: Command, twins: Any, db: None) -> None:
    code, out, err = command(*_add(twins, token="hemligt-men-fel"))
    assert (code, out) == (2, "")
    assert "nytt-bygg is not created: SmartDok godtar inte API-nyckeln" in err
    assert "hemligt-men-fel" not in err
    assert not Tenant.objects.exists()
    assert not Connection.objects.exists()
    assert command(*_add(twins))[0] == 0, "run again with the right one"
    before = _everything()
    code, _, err = command(*_add(twins, token="hemligt-men-fel", name="Nytt namn AB"))
    assert (code, "nytt-bygg stays as it is" in err) == (2, True)
    assert _everything() == before
    assert set(Connection.objects.values_list("state", flat=True)) == {"connected"}


def test_tenant_add_stores_nothing_while_a_system_cannot_be_asked(command: Command, twins: Any, db: None) -> None:
    twins.smartdok.faults.add("status", "GET", ".*", times=None, status=503)
    code, _, err = command(*_add(twins))
    assert (code, "nytt-bygg is not created: " in err) == (2, True)
    assert not Tenant.objects.exists()


def test_tenant_add_takes_a_fortnox_number_before_its_consent(command: Command, twins: Any, db: None) -> None:
    arguments = _add(twins)
    arguments[arguments.index("--fortnox-tenant-id") + 1] = "999999"
    code, out, _ = command(*arguments)
    assert code == 2
    assert "Created nytt-bygg" in out
    assert "fortnox: needs_consent" in out
    assert dict(Connection.objects.values_list("system", "state")) == {
        "smartdok": "connected", "fortnox": "needs_consent",
    }  # fmt: skip
