"""`manage.py rotate_keys`: encrypt every stored secret with the first of ENCRYPTION_KEYS, so that older keys may go."""

import sys
from typing import Any

from django.db import transaction

from integration.models import Connection
from integration.vault import UnreadableSecret
from sync.management.commands import OneLine


class Command(OneLine):
    """May be run at any time, again, and while workers renew tokens: each row is locked while it is written anew."""

    help = "Encrypt every stored secret with the first of ENCRYPTION_KEYS, so that older keys may go."

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = []
        keys = list(Connection.objects.order_by("pk").values_list("pk", "tenant__slug", "system"))
        for pk, tenant, system in keys:
            try:
                _encrypt_anew(pk)
            except UnreadableSecret:
                unreadable.append(f"{tenant} {system}")
        self.stdout.write(f"{len(keys) - len(unreadable)} of {len(keys)} connections are under the first key")
        if unreadable:
            self.stdout.write(f"No key reads those of: {', '.join(unreadable)}")
            self.stdout.write("Add the older key at the end of ENCRYPTION_KEYS and run this again.")
            sys.exit(2)


def _encrypt_anew(pk: int) -> None:
    with transaction.atomic():
        row = Connection.objects.select_for_update().filter(pk=pk).first()
        if row:  # not deleted meanwhile
            row.save(update_fields=["secrets", "token"])
