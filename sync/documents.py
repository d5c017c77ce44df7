"""Documents kept byte for byte: stored once, hashed, typed by content, handed out under a signed address (S6)."""

import datetime
import hashlib
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import structlog
from django.conf import settings
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from integration.errors import InvalidRecord, Transient
from sync.models import Document, Item, address_number

log = structlog.get_logger(__name__)

LARGEST = 25 * 1024 * 1024  # bytes; Fortnox takes mails of 2.5 MB, scanners make larger ones
VALID_FOR = datetime.timedelta(hours=2)
_signer = signing.TimestampSigner(salt="byggbro.document")

_TYPES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
PDF = "application/pdf"


def content_type(content: bytes) -> str:
    """The type by content, never by name; `application/octet-stream` for anything we do not pass on.

    ISO 32000 lets a PDF begin within its first 1024 bytes.
    """
    for magic, name in _TYPES:
        if content.startswith(magic):
            return name
    return PDF if b"%PDF-" in content[:1024] else "application/octet-stream"


def _troubles() -> tuple[type[Exception], ...]:
    """What a storage raises that does not take or give a file: S3's own only where it is S3 and so already loaded."""
    kinds: list[type[Exception]] = [OSError]
    if boto := sys.modules.get("boto3.exceptions"):
        kinds.append(boto.Boto3Error)
    if botocore := sys.modules.get("botocore.exceptions"):
        kinds += [botocore.BotoCoreError, botocore.ClientError]
    return tuple(kinds)


def _told(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


@contextmanager
def _storage() -> Iterator[None]:
    """Asking the storage for something.

    Raises:
        Transient: it does not do it now (full, unreachable, file gone).
    """
    try:
        yield
    except _troubles() as error:
        raise Transient("document.storage", error=_told(error)) from None


def store(item: Item, name: str, content: bytes, kind: str = Document.Kind.ORIGINAL) -> Document:
    """Keep the bytes; the same item's earlier document of this kind is replaced only by other bytes.

    Raises:
        InvalidRecord: empty, or larger than `LARGEST`.
        Transient: the storage does not take it now.
    """
    if not content:
        raise InvalidRecord("document.empty", name=name)
    if len(content) > LARGEST:
        raise InvalidRecord("document.too_large", name=name, size=len(content), largest=LARGEST)
    digest = hashlib.sha256(content).hexdigest()
    kept: Document | None = Document.objects.filter(item=item, kind=kind).first()
    with _storage():
        if kept and kept.sha256 == digest and default_storage.exists(kept.path):
            return kept
        path = default_storage.save(f"{item.tenant_id}/{item.pk}/{digest[:16]}", ContentFile(content))
    document, _ = Document.objects.update_or_create(
        item=item,
        kind=kind,
        defaults={
            "tenant_id": item.tenant_id,
            "name": name[:250],
            "content_type": content_type(content),
            "size": len(content),
            "sha256": digest,
            "path": path,
            "address": address_number(),
            "fetched": "",
            "served_at": None,
        },
    )
    if kept and kept.path != path:
        transaction.on_commit(lambda: _discard(kept.path))
    return document


def _discard(path: str) -> None:
    """The file of a document that was replaced; nothing leads to it any more."""
    try:
        default_storage.delete(path)
    except _troubles() as error:
        log.warning("a replaced file stays", path=path, error=_told(error))


def read(document: Document) -> bytes:
    """The bytes, checked against their hash.

    Raises:
        InvalidRecord: what is stored is not what was kept.
        Transient: the storage does not give it now.
    """
    with _storage(), default_storage.open(document.path) as stored:
        content: bytes = stored.read()
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise InvalidRecord("document.damaged", name=document.name)
    return content


def join(item: Item, parts: list[Document]) -> Document:
    """One PDF of all parts in order, images as pages (S7, by setting). Kept as the item's joined document.

    Raises:
        InvalidRecord: a part cannot be read as what it claims to be.
        Transient: the storage does not give a part or take the whole now.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - slow to import, rarely needed
    from pypdf import PdfWriter  # noqa: PLC0415
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    whole = PdfWriter()
    for part in parts:
        content = io.BytesIO(read(part))
        try:
            if part.content_type != PDF:
                page = io.BytesIO()
                with Image.open(content) as image:
                    image.convert("RGB").save(page, "PDF")
                content = page
            whole.append(content)
        except (PyPdfError, UnidentifiedImageError, OSError, ValueError):
            raise InvalidRecord("document.unreadable", name=part.name) from None
    whole.metadata = None
    result = io.BytesIO()
    whole.write(result)
    return store(item, parts[0].name, result.getvalue(), Document.Kind.JOINED)


def signed_url(document: Document) -> str:
    """An absolute address that serves this one document of this one tenant until it expires.

    The last part is only a name for whoever saves it; the token alone decides.
    """
    claim = {"d": document.pk, "t": document.tenant_id, "h": document.sha256[:16], "n": document.address}
    token = _signer.sign_object(claim)
    name = document.name if document.name.lower().endswith(".pdf") else f"{document.name}.pdf"
    return f"{settings.PUBLIC_URL}/documents/{token}/{quote(name.replace('/', '_'))}"


def opened(token: str) -> tuple[Document, str] | None:
    """The document that a token stands for and the number of its address; None for anything expired, foreign or
    tampered."""
    try:
        claim = _signer.unsign_object(token, max_age=VALID_FOR)
    except signing.BadSignature:
        return None
    found = Document.objects.filter(
        pk=claim["d"], tenant_id=claim["t"], sha256__startswith=claim["h"], tenant__active=True
    ).first()
    return (found, claim.get("n", "")) if found else None


def was_fetched(item: Item) -> bool:
    """Whether the target fetched this item's document whole under the address that it was told last.

    The target cannot be asked, and no two clocks agree: the numbers of addresses do. That a database restored from a
    backup does not know of it is made up for by a witness that lies with the files.

    Raises:
        Transient: the storage cannot be asked now.
    """
    kept = Document.objects.filter(item=item)
    if kept.filter(fetched=F("address")).exists():
        return True
    if item.intent_at or item.sent_at:
        return False
    with _storage():  # never told, as far as the rows know
        return any(default_storage.exists(_witness(each)) for each in kept)


def mark_fetched(document: Document, address: str) -> bool:
    """The last byte left for whoever asked under this address; whether it is the one that the target was told last."""
    kept = Document.objects.filter(pk=document.pk)
    kept.update(served_at=timezone.now())
    told_last = kept.filter(address=address).update(fetched=address)
    try:
        if not default_storage.exists(_witness(document)):
            default_storage.save(_witness(document), ContentFile(b"fetched"))
    except _troubles() as error:
        log.warning("no witness of a fetched document", document=document.pk, error=_told(error))
    return bool(told_last)


def close(item: Item) -> None:
    """The target has it: who comes once more under the old address is not taken for the fetching of a new one."""
    for document in Document.objects.filter(item=item):
        Document.objects.filter(pk=document.pk).update(address=address_number())


def _witness(document: Document) -> str:
    """Where it is written down beside the database that these bytes of this record were fetched."""
    item = document.item
    what = f"{item.tenant.slug}:{item.pipeline.flow}:{item.source_id}:{document.sha256}"
    return f"fetched/{hashlib.sha256(what.encode()).hexdigest()}"
