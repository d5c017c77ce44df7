"""Every cause there is, searchable: what it means, whose turn it is, what to do."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from integration.scoping import is_operator
from sync.admin.pages import frame
from sync.explain import CAUSES, explain
from sync.words import WHO

LONGEST = 200


def address(cause: str) -> str:
    """The page of this one cause."""
    return f"{reverse('admin:sync_causes')}?{urlencode({'cause': cause})}"


def page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """One cause, or all that hold every word of the question in their title, text or steps.

    Keys of causes, and what only the operator can mend, are for operators; a link to one cause leads everybody there.
    """
    if not model_admin.has_module_permission(request):
        raise Http404
    asked, one = (request.GET.get(name, "")[:LONGEST].strip() for name in ("q", "cause"))
    operator = is_operator(request.user)
    every = [cause for cause in CAUSES if operator or explain(cause).who != "operator"]
    found = [_shown(cause) for cause in ([one] if one else every) if one or _holds(cause, asked, operator)]
    found.sort(key=lambda each: (each["cause"].casefold() != asked.casefold(), str(each["told"].title)))
    context = {
        **frame(request, model_admin, _("All causes"), reverse("admin:sync_problem_changelist")),
        "asked": asked,
        "one": one,
        "operator": operator,
        "found": found,
        "exact": bool(one) or (operator and bool(found) and found[0]["cause"].casefold() == asked.casefold()),
        "total": len(every),
    }
    return TemplateResponse(request, "sync/admin/causes.html", context)


def _holds(cause: str, asked: str, operator: bool) -> bool:
    told = explain(cause)
    # The vendors' codes of a problem stand for their cause: `fortnox.2000401` finds itself, `P2` its kin.
    text = " ".join((cause if operator else "", told.title, told.what, told.to_do)).casefold()
    return all(word in text for word in asked.casefold().split())


def _shown(cause: str) -> dict[str, Any]:
    told = explain(cause)
    return {"cause": cause, "told": told, "who": WHO[told.who]}
