"""Tenants, who may see them, their connections and the values they map."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integration.registry import system_title
from integration.vault import EncryptedJSONField


class Tenant(models.Model):
    """A customer company. Nothing that happened before `go_live` is transferred (G9). `summarised_on`: the last day
    on which its open problems were summarised in a mail."""

    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("company"), max_length=200)
    go_live = models.DateField(
        _("go-live"),
        default=timezone.localdate,
        help_text=_("Invoices finalised, and supplier invoices dated, before this day are not transferred."),
    )
    active = models.BooleanField(_("active"), default=True)
    summarised_on = models.DateField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Nothing would be transferred before a day that lies ahead, and nobody would know why."""
        if self.go_live and self.go_live > timezone.localdate():
            text = _("The day cannot lie in the future. Come back on that day, or choose today.")
            raise ValidationError({"go_live": text})


class Membership(models.Model):
    """A user's place in a tenant; without one a user sees nothing of it."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        BOOKKEEPER = "bookkeeper", _("Bookkeeper")
        READER = "reader", _("Reader")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=("user", "tenant"), name="one_membership_per_user_and_tenant")]

    def __str__(self) -> str:
        return f"{self.user} – {self.tenant}"


class Connection(models.Model):
    """One tenant's access to one system.

    `options` are what anybody may see (host, tenant id), `secrets` what nobody may (API token, refresh token),
    `token` the short-lived access token. Which of them a system has, it declares itself (`System.fields`). `company` is
    the vendor's own key of the company that answered, whoever typed what; no two tenants have the same one.
    `access_at`: when a person last gave this access, by a key or a consent.
    """

    class State(models.TextChoices):
        UNCHECKED = "unchecked", _("Not checked yet")
        CONNECTED = "connected", _("Connected")
        DEGRADED = "degraded", _("Trouble reaching it")
        NEEDS_CONSENT = "needs_consent", _("Must be connected again")
        MISSING_RIGHT = "missing_right", _("A right is missing")
        PAUSED = "paused", _("Paused")

    SHUT = (State.NEEDS_CONSENT, State.MISSING_RIGHT, State.PAUSED)  # a degraded one heals by being tried

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="connections")
    system = models.CharField(_("system"), max_length=40)
    options = models.JSONField(_("options"), default=dict, blank=True)
    secrets = EncryptedJSONField(default=dict, editable=False)
    token = EncryptedJSONField(default=dict, editable=False)
    company = models.CharField(max_length=100, blank=True, editable=False)
    company_name = models.CharField(max_length=200, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.UNCHECKED)
    since = models.DateTimeField(_("since"), default=timezone.now)
    cause = models.CharField(max_length=60, blank=True)
    params = models.JSONField(default=dict, blank=True)
    checked_at = models.DateTimeField(_("last checked"), null=True, blank=True)
    access_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        constraints = [
            models.UniqueConstraint(fields=("tenant", "system"), name="one_connection_per_tenant_and_system"),
            models.UniqueConstraint(
                fields=("system", "company"), condition=~models.Q(company=""), name="one_tenant_per_company"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant} – {system_title(self.system)}"

    @property
    def usable(self) -> bool:
        """Whether anything may be read or sent through it."""
        return self.state not in self.SHUT

    @transaction.atomic
    def enter(self, state: str, cause: str = "", params: dict[str, Any] | None = None) -> bool:
        """Record the state; `since` moves only when it is another one.

        What a person has paused stays paused, whatever a check that was under way found, until `resume`. What was found
        out with access that has been replaced meanwhile says nothing of the new one, and False is returned.
        """
        stands = type(self).objects.select_for_update().get(pk=self.pk)
        replaced = self.access_at != stands.access_at
        self.state, self.since, self.cause, self.params = stands.state, stands.since, stands.cause, stands.params
        if state != self.State.PAUSED and (replaced or self.state == self.State.PAUSED):
            return not replaced
        now, fields = timezone.now(), ["cause", "params", "checked_at"]
        if self.state != state:
            self.state, self.since = state, now
            fields += ["state", "since"]  # what hangs on the state hears of it by the fields that are saved
        self.cause, self.params, self.checked_at = cause, params or {}, now
        self.save(update_fields=fields)
        return True

    def resume(self) -> None:
        """Open a paused one again; the next check tells how it is."""
        paused = type(self).objects.filter(pk=self.pk, state=self.State.PAUSED)
        if paused.update(state=self.State.UNCHECKED, since=timezone.now(), cause="", params={}):
            self.refresh_from_db()
            self.save(update_fields=["state"])

    def replace(self, options: dict[str, Any], secrets: dict[str, Any]) -> None:
        """Other access from now on: the token that came of the old one is forgotten, and what was found out with it."""
        self.options, self.secrets, self.token, self.access_at = options, secrets, {}, timezone.now()
        if self.state != self.State.PAUSED:
            self.state, self.since, self.cause, self.params = self.State.UNCHECKED, timezone.now(), "", {}


class ValueMap(models.Model):
    """A value of the source and what this tenant's target calls it (units, VAT types, accounts).

    `saved_by`: who is saving it, for the history of the items that it sets going; not stored here.
    """

    saved_by = ""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="value_maps")
    kind = models.CharField(_("kind"), max_length=40, help_text=_("unit, vat_type"))
    source = models.CharField(_("value in the source"), max_length=200, blank=True)
    target = models.CharField(_("value in the target"), max_length=200)

    class Meta:
        verbose_name = _("mapped value")
        verbose_name_plural = _("mapped values")
        ordering = ("kind", "source")
        constraints = [models.UniqueConstraint(fields=("tenant", "kind", "source"), name="one_target_per_value")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.source} → {self.target}"
