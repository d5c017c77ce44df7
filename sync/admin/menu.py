"""The menu: what is used every week first; what a bookkeeper seldom needs is folded away."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from integration.scoping import is_operator

Entry = dict[str, Any]


def navigation(request: HttpRequest) -> list[Entry]:
    """Groups of links, in the shape that unfold takes."""
    first = [
        _entry(_("Overview"), "dashboard", "index"),
        _entry(_("Search"), "search", "sync_find"),
        # All causes lie below the problems' address and are an entry of their own.
        _entry(_("Problems"), "error", "sync_problem_changelist")
        | {"active": lambda request: _named(request).startswith("sync_problem_")},
    ]
    items = _entry(_("Items"), "swap_horiz", "sync_item_changelist")  # the search lies below their address
    items["active"] = lambda request: _named(request).startswith("sync_item_")
    documents = _entry(_("Documents"), "description", "sync_document_changelist")
    causes = _entry(_("All causes"), "help", "sync_causes")
    history = [
        _entry(_("Attempts"), "history", "sync_attempt_changelist"),
        _entry(_("Acts on many"), "checklist", "sync_act_changelist"),
        _entry(_("Dry runs"), "science", "sync_dryrun_changelist"),
    ]
    set_up = [
        _entry(_("Companies"), "domain", "integration_tenant_changelist"),
        _entry(_("Connections"), "cable", "integration_connection_changelist"),
    ]
    rules = [
        _entry(_("Pipelines"), "conveyor_belt", "sync_pipeline_changelist"),
        _entry(_("Mapped values"), "rule_settings", "integration_valuemap_changelist"),
    ]
    if not is_operator(request.user):
        return [
            {"title": None, "items": first},
            {"title": _("Transfers"), "separator": True, "items": [items, documents, causes]},
            {"title": _("Set-up"), "separator": True, "items": set_up},
            {"title": _("More"), "separator": True, "collapsible": True, "items": [*history, *rules]},
        ]
    operation = [
        _entry(_("Users"), "person", "auth_user_changelist"),
        _entry(_("Memberships"), "group", "integration_membership_changelist"),
        _entry(_("Schedules"), "schedule", "django_celery_beat_periodictask_changelist"),
    ]
    return [
        {"title": None, "items": first},
        {"title": _("Transfers"), "separator": True, "items": [items, documents, *history, causes]},
        {"title": _("Set-up"), "separator": True, "items": [*set_up, *rules]},
        {"title": _("Operation"), "separator": True, "items": operation},
    ]


def _entry(title: str, icon: str, name: str) -> Entry:
    return {"title": title, "icon": icon, "link": reverse(f"admin:{name}")}


def _named(request: HttpRequest) -> str:
    return (request.resolver_match.url_name or "") if request.resolver_match else ""
