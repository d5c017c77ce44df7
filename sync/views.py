"""Signed document download: the one page that a system reads from us (S6)."""

from collections.abc import Iterator
from typing import IO

from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from sync import documents
from sync.models import Document
from sync.tasks import document_fetched

CHUNK = 64 * 1024


@require_safe
def document(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """The one document that the token stands for, streamed; 404 for anything expired, foreign or tampered."""
    found = documents.opened(token)
    if found is None:
        raise Http404
    try:
        stored = default_storage.open(found.path)
    except OSError:
        raise Http404 from None
    body = _streamed(found, stored) if request.method == "GET" else iter([b""])
    response = StreamingHttpResponse(body, content_type=found.content_type)
    response["Content-Length"] = str(found.size)
    response["Content-Disposition"] = content_disposition_header(as_attachment=False, filename=found.name) or "inline"
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _streamed(found: Document, stored: "IO[bytes]") -> Iterator[bytes]:
    """The bytes; what was read to its end counts as fetched."""
    with stored:
        while chunk := stored.read(CHUNK):
            yield chunk
    document_fetched(found)
