"""The message catalogues: extract every msgid, keep the translations there are, compile. Needs Babel only.

    python locale/update.py           write the .po files and compile the .mo files
    python locale/update.py --check   1 and a list when a translation is missing or a .mo is old

`sv` holds every msgid of the project, and those of django-unfold and django-celery-beat that Django's own Swedish
catalogue lacks: neither speaks Swedish. `en` holds what systems and flows say about themselves in Swedish.
"""

import datetime
import io
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).parent
ROOT = HERE.parent
FOLDERS = ("config", "integration", "sync")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    **dict.fromkeys(("gettext_lazy", "gettext_noop"), DEFAULT_KEYWORDS["gettext"]),
    **{f"{name}_lazy": DEFAULT_KEYWORDS[name] for name in ("ngettext", "pgettext", "npgettext")},
}
HEADER = """\
# Translations template for PROJECT.
# Copyright (C) 2026 ORGANIZATION
# This file is distributed under the same license as PROJECT."""
# Of no use, or different each time.
DROPPED = ("-Date:", "Generated-By", "Report-Msgid-Bugs-To", "Last-Translator", "Language-Team")
NEVER = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
Message = tuple[str | tuple[str, ...], str | None]


def extracted(folder: Path) -> Iterator[tuple[Message, str]]:
    """Every message of Python files and Django templates below a folder, with the file it stands in."""
    from django.utils.translation.template import templatize  # noqa: PLC0415 - settings first

    for path in sorted(folder.rglob("*")):
        if path.suffix == ".py" and "migrations" not in path.parts:
            source = path.read_text(encoding="utf-8")
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            # `templatize` blanks out everything but the messages; indentation would be Python's business.
            blanked = templatize(path.read_text(encoding="utf-8"))
            source = "\n".join(line.strip() for line in blanked.splitlines())
        else:
            continue
        for _, found, _, context in extract("python", io.BytesIO(source.encode()), keywords=KEYWORDS):
            if found and found != ("", ""):
                yield (found, context), path.relative_to(folder.parent).as_posix()


def vendors() -> Iterator[tuple[Message, str]]:
    """Messages of packages without a Swedish catalogue that no Swedish catalogue of Django has."""
    import django  # noqa: PLC0415
    import django_celery_beat  # noqa: PLC0415
    import unfold  # noqa: PLC0415

    known: set[str] = set()
    for name in ("conf", "contrib/admin", "contrib/auth"):
        with (Path(django.__file__).parent / name / "locale/sv/LC_MESSAGES/django.mo").open("rb") as file:
            known |= {_key(each.id) for each in read_mo(file) if each.string}
    # Parts of unfold that are not installed, and schedules that are not shown, need no words.
    unused = ("guardian", "constance", "simple_history", "import_export", "location_field", "contrib/forms")
    for package in (unfold, django_celery_beat):
        folder = Path(package.__file__ or "").parent
        for message, name in extracted(folder):
            if _key(message[0]) not in known and not any(part in name for part in unused):
                yield message, name


def _key(found: object) -> str:
    return str(found[0] if isinstance(found, tuple | list) else found)


def declared() -> Iterator[tuple[Message, str]]:
    """What systems and flows say about themselves, in Swedish."""
    from integration.registry import systems  # noqa: PLC0415
    from sync.flows.base import flows  # noqa: PLC0415

    texts: list[str] = []
    for system in systems.values():
        texts += [text for field in system.fields for text in (field.label, field.help)]
    for flow in flows():
        texts.append(flow.title)
        for setting in flow.settings:
            texts += [setting.label, setting.help, *(label for _, label in setting.choices)]
    yield from (((text, None), "flows and systems") for text in texts if text)


def updated(language: str, messages: Iterator[tuple[Message, str]]) -> Catalog:
    """The catalogue with exactly these messages and the translations that it has already."""
    path = HERE / language / "LC_MESSAGES" / "django.po"
    old = Catalog()
    if path.exists():
        with path.open("rb") as file:
            old = read_po(file, locale=language)
    new = Catalog(
        locale=language, charset="utf-8", fuzzy=False, header_comment=HEADER, project="Byggbro",
        version=tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
        copyright_holder="the Byggbro authors",
    )  # fmt: skip
    for (found, context), where in messages:
        kept = old.get(_key(found), context)
        new.add(found, kept.string if kept else None, locations=[(where, 0)], context=context)
    return new


def catalogues() -> dict[str, Catalog]:
    """Both, as they should be."""
    own = [message for name in FOLDERS for message in extracted(ROOT / name)]
    return {"sv": updated("sv", iter([*own, *vendors()])), "en": updated("en", declared())}


def untranslated(catalogue: Catalog) -> list[str]:
    """Msgids without a whole translation."""
    return [
        _key(each.id)
        for each in catalogue
        if each.id and not (all(each.string) if isinstance(each.string, tuple | list) else each.string)
    ]


def as_po(catalogue: Catalog) -> bytes:
    """The .po file: without line numbers and dates, so that it changes only when words do."""
    buffer = io.BytesIO()
    write_po(buffer, catalogue, omit_header=False, sort_output=True, include_lineno=False, width=110)
    header, gap, messages = buffer.getvalue().decode().partition("\n\n")
    kept = [line for line in header.splitlines() if not any(each in line for each in DROPPED)]
    return ("\n".join(kept) + gap + messages).encode()


def as_mo(po: bytes) -> bytes:
    """The .mo file of a .po file."""
    buffer = io.BytesIO()
    catalogue = read_po(io.BytesIO(po))
    catalogue.creation_date = catalogue.revision_date = NEVER  # else the hour of compiling
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def problems() -> list[str]:
    """What is missing or old, in words."""
    found = []
    for language, catalogue in catalogues().items():
        folder = HERE / language / "LC_MESSAGES"
        found += [f"{language}: no translation of {text!r}" for text in untranslated(catalogue)]
        po = (folder / "django.po").read_bytes()
        if as_po(catalogue) != po:
            found.append(f"{language}: django.po is old; run python locale/update.py")
        if as_mo(po) != (folder / "django.mo").read_bytes():
            found.append(f"{language}: django.mo is not what django.po says; run python locale/update.py")
    return found


def write() -> None:
    """Both catalogues, as text and compiled."""
    for language, catalogue in catalogues().items():
        folder = HERE / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        po = as_po(catalogue)
        (folder / "django.po").write_bytes(po)
        (folder / "django.mo").write_bytes(as_mo(po))


if __name__ == "__main__":
    sys.path[:] = [str(ROOT), *(each for each in sys.path if Path(each or ".").resolve() != HERE)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    if "--check" not in sys.argv:
        write()
    lines = problems()
    print("\n".join(lines) or "complete")
    sys.exit(1 if lines else 0)
