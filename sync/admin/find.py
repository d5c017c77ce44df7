"""One box: a number, a name or an id of anything that the user may see leads to the item, a company's name to it."""

from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from integration.scoping import is_operator, roles, visible_tenants
from sync.admin.pages import frame
from sync.models import SEARCHED, Item
from sync.words import in_table

LONGEST = 200
SHORTEST = 3  # a part of fewer characters is in half of all names: those must be the whole number or id
SHOWN = 50
COMPANIES = 10


def page(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """What was found; straight to the item when it is the only one."""
    if not model_admin.has_module_permission(request):
        raise Http404
    asked = request.GET.get("q", "").replace("\x00", "").strip()
    found = list(search(model_admin.get_queryset(request), asked[:LONGEST])[: SHOWN + 1]) if asked else []
    several = is_operator(request.user) or len(roles(request.user)) > 1
    named = visible_tenants(request.user).filter(name__icontains=asked[:LONGEST]) if several and asked else ()
    companies = list(named[:COMPANIES])
    if len(found) == 1 and not companies and "stay" not in request.GET:
        return redirect(reverse("admin:sync_item_change", args=[found[0].pk]))
    context = {
        **frame(request, model_admin, _("Search"), reverse("admin:index")),
        "asked": asked[:LONGEST],
        "items": [in_table(each) for each in found[:SHOWN]],
        "more": len(found) > SHOWN,
        "several": several,
        "companies": companies,
    }
    return TemplateResponse(request, "sync/admin/find.html", context)


def search(items: QuerySet[Item], asked: str) -> QuerySet[Item]:
    """Items that hold the text in their number, title or ids; the whole number first, then the latest."""
    exact = Q()
    for name in ("key", "target_label", "target_id", "source_id"):
        exact |= Q(**{f"{name}__iexact": asked})  # in this form the index serves it
    condition = exact
    if len(asked) >= SHORTEST:
        for name in SEARCHED:
            condition |= Q(**{f"{name}__icontains": asked})
    whole = Case(When(exact, then=Value(0)), default=Value(1), output_field=IntegerField())
    return items.filter(condition).order_by(whole, "-moved_at", "-pk")
