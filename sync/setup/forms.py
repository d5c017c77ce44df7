"""Forms of a set-up: the secrets that a system declares, the go-live date, and the choices that flows declare."""

import datetime
import re
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from integration import registry
from integration.models import Connection, Tenant
from sync.flows.base import Setting
from sync.models import Pipeline

LONGEST_BACK = datetime.timedelta(days=730)
_RULE = re.compile(r"\s*\([A-Z]\d+\)$")  # flows name the rule behind a choice; here it is of no help


class KeyForm(forms.Form):
    """What a system wants to be given to let us in. Nothing of what is stored is ever shown."""

    def __init__(self, connection: Connection, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in registry.systems[connection.system].fields:
            if field.secret:
                attrs = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off", "autofocus": True}
                self.fields[field.name] = forms.CharField(
                    label=_(field.label), help_text=_(field.help) if field.help else "", max_length=4000,
                    widget=forms.PasswordInput(attrs=attrs),
                    error_messages={"required": _("Paste the key here.")},
                )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Keys travel by mail and chat: white space and line breaks are no part of them."""
        return {name: "".join(str(value).split()) for name, value in (super().clean() or {}).items()}


class SettingsForm(forms.Form):
    """Go-live and the choices of every flow."""

    def __init__(self, tenant: Tenant, pipelines: list[Pipeline], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tenant, self.pipelines = tenant, pipelines
        today = timezone.localdate()
        self.fields["go_live"] = forms.DateField(
            label=_("Go-live"),
            help_text=_("Invoices finalised, and supplier invoices dated, before this day are not transferred."),
            initial=tenant.go_live,
            widget=forms.DateInput(
                attrs={"type": "date", "max": today.isoformat(), "min": (today - LONGEST_BACK).isoformat()},
                format="%Y-%m-%d",
            ),
            input_formats=["%Y-%m-%d"],
            error_messages={"invalid": _("Give the day as year-month-day."), "required": _("Choose a day.")},
        )
        for pipeline in pipelines:
            for setting in pipeline.rules.settings:
                self.fields[_name(pipeline, setting)] = _input(setting, pipeline)

    def clean_go_live(self) -> datetime.date:
        """Not in the future: nothing would be transferred, and nobody would know why."""
        day: datetime.date = self.cleaned_data["go_live"]
        today = timezone.localdate()
        if day > today:
            raise forms.ValidationError(_("The day cannot lie in the future. Come back on that day, or choose today."))
        if day < today - LONGEST_BACK:
            raise forms.ValidationError(_("The day lies more than two years back. Choose a later one."))
        return day

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under the names of their flows."""
        found = []
        for pipeline in self.pipelines:
            fields = [self[_name(pipeline, each)] for each in pipeline.rules.settings]
            if fields:
                found.append((_(pipeline.rules.title), fields))
        return found

    def save(self) -> None:
        """Store what differs: a save wakes what the old choice had stopped."""
        if self.tenant.go_live != self.cleaned_data["go_live"]:
            self.tenant.go_live = self.cleaned_data["go_live"]
            self.tenant.save()
        for pipeline in self.pipelines:
            chosen = {each.name: self.cleaned_data[_name(pipeline, each)] for each in pipeline.rules.settings}
            if any(pipeline.setting(name) != value for name, value in chosen.items()):
                pipeline.settings = {**pipeline.settings, **chosen}
                pipeline.save()


def _name(pipeline: Pipeline, setting: Setting) -> str:
    return f"{pipeline.flow}.{setting.name}"


def _input(setting: Setting, pipeline: Pipeline) -> forms.Field:
    """Flows speak Swedish; `gettext` knows it in English."""
    words: dict[str, Any] = {
        "label": _RULE.sub("", _(setting.label)),
        "help_text": _(setting.help) if setting.help else "",
        "initial": pipeline.setting(setting.name),
        "required": False,
    }
    if isinstance(setting.default, bool):
        return forms.BooleanField(**words)
    if setting.choices:
        words["required"] = True
        choices = [(key, _(label)) for key, label in setting.choices]
        return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **words)
    return forms.CharField(max_length=200, **words)
