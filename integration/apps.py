"""Application set-up: walks `systems/`, so that a system is found by lying there."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationConfig(AppConfig):
    """Tenants and their connections."""

    name = "integration"
    verbose_name = _("Companies and connections")

    def ready(self) -> None:
        """Import every module of `integration.systems`."""
        from integration.registry import discover  # noqa: PLC0415 - apps must be loaded first

        discover("integration.systems")
