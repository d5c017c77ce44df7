"""Documents kept byte for byte: stored once, hashed, typed by content, handed out under a signed address (S6)."""

import datetime
import hashlib
import io
from urllib.parse import quote

import structlog
from django.conf import settings
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from integration.errors import InvalidRecord
from sync.models import Document, Item

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


def store(item: Item, name: str, content: bytes, kind: str = Document.Kind.ORIGINAL) -> Document:
    """Keep the bytes; the same item's earlier document of this kind is replaced only by other bytes.

    Raises:
        InvalidRecord: empty, or larger than `LARGEST`.
        OSError: the storage does not take it (full, unreachable).
    """
    if not content:
        raise InvalidRecord("document.empty", name=name)
    if len(content) > LARGEST:
        raise InvalidRecord("document.too_large", name=name, size=len(content), largest=LARGEST)
    digest = hashlib.sha256(content).hexdigest()
    kept: Document | None = Document.objects.filter(item=item, kind=kind).first()
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
    except OSError as error:
        log.warning("a replaced file stays", path=path, error=error.strerror)


def read(document: Document) -> bytes:
    """The bytes, checked against their hash.

    Raises:
        InvalidRecord: what is stored is not what was kept.
        OSError: the file is gone.
    """
    with default_storage.open(document.path) as stored:
        content: bytes = stored.read()
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise InvalidRecord("document.damaged", name=document.name)
    return content


def join(item: Item, parts: list[Document]) -> Document:
    """One PDF of all parts in order, images as pages (S7, by setting). Kept as the item's joined document.

    Raises:
        InvalidRecord: a part cannot be read as what it claims to be.
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
    token = _signer.sign_object({"d": document.pk, "t": document.tenant_id, "h": document.sha256[:16]})
    name = document.name if document.name.lower().endswith(".pdf") else f"{document.name}.pdf"
    return f"{settings.PUBLIC_URL}/documents/{token}/{quote(name.replace('/', '_'))}"


def opened(token: str) -> Document | None:
    """The document that a token stands for; None for anything expired, foreign or tampered."""
    try:
        claim = _signer.unsign_object(token, max_age=VALID_FOR)
    except signing.BadSignature:
        return None
    return Document.objects.filter(
        pk=claim["d"], tenant_id=claim["t"], sha256__startswith=claim["h"], tenant__active=True
    ).first()


def was_fetched(item: Item) -> bool:
    """Whether the target fetched this item's document whole after we last told it where it lies.

    The target cannot be asked. That a database restored from a backup does not know of it is made up for by a witness
    that lies with the files.
    """
    since = item.intent_at or item.sent_at
    kept = Document.objects.filter(item=item)
    if since is None:  # never told, as far as the rows know
        return any(default_storage.exists(_witness(each)) for each in kept)
    return kept.filter(served_at__gte=since).exists()


def mark_fetched(document: Document) -> None:
    """The last byte left for the target."""
    Document.objects.filter(pk=document.pk).update(served_at=timezone.now())
    if not default_storage.exists(_witness(document)):
        try:
            default_storage.save(_witness(document), ContentFile(b"fetched"))
        except OSError as error:
            log.warning("no witness of a fetched document", document=document.pk, error=error.strerror)


def _witness(document: Document) -> str:
    """Where it is written down beside the database that these bytes of this record were fetched."""
    item = document.item
    what = f"{item.tenant.slug}:{item.pipeline.flow}:{item.source_id}:{document.sha256}"
    return f"fetched/{hashlib.sha256(what.encode()).hexdigest()}"
