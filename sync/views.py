"""Pages for machines: signed documents (S6), webhooks in, metrics."""

from collections.abc import Iterator
from typing import IO

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.crypto import constant_time_compare
from django.utils.http import content_disposition_header
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from integration import registry
from sync import documents
from sync.metrics import exposition
from sync.models import Document
from sync.tasks import document_fetched, heed

CHUNK = 64 * 1024


@require_safe
def document(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """The one document that the token stands for, streamed; 404 for anything expired, foreign or tampered."""
    opened = documents.opened(token)
    if opened is None:
        raise Http404
    found, address = opened
    try:
        stored = default_storage.open(found.path)
    except OSError:
        raise Http404 from None
    body = _streamed(found, address, stored) if request.method == "GET" else iter([b""])
    response = StreamingHttpResponse(body, content_type=found.content_type)
    response["Content-Length"] = str(found.size)
    response["Content-Disposition"] = content_disposition_header(as_attachment=False, filename=found.name) or "inline"
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _streamed(found: Document, address: str, stored: "IO[bytes]") -> Iterator[bytes]:
    """The bytes; what was read to its end counts as fetched."""
    with stored:
        while chunk := stored.read(CHUNK):
            yield chunk
    document_fetched(found, address)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, system: str, secret: str) -> HttpResponse:
    """A vendor tells us something. It only makes us look, or closes a connection that the vendor closed."""
    kind = registry.systems.get(system)
    notices = kind.notices(secret, request.body) if kind else None
    if notices is None:
        raise Http404
    for notice in notices:
        heed(system, notice)
    return HttpResponse(status=204)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for whoever bears METRICS_TOKEN."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not constant_time_compare(given, settings.METRICS_TOKEN):
        raise Http404
    return HttpResponse(exposition(), content_type="text/plain; version=0.0.4")
