"""Pipelines, items, attempts, documents: the truth about what moves. Queues only hint at it."""

import secrets
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integration.models import Tenant
from sync.explain import explain
from sync.flows.base import Flow, get_flow
from sync.flows.needs import met_by


class Pipeline(models.Model):
    """A flow for a tenant: its cadence, its settings, how far it has read, and whether it is held up as a whole."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="pipelines")
    flow = models.CharField(_("flow"), max_length=40)
    source = models.CharField(_("from"), max_length=40)
    target = models.CharField(_("to"), max_length=40)
    enabled = models.BooleanField(_("on"), default=True)
    cadence = models.PositiveIntegerField(_("seconds between readings"), default=120)
    settings = models.JSONField(_("settings"), default=dict, blank=True)

    cursor = models.JSONField(default=dict, blank=True, editable=False)
    next_pull_at = models.DateTimeField(_("next reading"), default=timezone.now)
    pulled_at = models.DateTimeField(_("last complete reading"), null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    # Held up as a whole (P5, a missing right): one explanation, no item burns attempts.
    paused_cause = models.CharField(_("held up by"), max_length=60, blank=True)
    paused_params = models.JSONField(default=dict, blank=True)
    paused_since = models.DateTimeField(_("held up since"), null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The last pull that did not come through, and how many in a row.
    failed_cause = models.CharField(_("last reading failed by"), max_length=60, blank=True)
    failed_params = models.JSONField(default=dict, blank=True)
    failures = models.PositiveIntegerField(default=0)
    audit = models.JSONField(_("last audit"), default=dict, blank=True, editable=False)

    class Meta:
        verbose_name = _("pipeline")
        verbose_name_plural = _("pipelines")
        ordering = ("tenant", "flow")
        constraints = [models.UniqueConstraint(fields=("tenant", "flow"), name="one_pipeline_per_tenant_and_flow")]
        indexes = [models.Index(fields=("next_pull_at",), condition=Q(enabled=True), name="pipeline_due")]

    def __str__(self) -> str:
        return f"{self.tenant} – {gettext(self.rules.title)}"

    @property
    def rules(self) -> Flow[Any, Any]:
        """The flow's code."""
        return get_flow(self.flow)

    def setting(self, name: str) -> Any:
        """The tenant's choice, or the flow's default."""
        defaults = {each.name: each.default for each in self.rules.settings}
        return self.settings.get(name, defaults[name])


LONGEST_LABEL = 120


def label_of(text: str) -> str:
    """What an object is called in the target, as far as an item keeps it."""
    return text[:LONGEST_LABEL]


SEARCHED = ("key", "title", "target_label", "target_id", "source_id")


