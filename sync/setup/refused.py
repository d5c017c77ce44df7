"""The page for a form that came without its token: cookies are off, or the page had lain open across a log-in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from sync.setup.door import quiet, speaking

START = reverse("setup:start", args=["-"]).removesuffix("-/")


def refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403; visitors by a set-up link are led back to it. `reason`: Django's, for its log alone."""
    visitor = request.path.startswith(START)
    with speaking(request):
        return quiet(render(request, "sync/setup/refused.html", {"visitor": visitor}, status=403))
