"""What pages with buttons share: a POST, an answer above the next page, and who did it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from sync.tasks import dispatch_tenant


class KeyPaginator(Paginator):  # type: ignore[type-arg]
    """Finds the keys of a page first, from an index alone, and reads only its rows: a late page is no slower."""

    def page(self, number: Any) -> Page:  # type: ignore[type-arg]
        """The page, in the order of the list."""
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows: Any = self.object_list
        keys = list(rows.values_list("pk", flat=True)[first : first + self.per_page])
        return Page(rows.filter(pk__in=keys), number, self)


def actor(request: HttpRequest) -> str:
    """The name under which an act is recorded."""
    return request.user.get_username()[:150]


def one(model_admin: Any, request: HttpRequest, pk: int, permission: str) -> Any:
    """The row, for whoever has the permission on it.

    Raises:
        Http404: there is none, or it is not theirs to act on.
    """
    row = model_admin.get_queryset(request).filter(pk=pk).first()
    if row is None or not getattr(model_admin, f"has_{permission}_permission")(request, row):
        raise Http404
    return row


def look(*tenant_ids: int) -> None:
    """Enqueue a look at what is due. Without a broker the tick finds it a little later; the page must not fail."""
    for tenant_id in sorted(set(tenant_ids)):
        transaction.on_commit(lambda each=tenant_id: dispatch_tenant.delay(each), robust=True)  # type: ignore[misc]


def frame(request: HttpRequest, model_admin: Any, title: str, back_to: str) -> dict[str, Any]:
    """The context that every page of its own template needs: menu, heading, and where its arrow leads back."""
    context: dict[str, Any] = model_admin.admin_site.each_context(request)
    return {**context, "title": title, "content_title": title, "back_to": back_to}


def back(request: HttpRequest, row: Any, text: str, level: int = messages.SUCCESS) -> HttpResponse:
    """To the row's page, with an answer above it."""
    messages.add_message(request, level, text)
    meta = row._meta
    return redirect(reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk]))
