"""The pages behind a set-up link. Each works without JavaScript; each act is a POST that may come twice."""

from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integration import registry
from integration.models import Connection
from sync.engine import preflight
from sync.engine.access import is_consent
from sync.engine.preflight.adopt import ask_for
from sync.models import Item, Pipeline, Preflight, SetupLink
from sync.setup import connect as access
from sync.setup import consent, links
from sync.setup.door import behind_link
from sync.setup.downloads import as_csv, as_xlsx
from sync.setup.forms import KeyForm, SettingsForm
from sync.setup.present import Shown, progress, shown
from sync.setup.steps import go_on, is_connected, steps
from sync.setup.told import told, told_fault
from sync.tasks import adopt_transferred, run_preflight


def _page(request: HttpRequest, link: SetupLink, token: str, step: str, **context: Any) -> HttpResponse:
    """A step's page, with the list of all steps."""
    found = steps(link, token)
    here = next((each for each in found if each.key == step), None)
    later = found[found.index(here) + 1 :] if here else []
    status = context.pop("status", 200)
    everything = {
        "link": link, "token": token, "tenant": link.tenant, "steps": found, "here": here,
        "next": later[0] if later and later[0].open else None, **context,
    }  # fmt: skip
    return render(request, f"sync/setup/{context.pop('template', step)}.html", everything, status=status)


@require_safe
@behind_link
def start(request: HttpRequest, link: SetupLink, token: str) -> HttpResponse:
    """What is going to happen, and the button to where it goes on."""
    return _page(request, link, token, "welcome", go_on=go_on(link, token))


@require_http_methods(["GET", "HEAD", "POST"])
@behind_link
def connect(request: HttpRequest, link: SetupLink, token: str, system: str) -> HttpResponse:
    """One access: paste a key, or go and consent."""
    connection = Connection.objects.select_related("tenant").filter(tenant=link.tenant, system=system).first()
    if connection is None or system not in registry.systems:
        raise Http404
    acts = {"again": _again, **({"connect": consent.leave, "other": _other} if is_consent(system) else {"key": _key})}
    act = acts.get(request.POST.get("act", "")) if request.method == "POST" else None
    return act(request, link, token, connection) if act else _connect_page(request, link, token, connection)


def _again(request: HttpRequest, link: SetupLink, token: str, connection: Connection) -> HttpResponse:
    """Check what is stored once more."""
    tried = access.check_again(link, connection)
    if tried.fault is None:
        return redirect("setup:connect", token, connection.system)
    return _connect_page(request, link, token, connection, fault=told_fault(tried.fault, connection.system), status=400)


def _other(request: HttpRequest, link: SetupLink, token: str, connection: Connection) -> HttpResponse:
    """It was the wrong company: let it go."""
    access.forget_company(link, connection)
    return redirect("setup:connect", token, connection.system)


def _key(request: HttpRequest, link: SetupLink, token: str, connection: Connection) -> HttpResponse:
    """A key was pasted."""
    form = KeyForm(connection, request.POST)
    if not form.is_valid():
        return _connect_page(request, link, token, connection, form=form, status=400)
    tried = access.try_key(link, connection, form.cleaned_data)
    if tried.fault is None:
        return redirect("setup:connect", token, connection.system)
    return _connect_page(request, link, token, connection, fault=told_fault(tried.fault, connection.system), status=400)


def _connect_page(
    request: HttpRequest, link: SetupLink, token: str, connection: Connection, **context: Any
) -> HttpResponse:
    kind = registry.systems[connection.system]
    found = link.found.get(connection.system, {})
    refused = [
        told(each["cause"], {"system": connection.system, **each["params"]}) for each in found.get("refused", [])
    ]
    context.setdefault("form", None if is_consent(connection.system) else KeyForm(connection))
    return _page(
        request, link, token, connection.system,
        template="connect_consent" if is_consent(connection.system) else "connect_key",
        connection=connection, system=kind.title, found=found,
        connected=is_connected(link, connection),
        company=found.get("company") or connection.params.get("company", ""),
        refused=refused,
        trouble=told(connection.cause, connection.params) if not connection.usable and connection.cause else None,
        **context,
    )  # fmt: skip


def _open(link: SetupLink, token: str, key: str) -> bool:
    """Whether a step may be visited: those before it are done."""
    return any(each.key == key and each.open for each in steps(link, token))