class Item(models.Model):
    """One thing in a pipeline. What is in the row decides; a message about it only says "look".

    `record` is the neutral record as last read, `fingerprint` its content; `sent` are the fields last confirmed in the
    target and `sent_fingerprint` the content they came from. `intent_at` is set from just before a write leaves until
    its fate is known: while it is set, nothing is created without looking first. `waiting_since`: since when it is
    on its way to an end, whatever happened meanwhile; empty once it has one. `doubted`: a person says that it is no
    longer in the target as it was sent, so the target is asked by its number.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("To be sent")
        RUNNING = "running", _("Being sent")
        DONE = "done", _("Transferred")
        WAITING = "waiting", _("Waiting")
        STOPPED = "stopped", _("Needs somebody")
        LEFT_OUT = "left_out", _("Left out")

    class Reason(models.TextChoices):
        CLOCK = "clock", _("Heals by itself")
        NEED = "need", _("Waits for something else")
        CONFIG = "config", _("Set-up")
        AUTH = "auth", _("Access")
        DATA = "data", _("Data in the source")
        REJECTED = "rejected", _("Refused by the target")
        CONFLICT = "conflict", _("Conflict")
        CHANGED = "changed", _("Changed after transfer")
        INTERNAL = "internal", _("Fault in Byggbro")
        LEFT_OUT = "left_out", _("Left out by a rule")

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="items")
    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="items")
    source_id = models.CharField(_("id in the source"), max_length=120)
    key = models.CharField(_("number"), max_length=120, blank=True)
    title = models.CharField(_("title"), max_length=250, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason, blank=True)
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    params = models.JSONField(default=dict, blank=True)
    needs = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    moved_at = models.DateTimeField(_("since"), default=timezone.now)
    waiting_since = models.DateTimeField(_("under way since"), default=timezone.now, null=True, blank=True)

    record = models.JSONField(null=True, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    memo = models.JSONField(default=dict, blank=True)
    read_at = models.DateTimeField(_("read"), default=timezone.now)
    missed = models.PositiveSmallIntegerField(default=0)
    gone_at = models.DateTimeField(_("gone from the source"), null=True, blank=True)

    target_id = models.CharField(_("id in the target"), max_length=120, blank=True)
    target_key = models.CharField(max_length=120, blank=True)
    target_label = models.CharField(_("number in the target"), max_length=LONGEST_LABEL, blank=True)
    adopted = models.BooleanField(_("was already there"), default=False)
    sent = models.JSONField(null=True, blank=True)
    sent_record = models.JSONField(null=True, blank=True)
    sent_fingerprint = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(_("transferred"), null=True, blank=True)
    notes = models.JSONField(_("remarks"), default=list, blank=True)
    intent_at = models.DateTimeField(null=True, blank=True)
    doubted = models.BooleanField(default=False)

    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    queued_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        constraints = [models.UniqueConstraint(fields=("pipeline", "source_id"), name="one_item_per_source_record")]
        indexes = [
            models.Index(fields=("tenant", "state", "not_before")),
            # What every tick asks of all tenants, and every end of a push of its own.
            models.Index(fields=("tenant",), condition=Q(state="pending"), name="item_pending"),
            models.Index(fields=("not_before",), condition=Q(not_before__isnull=False), name="item_by_clock"),
            models.Index(
                fields=("tenant", "queued_until"), condition=Q(queued_until__isnull=False), name="item_queued"
            ),
            # The overviews count without touching the rows, which are wide.
            models.Index(
                fields=("pipeline", "state"), include=("waiting_since", "gone_at", "reason"), name="item_standing"
            ),
            models.Index(
                fields=("pipeline", "cause"),
                include=("id", "moved_at"),
                condition=Q(state="stopped"),
                name="item_stopped",
            ),
            models.Index(fields=("tenant", "cause"), condition=~Q(cause=""), name="item_cause"),
            models.Index(fields=("pipeline", "key")),
            models.Index(fields=("tenant", "moved_at")),
            models.Index(fields=("-moved_at", "-id"), name="item_latest"),
            models.Index(fields=("lease_until",), condition=Q(state="running"), name="item_running"),
            GinIndex(fields=("needs",), name="item_needs"),
            # One box finds a part of any number, name or id (`sync.admin.find`), whatever the number of items.
            GinIndex(*(OpClass(Upper(each), name="gin_trgm_ops") for each in SEARCHED), name="item_search"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.title}".strip() or self.source_id

    @property
    def references(self) -> list[str]:
        """The references by which other items wait for this one being in the target."""
        return met_by(self.pipeline.flow, self.source_id, self.key)


WENT_THROUGH = Q(operation__in=["create", "update"], outcome__in=["done", "handed over"])


class Attempt(models.Model):
    """One try at writing an item: when, by whom, what left, and what came of it."""

    class Operation(models.TextChoices):
        CREATE = "create", _("created")
        UPDATE = "update", _("updated")
        ADOPT = "adopt", _("was already there")
        LOOK_UP = "look up", _("looked up")

    class Outcome(models.TextChoices):
        UNDER_WAY = "", _("under way")
        DONE = "done", _("went through")
        FAILED = "failed", _("did not go through")
        UNCONFIRMED = "unconfirmed", _("answer lost")
        HANDED_OVER = "handed over", _("handed over")

    WRITES = (Operation.CREATE, Operation.UPDATE)

    item = models.ForeignKey(Item, models.CASCADE, related_name="attempts")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    actor = models.CharField(_("by"), max_length=150)
    operation = models.CharField(_("operation"), max_length=20, choices=Operation)
    payload = models.JSONField(_("what was sent"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome, blank=True)
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    params = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("-started_at", "-pk")
        indexes = [
            models.Index(fields=("tenant", "started_at"), condition=WENT_THROUGH, name="attempt_sent"),
            models.Index(fields=("-started_at", "-id"), name="attempt_latest"),
        ]

    def __str__(self) -> str:
        return f"{timezone.localtime(self.started_at):%Y-%m-%d %H:%M:%S}"


class Transition(models.Model):
    """One change of an item's state, with time and actor: accounting information, kept seven years (`engine.tidy`)."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="transitions")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.CharField(_("by"), max_length=150)
    before = models.CharField(_("from"), max_length=10, choices=Item.State, blank=True)
    after = models.CharField(_("to"), max_length=10, choices=Item.State)
    cause = models.CharField(_("cause"), max_length=60, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        ordering = ("-at", "-pk")
        indexes = [models.Index(fields=("item", "at"))]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


def address_number() -> str:
    """A number for an address that a target is told, unlike any other."""
    return secrets.token_hex(8)


class Document(models.Model):
    """A file kept byte for byte (S6). `served_at`: when the target last fetched it whole.

    `address`: number of the address that the target is told until it has the file, one per hand-over however often it
    is tried; `fetched`: number of the one under which it was last fetched.
    """

    class Kind(models.TextChoices):
        ORIGINAL = "original", _("As it came")
        JOINED = "joined", _("All files of the invoice in one PDF")

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="documents")
    item = models.ForeignKey(Item, models.CASCADE, related_name="documents")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.ORIGINAL)
    name = models.CharField(_("file name"), max_length=250)
    content_type = models.CharField(_("type by content"), max_length=80)
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField("SHA-256", max_length=64)
    path = models.CharField(max_length=200)
    created_at = models.DateTimeField(_("kept since"), auto_now_add=True)
    served_at = models.DateTimeField(_("fetched by the target"), null=True, blank=True)
    address = models.CharField(max_length=16, default=address_number, editable=False)
    fetched = models.CharField(max_length=16, blank=True, editable=False)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [models.UniqueConstraint(fields=("item", "kind"), name="one_document_per_item_and_kind")]
        indexes = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="document_name"),
            models.Index(fields=("sha256",), name="document_hash"),
        ]

    def __str__(self) -> str:
        return self.name


