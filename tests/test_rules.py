"""docs/rules.md, the code that quotes its ids, and the tests that are named after them stay together."""

import re
from pathlib import Path

from sync.explain import CAUSES

ROOT = Path(__file__).parents[1]
RULE = r"[GCPAIS]\d{1,2}"
AN_EXAMPLE = r"(?<!=)(?<!projekt )"  # numbers of projects look alike


def told() -> set[str]:
    return set(re.findall(rf"^- \*\*({RULE})\*\*", (ROOT / "docs/rules.md").read_text(), re.MULTILINE))


def test_every_rule_that_the_code_quotes_is_told() -> None:
    code = [path for folder in ("sync", "integration", "demo") for path in (ROOT / folder).rglob("*.py")]
    quoted = {each for path in code for each in re.findall(rf"{AN_EXAMPLE}\b{RULE}\b", path.read_text())}
    assert quoted - told() == set()


def test_every_rule_has_a_test_of_its_name() -> None:
    names = {
        name for path in (ROOT / "tests").rglob("*.py") for name in re.findall(r"def test_(\w+)", path.read_text())
    }
    tested = {part for name in names for part in name.split("_")}
    assert told() - tested == set()


def test_every_rule_that_an_explanation_shows_is_told() -> None:
    shown = {
        match[1] for key, each in CAUSES.items() for match in [re.match(rf"({RULE})\b", each.rule or key)] if match
    }
    assert shown
    assert shown - told() == set()


def test_every_principle_that_the_code_quotes_is_told() -> None:
    numbers = {int(each) for each in re.findall(r"^(\d+)\. ", (ROOT / "docs/rules.md").read_text(), re.MULTILINE)}
    code = [path for folder in ("config", "sync", "integration", "tests") for path in (ROOT / folder).rglob("*.py")]
    quoted = {int(each) for path in code for each in re.findall(r"[Pp]rinciple[_ ](\d+)", path.read_text())}
    assert quoted
    assert quoted - numbers == set()