@require_http_methods(["GET", "HEAD", "POST"])
@behind_link
def settings(request: HttpRequest, link: SetupLink, token: str) -> HttpResponse:
    """The choices."""
    if not _open(link, token, "settings"):
        return redirect(go_on(link, token))
    pipelines = sorted(Pipeline.objects.filter(tenant=link.tenant), key=lambda each: each.rules.rank)
    form = SettingsForm(link.tenant, pipelines, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            SetupLink.objects.filter(pk=link.pk).update(settings_at=timezone.now())
        return redirect("setup:preflight", token)
    return _page(request, link, token, "settings", form=form, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@behind_link
def check(request: HttpRequest, link: SetupLink, token: str) -> HttpResponse:
    """The pre-flight: begin it, watch it, read it."""
    if not _open(link, token, "preflight"):
        return redirect(go_on(link, token))
    if request.method == "POST":
        row, new = preflight.begin(link.tenant, links.actor(link))
        if new:
            transaction.on_commit(lambda: run_preflight.delay(row.pk), robust=True)
        return redirect("setup:preflight", token)
    running, last = preflight.busy(link.tenant), preflight.latest(link.tenant)
    result: Shown | None = shown(last) if last and last.result and not running else None
    stale = last is not None and link.settings_at is not None and last.created_at < link.settings_at
    return _page(
        request, link, token, "preflight", running=running, progress=progress(running) if running else None,
        last=last, result=result, stale=stale, tick=request.GET.get("tick"),
    )  # fmt: skip


@require_safe
@behind_link
def check_progress(request: HttpRequest, link: SetupLink, token: str) -> HttpResponse:
    """How far it is, for the bar."""
    running = preflight.busy(link.tenant)
    return JsonResponse({"running": running is not None, **(progress(running) if running else {})})


@require_POST
@behind_link
def adopt(request: HttpRequest, link: SetupLink, token: str) -> HttpResponse:
    """Take over the chosen documents of another integration, in the background."""
    number = request.POST.get("preflight", "")[:18]
    row = Preflight.objects.filter(pk=int(number), tenant=link.tenant).first() if number.isdecimal() else None
    chosen = [each.split("|", 1) for each in request.POST.getlist("pair") if "|" in each]
    if row is not None and chosen and preflight.busy(link.tenant) is None:
        ask_for(row, [(source_id, target_id) for source_id, target_id in chosen], links.actor(link))
        transaction.on_commit(lambda: adopt_transferred.delay(row.pk), robust=True)
    return redirect("setup:preflight", token)


@require_safe
@behind_link
def download(request: HttpRequest, link: SetupLink, token: str, kind: str) -> HttpResponse:
    """The whole pre-flight as a file."""
    last = preflight.latest(link.tenant)
    if last is None or not last.result or last.result.get("fault"):
        raise Http404
    made = {"xlsx": as_xlsx, "csv": as_csv}[kind](last)
    name = f"byggbro-{_('pre-flight')}-{link.tenant.slug}-{timezone.localtime(last.finished_at):%Y-%m-%d}.{kind}"
    response = HttpResponse(made.content, content_type=made.content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@behind_link
def go(request: HttpRequest, link: SetupLink, token: str) -> HttpResponse:
    """Start, once; whoever presses twice sees the same page."""
    if not _open(link, token, "go"):
        return redirect(go_on(link, token))
    if request.method == "POST":
        links.finish(link)
        return redirect("setup:done", token)
    last = preflight.latest(link.tenant) if link.starts else None
    return _page(request, link, token, "go", result=shown(last) if last and last.result else None)


@require_safe
@behind_link
def done(request: HttpRequest, link: SetupLink, token: str) -> HttpResponse:
    """It runs; or what has to be connected again."""
    if not link.finished_at:
        return redirect(go_on(link, token))
    transferred = [
        (_(each.rules.title), each.items.filter(state=Item.State.DONE).count())
        for each in sorted(Pipeline.objects.filter(tenant=link.tenant), key=lambda each: each.rules.rank)
    ]
    rows = Connection.objects.filter(tenant=link.tenant, system__in=registry.systems).order_by("system")
    broken = [
        (registry.systems[each.system].title, reverse("setup:connect", args=[token, each.system]),
         told(each.cause, each.params))
        for each in rows if links.mends(link, each.system)
    ]  # fmt: skip
    return _page(request, link, token, "done", transferred=transferred, broken=broken)