class Problem(models.Model):
    """Everything of a tenant that one cause holds up, counted: people act on causes, not on items.

    `subject` tells problems of one cause apart: the system of a connection, else empty. `turns`: whose turn it is,
    where that hangs on what is waited for and not on the cause. Open until the cause is gone; what is back soon is the
    same problem. `returns`: how often it was back after its end had been mailed. An end that nobody is to be told of
    bears its own time in `told_closed_at` and `posted_closed_at`.
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="problems")
    flow = models.CharField(_("flow"), max_length=40, blank=True)
    cause = models.CharField(_("cause"), max_length=60)
    subject = models.CharField(_("about"), max_length=60, blank=True)
    reason = models.CharField(_("reason"), max_length=10, choices=Item.Reason, blank=True)
    params = models.JSONField(default=dict, blank=True)
    turns = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    count = models.PositiveIntegerField(_("items"), default=0)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    told_open_at = models.DateTimeField(_("mailed when opened"), null=True, blank=True)
    told_closed_at = models.DateTimeField(_("mailed when closed"), null=True, blank=True)
    posted_open_at = models.DateTimeField(null=True, blank=True, editable=False)
    posted_closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    returns = models.PositiveIntegerField(default=0, editable=False)
    probe_at = models.DateTimeField(null=True, blank=True)
    probes = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("problem")
        verbose_name_plural = _("problems")
        ordering = ("closed_at", "-opened_at")
        constraints = [
            models.UniqueConstraint(
                fields=("tenant", "flow", "cause", "subject"),
                condition=Q(closed_at=None),
                name="one_open_problem_per_cause",
            )
        ]
        indexes = [models.Index(fields=("tenant", "closed_at"))]

    def __str__(self) -> str:
        return explain(self.cause, self.params).title


class Recipient(models.Model):
    """Who is mailed about a tenant's problems."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="recipients")
    email = models.EmailField(_("e-mail"))
    digest = models.BooleanField(_("daily summary"), default=True)

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        constraints = [models.UniqueConstraint(fields=("tenant", "email"), name="one_recipient_per_address")]

    def __str__(self) -> str:
        return self.email


