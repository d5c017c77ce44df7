"""Every word that people read has a translation, and what is compiled is what is written."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parents[1] / "locale"


@pytest.fixture(scope="module")
def catalogues() -> ModuleType:
    """`locale/update.py`, which is a script and no package."""
    pytest.importorskip("babel")
    spec = importlib.util.spec_from_file_location("locale_update", HERE / "update.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_catalogues_are_complete_and_compiled(catalogues: ModuleType):
    assert catalogues.problems() == []


def test_messages_of_code_and_of_templates_are_found(catalogues: ModuleType):
    found = {message[0] for name in catalogues.FOLDERS for message, _ in catalogues.extracted(HERE.parent / name)}
    assert "Needs somebody" in found  # sync/models.py
    assert "Whose turn" in found  # a template
    assert "It lies in %(to)s as %(number)s." in found  # blocktranslate
    assert ("%(count)d item is left out.", "%(count)d items are left out.") in found


def test_a_missing_translation_is_named(catalogues: ModuleType):
    catalogue = catalogues.Catalog(locale="sv")
    catalogue.add("Something new")
    catalogue.add(("%(n)d thing", "%(n)d things"), ("%(n)d sak", ""))
    assert catalogues.untranslated(catalogue) == ["Something new", "%(n)d thing"]


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_heads_of_the_catalogues_name_the_project(language: str):
    head = (HERE / language / "LC_MESSAGES" / "django.po").read_text().partition("\n\n")[0]
    assert "Project-Id-Version: Byggbro 0" in head
    for placeholder in ("PROJECT", "ORGANIZATION", "FIRST AUTHOR", "FULL NAME", "EMAIL@ADDRESS", "LL@li.org"):
        assert placeholder not in head
