"""Application set-up: walks `flows/` and connects the signals."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SyncConfig(AppConfig):
    """Pipelines, items and what becomes of them."""

    name = "sync"
    verbose_name = _("Transfers")

    def ready(self) -> None:
        """Import every module of `sync.flows`, then the receivers."""
        from importlib import import_module  # noqa: PLC0415

        from integration.registry import discover  # noqa: PLC0415 - apps must be loaded first

        discover("sync.flows")
        import_module("sync.signals")
