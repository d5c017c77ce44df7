"""The form of a connection, built from the fields that its system declares."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from integration import registry
from integration.models import Connection
from integration.systems.base import Field

PREFIX = "field_"


def declared(system: str) -> tuple[Field, ...]:
    """The fields that a system declares; none for a system that is not installed."""
    kind = registry.systems.get(system)
    return kind.fields if kind else ()


class ConnectionForm(forms.ModelForm):  # type: ignore[type-arg]
    """Options are shown; a secret is a password input that stays empty, and only what is typed replaces it."""

    class Meta:
        model = Connection
        fields = ()

    @property
    def changes_access(self) -> bool:
        """Whether anything was given that access depends on."""
        return any(name.startswith(PREFIX) for name in self.changed_data)

    def access(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Options and secrets with what was given; what is kept of it is decided by whoever saves."""
        options, secrets = dict(self.instance.options), dict(self.instance.secrets)
        for field in declared(self.instance.system):
            value = str(self.cleaned_data.get(PREFIX + field.name) or "").strip()
            if field.secret and value:
                secrets[field.name] = value
            elif not field.secret and PREFIX + field.name in self.cleaned_data:
                options[field.name] = value
        return options, secrets


def connection_form(connection: Connection, fields: Iterable[Field]) -> type[ConnectionForm]:
    """The form class for one connection, with inputs for these of its fields."""
    inputs = {PREFIX + field.name: _input(field, connection) for field in fields}
    return type("ConnectionForm", (ConnectionForm,), inputs)


def _input(field: Field, connection: Connection) -> forms.Field:
    """One input. `gettext` knows the systems' own words too, which are Swedish."""
    words: dict[str, Any] = {"label": _(field.label), "help_text": _(field.help) if field.help else ""}
    if field.choices:
        stands = connection.options.get(field.name) or field.default
        known = tuple(dict.fromkeys((*field.choices, stands)))  # an operator may have set another one
        return forms.ChoiceField(
            choices=[(each, each) for each in known], initial=stands, widget=UnfoldAdminSelectWidget, **words
        )
    if not field.secret:
        return forms.CharField(
            required=field.required and bool(connection.options.get(field.name)),
            initial=connection.options.get(field.name, field.default),
            widget=UnfoldAdminTextInputWidget,
            max_length=500,
            **words,
        )
    stored = bool(connection.secrets.get(field.name))
    note = _("Stored. Fill in only to replace it.") if stored else _("Not filled in yet.")
    words["help_text"] = " ".join(part for part in (words["help_text"], note) if part)
    return forms.CharField(
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        max_length=4000,
        **words,
    )
