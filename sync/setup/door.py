"""What every page behind a link shares: the link itself or a 404 that tells nothing, guesses slowed down, language."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache

from sync.models import SetupLink
from sync.setup import links

GUESSES = 30  # wrong tokens from one address within `SECONDS`
SECONDS = 600
_LANGUAGES = {code for code, _ in settings.LANGUAGES}


View = Callable[..., HttpResponse]  # takes the request, the link, the token, and what else the address names


def behind_link(view: View) -> Callable[..., HttpResponse]:
    """The view for whoever bears a link that works; once it is finished, the page that says so."""

    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        with speaking(request):
            link = None if _guesses(request) > GUESSES else links.find(token)
            if link is None:
                _guessed(request)
                return quiet(_unknown(request))
            if link.finished_at and not _still_of_use(request, link, kwargs):
                return quiet(redirect("setup:done", token))
            try:
                return quiet(view(request, link, token, **kwargs))
            except Http404:
                return quiet(_unknown(request))

    return opened


def _still_of_use(request: HttpRequest, link: SetupLink, named: dict[str, Any]) -> bool:
    """What a finished link opens: its last page, and the way to connect again what is no longer connected."""
    page = request.resolver_match.url_name if request.resolver_match else ""
    return page == "done" or (page == "connect" and links.mends(link, named["system"]))


def _unknown(request: HttpRequest) -> HttpResponse:
    return render(request, "sync/setup/unknown.html", status=404)


def speaking(request: HttpRequest) -> Any:
    """Swedish, unless the visitor chose another language here: browsers in English belong to Swedes too."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    return translation.override(chosen if chosen in _LANGUAGES else settings.LANGUAGE_CODE)


def quiet(response: HttpResponse) -> HttpResponse:
    """Not for search engines; nothing but our own files is loaded."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    return response


def _address(request: HttpRequest) -> str:
    """Who asks: the last address that our own proxy wrote down, else the peer's."""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return f"setup:guesses:{(forwarded or request.META.get('REMOTE_ADDR', ''))[:60]}".replace(" ", "")


def _guesses(request: HttpRequest) -> int:
    count: int = cache.get(_address(request), 0)
    return count


def _guessed(request: HttpRequest) -> None:
    key = _address(request)
    if not cache.add(key, 1, SECONDS):
        try:
            cache.incr(key)
        except ValueError:  # it has just run out
            cache.set(key, 1, SECONDS)
