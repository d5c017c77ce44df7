"""Attempts, transitions and documents: read-only, kept as accounting information."""

from typing import Any

from django.contrib import admin
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from integration.scoping import TenantScoped
from sync.admin.compare import listed
from sync.admin.filters import FlowFilter, TenantFilter
from sync.admin.pages import KeyPaginator
from sync.explain import explain
from sync.models import Attempt, Document
from sync.words import OUTCOME_LABELS, actor_shown, flow_title, moment


class _ItemFlowFilter(FlowFilter):
    field = "item__pipeline__flow"


class ReadOnly(TenantScoped, ModelAdmin):
    """Rows that nobody changes."""

    changers = adders = deleters = None
    show_full_result_count = False
    list_per_page = 50
    paginator = KeyPaginator
    list_fullwidth = True

    @display(description=_("flow"))
    def flow(self, row: Any) -> str:
        """The flow's title."""
        return flow_title(row.item.pipeline.flow)

    @display(description=_("item"))
    def link(self, row: Any) -> str:
        """The item, with a link to its page."""
        return format_html('<a class="bb-link" href="{}">{}</a>', reverse("admin:sync_item_change", args=[row.item_id]),
                           str(row.item)[:80])  # fmt: skip


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    """Every try at writing: when, by whom, what left, what came of it."""

    list_display = ("began", "of_tenant", "flow", "link", "what", "came_of_it", "why", "by")
    list_display_links = ("began",)
    list_select_related = ("tenant", "item__pipeline")
    list_filter = (TenantFilter, _ItemFlowFilter)
    search_fields = ("item__key__iexact",)
    search_help_text = _("The item's whole number; Search finds the rest")
    readonly_fields = ("began", "ended", "of_tenant", "link", "what", "result", "told", "by", "sent")
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> Any:
        """With what the lists show, without the payloads they do not."""
        return super().get_queryset(request).select_related("tenant", "item__pipeline")

    @display(description=_("operation"))
    def what(self, row: Attempt) -> str:
        """The operation in words."""
        return row.get_operation_display()

    @display(
        description=_("outcome"),
        label={each: OUTCOME_LABELS.get(each, "info") for each in Attempt.Outcome},
    )
    def came_of_it(self, row: Attempt) -> tuple[str, str]:
        """The outcome with its colour."""
        return row.outcome, row.get_outcome_display()

    @display(description=_("outcome"))
    def result(self, row: Attempt) -> str:
        """The outcome in words."""
        return row.get_outcome_display()

    @display(description=_("started"), ordering="started_at")
    def began(self, row: Attempt) -> str:
        """When it began, to the second."""
        return moment(row.started_at, seconds=True)

    @display(description=_("ended"))
    def ended(self, row: Attempt) -> str:
        """When its outcome was known."""
        return moment(row.finished_at, seconds=True)

    @display(description=_("by"), ordering="actor")
    def by(self, row: Attempt) -> str:
        """Who or what sent it."""
        return actor_shown(row.actor)

    @display(description=_("what was sent"))
    def sent(self, row: Attempt) -> str:
        """The payload, field by field."""
        return render_to_string("sync/admin/fields.html", {"fields": listed(row.payload)})

    @display(description=_("cause"))
    def why(self, row: Attempt) -> str:
        """The cause in a few words."""
        return explain(row.cause, row.params).title if row.cause else "–"

    @display(description=_("cause"))
    def told(self, row: Attempt) -> str:
        """The whole explanation."""
        return explain(row.cause, row.params).what if row.cause else "–"


@admin.register(Document)
class DocumentAdmin(ReadOnly):
    """Files kept byte for byte."""

    list_display = ("name", "of_tenant", "link", "content_type", "megabytes", "kept", "served")
    list_select_related = ("tenant", "item__pipeline")
    list_filter = (TenantFilter,)
    search_fields = ("name", "sha256__exact")
    search_help_text = _("A part of the file name, or the whole SHA-256")
    readonly_fields = (
        "name", "of_tenant", "link", "kind", "content_type", "megabytes", "sha256", "kept", "served", "file",
    )  # fmt: skip
    fields = readonly_fields

    def get_urls(self) -> list[Any]:
        """The page that hands out a file to a person."""
        view = self.admin_site.admin_view(self.download)
        return [path("<int:pk>/file/", view, name="sync_document_file"), *super().get_urls()]

    @display(description=_("kept since"), ordering="created_at")
    def kept(self, row: Document) -> str:
        """When it was kept."""
        return moment(row.created_at)

    @display(description=_("fetched by the target"), ordering="served_at")
    def served(self, row: Document) -> str:
        """When the target last fetched it whole."""
        return moment(row.served_at)

    @display(description=_("size"))
    def megabytes(self, row: Document) -> str:
        """The size as people read it."""
        return size(row.size)

    @display(description=_("file"))
    def file(self, row: Document) -> str:
        """A link to the bytes."""
        return format_html('<a class="bb-link" href="{}">{}</a>', reverse("admin:sync_document_file", args=[row.pk]),
                           _("Download"))  # fmt: skip

    def download(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The bytes, for members of the tenant; a 404 for everybody else."""
        kept = self.get_queryset(request).filter(pk=pk).first()
        if kept is None or not self.has_view_permission(request, kept):
            raise Http404
        try:
            stored = default_storage.open(kept.path)
        except OSError:
            raise Http404 from None
        response = FileResponse(stored, as_attachment=True, filename=kept.name, content_type=kept.content_type)
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        return response


def size(count: int) -> str:
    """Bytes as kB or MB, with a Swedish comma."""
    text = f"{count / 1024 / 1024:.1f} MB" if count >= 1024 * 1024 else f"{max(count / 1024, 0.1):.1f} kB"
    return text.replace(".", ",")
