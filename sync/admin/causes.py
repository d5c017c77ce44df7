"""Every cause there is, searchable: what it means, whose turn it is, what to do."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from sync.admin.pages import frame
from sync.admin.words import WHO
from sync.explain import CAUSES, explain


def address(cause: str) -> str:
    """The page of all causes, opened at this one."""
    return f"{reverse('admin:sync_causes')}?{urlencode({'q': cause})}"


def page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """All causes, or those that hold every word of the question in their code, title, text or steps."""
    if not model_admin.has_module_permission(request):
        raise Http404
    asked = request.GET.get("q", "")[:200].strip()
    words = asked.casefold().split()
    found: list[dict[str, Any]] = []
    for cause in CAUSES:
        told = explain(cause)
        text = " ".join((cause, told.title, told.what, told.to_do)).casefold()
        # The vendors' codes of a problem stand for their cause: `fortnox.2000401` finds itself, `P2` its kin.
        if all(word in text for word in words):
            found.append({"cause": cause, "told": told, "who": WHO[told.who]})
    found.sort(key=lambda each: (each["cause"].casefold() != asked.casefold(), str(each["told"].title)))
    context = {
        **frame(request, model_admin, _("All causes"), reverse("admin:sync_problem_changelist")),
        "asked": asked,
        "found": found,
        "exact": bool(found) and found[0]["cause"].casefold() == asked.casefold(),
        "total": len(CAUSES),
    }
    return TemplateResponse(request, "sync/admin/causes.html", context)
