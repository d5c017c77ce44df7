"""The pages between a button and an act on items: a note, a number, a yes."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from integration.errors import Fault
from integration.registry import system_title
from sync.admin.background import perform
from sync.admin.pages import actor, back, look, one
from sync.engine import manual
from sync.explain import explain
from sync.models import Item
from sync.words import flow_title

SHOWN = 20  # items named on a page that asks


class NoteForm(forms.Form):
    """Why something is left out; shown on the item for seven years."""

    note = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("Whoever looks at the item later will read this."),
    )


class NumberForm(forms.Form):
    """The number of the object in the target."""

    number = forms.CharField(
        label=gettext_lazy("Number in the target"), max_length=120, widget=UnfoldAdminTextInputWidget
    )


@require_POST
def retry_one(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Make one item due now."""
    item: Item = one(model_admin, request, pk, "act")
    count = manual.retry(Item.objects.filter(pk=item.pk), actor(request))
    look(item.tenant_id)
    text = _("It is tried again now.") if count else _("It is already on its way.")
    return back(request, item, text)


def leave_out_one(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Ask why, then leave one item out."""
    item: Item = one(model_admin, request, pk, "act")
    form = NoteForm(request.POST or None)
    if not manual.may_be_left_out(item):
        return back(request, item, _("What is transferred cannot be left out."), messages.WARNING)
    if request.method == "POST" and form.is_valid():
        try:
            manual.rule_out(item)
        except Fault as fault:
            form.add_error("note", _in_words(fault))
            return ask(model_admin, request, form, _("Leave out"), [item])
        left = manual.leave_out(Item.objects.filter(pk=item.pk), actor(request), form.cleaned_data["note"])
        look(item.tenant_id)
        if not left:
            return back(request, item, explain("manual.busy", {"number": item.key}).what, messages.WARNING)
        return back(request, item, _("It is left out."))
    return ask(model_admin, request, form, _("Leave out"), [item])


def _in_words(fault: Fault) -> str:
    """What stood in the way, for the form."""
    told = explain(fault.cause, fault.params)
    return " ".join([f"{told.title}.", told.what, *told.steps])


def many_with_note(
    model_admin: Any,
    request: HttpRequest,
    chosen: QuerySet[Item],
    kind: str,
    title: str,
    hidden: Sequence[tuple[str, str]] = (),
    cancel: str = "",
    warning: str = "",
) -> HttpResponse | None:
    """Ask why, then do it to all of them, if they are still as many as were shown.

    `chosen`: by their ids, so that what is counted is what is done. `cancel`, `warning`: as in `ask`.
    """
    form = NoteForm(request.POST if "apply" in request.POST else None)
    count = chosen.count()
    if form.is_valid():
        if agreed(request, count):
            return perform(request, chosen, kind, form.cleaned_data["note"])
        warning = not_as_shown()
    shown = list(chosen.select_related("pipeline")[:SHOWN])
    hidden = [*hidden, ("count", str(count))]
    return ask(model_admin, request, form, title, shown, hidden=hidden, count=count, cancel=cancel, warning=warning)


def from_the_list(request: HttpRequest, action: str) -> list[tuple[str, str]]:
    """What was chosen in a list, to be sent along with the note."""
    chosen = [(ACTION_CHECKBOX_NAME, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)]
    return [("action", action), ("select_across", request.POST.get("select_across", "0")), *chosen]


def not_as_shown() -> str:
    """Why nothing was done."""
    return _("There are no longer as many items as you were shown. Nothing has been done. Look once more.")


def agreed(request: HttpRequest, count: int) -> bool:
    """Whether that many were shown to whoever says yes."""
    return request.POST.get("count") == str(count)


@require_POST
def keep_one(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """I3: the object in the target stays as it is."""
    return _handled(request, one(model_admin, request, pk, "act"), _("Kept as it is in the target"))


def handled_one(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Ask how a change after the transfer was dealt with, and record it (I3, I10)."""
    item: Item = one(model_admin, request, pk, "act")
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _handled(request, item, form.cleaned_data["note"])
    return ask(model_admin, request, form, _("Mark as handled"), [item],
               hidden=[("fingerprint", request.POST.get("fingerprint") or item.fingerprint)])  # fmt: skip


def _handled(request: HttpRequest, item: Item, note: str) -> HttpResponse:
    """What the person saw must still be what the source says."""
    shown = request.POST.get("fingerprint", "").replace("\0", "")
    seen = Item.objects.filter(pk=item.pk, fingerprint=shown)
    if manual.handled(seen, actor(request), note):
        return back(request, item, _("It is marked as handled. A later change is shown again."))
    return back(request, item, _("It has changed again meanwhile. Look once more."), messages.WARNING)


@require_POST
def resend_one(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """S8: send one item again, because somebody deleted or changed it over there."""
    item: Item = one(model_admin, request, pk, "act")
    count = manual.resend(Item.objects.filter(pk=item.pk), actor(request))
    look(item.tenant_id)
    if not count:
        text = _("Only what is transferred, has not changed since and is not on its way can be sent again.")
        return back(request, item, text, messages.WARNING)
    return back(request, item, _("The target is asked now; what is gone there is sent again."))


def already_there_one(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Ask for the number in the target, check it there, and take that object for the item's."""
    item: Item = one(model_admin, request, pk, "act")
    form = NumberForm(request.POST or None, initial={"number": item.target_label})
    form.fields["number"].label = _("Number in %(system)s") % {"system": system_title(item.pipeline.target)}
    if request.method == "POST" and form.is_valid():
        try:
            found = manual.already_there(item, form.cleaned_data["number"], actor(request))
        except Fault as fault:
            form.add_error("number", _in_words(fault))
        else:
            look(item.tenant_id)
            number = found.label or found.target_id
            return back(request, item, _("It is taken for number %(number)s.") % {"number": number})
    return ask(model_admin, request, form, _("Already there"), [item])


def ask(
    model_admin: Any,
    request: HttpRequest,
    form: forms.Form,
    title: str,
    items: list[Item],
    hidden: list[tuple[str, str]] | None = None,
    count: int = 1,
    cancel: str = "",
    warning: str = "",
) -> HttpResponse:
    """The page with the form, naming what the act is about. `cancel`: where it leads back to."""
    alone = items[0] if len(items) == 1 and not hidden else None
    listing = reverse("admin:sync_item_changelist")
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.model._meta,
        "title": title,
        "form": form,
        "items": [(flow_title(each.pipeline.flow), each) for each in items],
        "further": count - len(items),
        "hidden": hidden or [],
        "cancel": cancel or (reverse("admin:sync_item_change", args=[alone.pk]) if alone else listing),
        "warning": warning,
    }
    return TemplateResponse(request, "sync/admin/ask.html", context)