class SetupLink(models.Model):
    """A link by which a company sets itself up, or consents anew, without a log-in. Of its token only the hash is kept.

    `starts`: it ends with switching the pipelines on, which are off until then. A finished link shows that all is done
    and nothing else; a revoked or expired one is as unknown as one that never was.
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="setup_links")
    token_hash = models.CharField(max_length=64, unique=True)
    starts = models.BooleanField(_("first set-up"), default=True)
    expires_at = models.DateTimeField(_("expires"))
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    created_by = models.CharField(_("made by"), max_length=150)
    opened_at = models.DateTimeField(_("first opened"), null=True, blank=True)
    settings_at = models.DateTimeField(_("settings chosen"), null=True, blank=True)
    found = models.JSONField(_("what the accesses reach"), default=dict, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("set-up link")
        verbose_name_plural = _("set-up links")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.tenant} {timezone.localtime(self.created_at):%Y-%m-%d}"


class Preflight(models.Model):
    """Both sides read and compared, nothing written. `progress`: which step, of how many, what is being read, and how
    many records of it; `result`: see `sync.engine.preflight`."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="preflights")
    created_at = models.DateTimeField(_("asked for"), default=timezone.now)
    touched_at = models.DateTimeField(_("last sign of life"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    actor = models.CharField(_("by"), max_length=150)
    progress = models.JSONField(default=dict, blank=True)
    result = models.JSONField(null=True, blank=True)
    adoption = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("pre-flight")
        verbose_name_plural = _("pre-flights")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.tenant} {timezone.localtime(self.created_at):%Y-%m-%d %H:%M}"


class Act(models.Model):
    """Something that a person does to many items at once: answered at once, carried out in the background, counted.

    `ids` are the items chosen when the button was pressed; `done` of them have been dealt with so far.
    """

    class Kind(models.TextChoices):
        RETRY = "retry", _("Try again")
        LEAVE_OUT = "leave_out", _("Leave out")
        RESEND = "resend", _("Send again")
        HANDLED = "handled", _("Mark as handled")

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="acts")
    kind = models.CharField(_("act"), max_length=20, choices=Kind)
    actor = models.CharField(_("by"), max_length=150)
    note = models.TextField(_("note"), blank=True)
    ids = ArrayField(models.BigIntegerField())
    done = models.PositiveIntegerField(_("dealt with"), default=0)
    moved = models.PositiveIntegerField(_("moved"), default=0)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("act on many")
        verbose_name_plural = _("acts on many")
        ordering = ("-started_at",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.done}/{len(self.ids)}"


class DryRun(models.Model):
    """What a pass of a pipeline would send now; nothing was written. `result`: see `sync.engine.rehearsal`."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="dry_runs")
    flow = models.CharField(_("flow"), max_length=40)
    actor = models.CharField(_("by"), max_length=150)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    result = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("dry run")
        verbose_name_plural = _("dry runs")
        ordering = ("-started_at",)

    def __str__(self) -> str:
        return f"{gettext(get_flow(self.flow).title)} {timezone.localtime(self.started_at):%Y-%m-%d %H:%M}"
