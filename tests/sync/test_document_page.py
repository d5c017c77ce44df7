"""S6: the signed address serves one document of one tenant until it expires, and nothing else."""

import datetime
import hashlib
import logging
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.core.files.storage import default_storage

from integration.errors import InvalidRecord
from integration.models import Tenant
from sync import documents
from sync.models import Document, Item, Pipeline

CONTENT = b"%PDF-1.4\n" + bytes(range(256)) * 900


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Any) -> None:
    storages = {**settings.STORAGES}
    storages["default"] = {**storages["default"], "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = storages


def _kept(slug: str, name: str = "Faktura å/7.pdf", content: bytes = CONTENT) -> Document:
    tenant = Tenant.objects.create(slug=slug, name=slug)
    pipeline = Pipeline.objects.create(
        tenant=tenant, flow="supplier-documents", source="fortnox", target="smartdok"
    )  # fmt: skip
    item = Item.objects.create(tenant=tenant, pipeline=pipeline, source_id="1:a")
    return documents.store(item, name, content)


@pytest.fixture
def kept(db: None) -> Document:
    return _kept("one")


def _path(document: Document, settings: Any) -> str:
    return documents.signed_url(document).removeprefix(settings.PUBLIC_URL)


def test_S6_serves_the_bytes_with_right_headers(client: Any, kept: Document, settings: Any) -> None:
    answer = client.get(_path(kept, settings))
    body = b"".join(answer.streaming_content)
    assert (answer.status_code, hashlib.sha256(body).hexdigest()) == (200, kept.sha256)
    assert {name: answer[name] for name in (
        "Content-Type", "Content-Length", "Cache-Control", "X-Robots-Tag", "X-Content-Type-Options",
    )} == {
        "Content-Type": "application/pdf", "Content-Length": str(len(CONTENT)), "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex", "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    assert answer["Content-Disposition"].startswith("inline; filename")
    kept.refresh_from_db()
    assert kept.served_at is not None


def test_S6_only_what_was_read_to_its_end_counts_as_fetched(client: Any, kept: Document, settings: Any) -> None:
    next(iter(client.get(_path(kept, settings)).streaming_content))
    kept.refresh_from_db()
    assert kept.served_at is None


def test_S6_head_gives_headers_and_counts_for_nothing(client: Any, kept: Document, settings: Any) -> None:
    answer = client.head(_path(kept, settings))
    assert (answer.status_code, answer["Content-Length"], b"".join(answer.streaming_content)) == (
        200, str(len(CONTENT)), b"",
    )  # fmt: skip
    kept.refresh_from_db()
    assert kept.served_at is None


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_S6_nothing_else_is_allowed(client: Any, kept: Document, settings: Any, method: str) -> None:
    assert getattr(client, method)(_path(kept, settings)).status_code == 405


def test_S6_expires(client: Any, kept: Document, settings: Any) -> None:
    path, now = _path(kept, settings), datetime.datetime.now(datetime.UTC)
    with time_machine.travel(now + documents.VALID_FOR - datetime.timedelta(minutes=1), tick=True):
        assert client.get(path).status_code == 200
    with time_machine.travel(now + documents.VALID_FOR + datetime.timedelta(minutes=1), tick=True):
        assert client.get(path).status_code == 404


def test_S6_a_tampered_token_is_not_found(client: Any, kept: Document, settings: Any) -> None:
    _, _, token, name = _path(kept, settings).split("/", 3)
    for at in range(0, len(token), 7):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert client.get(f"/documents/{changed}/{name}").status_code == 404
    assert client.get(f"/documents/{kept.pk}/{name}").status_code == 404


@pytest.mark.parametrize("claim", [
    lambda mine, other: {"d": other.pk, "t": mine.tenant_id, "h": other.sha256[:16]},
    lambda mine, other: {"d": mine.pk, "t": other.tenant_id, "h": mine.sha256[:16]},
    lambda mine, other: {"d": mine.pk, "t": mine.tenant_id, "h": "0" * 16},
])  # fmt: skip
def test_S6_another_tenants_or_another_document_is_not_found_even_if_signed(
    client: Any, kept: Document, claim: Any
) -> None:
    token = signing.TimestampSigner(salt="byggbro.document").sign_object(claim(kept, _kept("two", content=b"%PDF-2")))
    assert client.get(f"/documents/{token}/faktura.pdf").status_code == 404


def test_S6_a_token_signed_for_another_purpose_is_not_found(client: Any, kept: Document) -> None:
    claim = {"d": kept.pk, "t": kept.tenant_id, "h": kept.sha256[:16]}
    token = signing.TimestampSigner(salt="other").sign_object(claim)
    assert client.get(f"/documents/{token}/faktura.pdf").status_code == 404


def test_S6_a_replaced_document_a_lost_file_and_a_tenant_that_is_off_are_not_found(
    client: Any, kept: Document, settings: Any
) -> None:
    path = _path(kept, settings)
    replaced = documents.store(kept.item, kept.name, b"%PDF-1.7 other")
    assert client.get(path).status_code == 404
    path = _path(replaced, settings)
    assert client.get(path).status_code == 200
    Tenant.objects.update(active=False)
    assert client.get(path).status_code == 404
    Tenant.objects.update(active=True)
    default_storage.delete(replaced.path)
    assert client.get(path).status_code == 404


def test_S6_the_file_of_a_replaced_document_goes(kept: Document, django_capture_on_commit_callbacks: Any) -> None:
    content = b"%PDF-1.7 other"
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            replaced = documents.store(kept.item, kept.name, content)
        assert len(default_storage.listdir(f"{kept.tenant_id}/{kept.item_id}")[1]) == 1
        assert documents.read(replaced) == content
    default_storage.delete(replaced.path)
    with django_capture_on_commit_callbacks(execute=True):
        found_again = documents.store(kept.item, kept.name, content)
    assert documents.read(found_again) == content


def test_S6_the_token_alone_decides_not_the_name_and_nothing_is_listed(
    client: Any, kept: Document, settings: Any
) -> None:
    _, _, token, _ = _path(kept, settings).split("/", 3)
    assert client.get(f"/documents/{token}/annat.pdf").status_code == 200
    for path in ("/documents/", f"/documents/{token}", f"/documents/{token}/", f"/documents/{token}/a/b.pdf"):
        assert client.get(path).status_code == 404


def test_S6_what_is_stored_damaged_is_noticed(kept: Document) -> None:
    with default_storage.open(kept.path, "wb") as stored:
        stored.write(b"%PDF-1.4 something else")
    with pytest.raises(InvalidRecord, match=r"document\.damaged"):
        documents.read(kept)


def test_S6_the_address_is_written_in_no_log(
    client: Any, kept: Document, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = _path(kept, settings)
    with caplog.at_level(logging.DEBUG):
        client.get(path)
    assert path.split("/")[2] not in caplog.text


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"\n\n junk " + b"%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"II*\x00", "image/tiff"),
        (b"MM\x00*", "image/tiff"),
        (b"<html>", "application/octet-stream"),
        (b"PK\x03\x04", "application/octet-stream"),
    ],
)
def test_S6_type_by_content(content: bytes, kind: str) -> None:
    assert documents.content_type(content) == kind
