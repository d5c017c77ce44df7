"""A rotation of keys can be completed: after `rotate_keys` the old key may go."""

import threading
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection as database
from django.db import transaction

from integration.models import Connection, Tenant
from integration.vault import UnreadableSecret

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
SECRETS, TOKEN = {"token": "smartdok-secret"}, {"access": "a", "refresh": "r"}


@pytest.fixture
def rows(settings: Any, db: None) -> list[Connection]:
    """Connections that were stored under the old key; the new one stands first now."""
    settings.ENCRYPTION_KEYS = [OLD]
    tenant = Tenant.objects.create(slug="ostanbygg", name="Östanbygg AB")
    rows = [
        Connection.objects.create(tenant=tenant, system=system, secrets=SECRETS, token=TOKEN)
        for system in ("fortnox", "smartdok")
    ]
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    return rows


def stored() -> list[tuple[Any, Any]]:
    """What the present keys read."""
    return list(Connection.objects.order_by("pk").values_list("secrets", "token"))


def test_after_it_the_old_key_may_go(rows: list[Connection], settings: Any, capsys: Any) -> None:
    for row in rows:
        row.save(update_fields=["token"])  # as a renewal does, which leaves the secrets under the old key
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(UnreadableSecret):
        stored()
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    for _ in range(2):
        call_command("rotate_keys")
        assert capsys.readouterr().out == "2 of 2 connections are under the first key\n"
    settings.ENCRYPTION_KEYS = [NEW]
    assert stored() == [(SECRETS, TOKEN)] * 2


def test_what_no_key_reads_is_named_and_the_others_go_on(rows: list[Connection], settings: Any, capsys: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW]
    rows[1].save(update_fields=["secrets", "token"])
    with pytest.raises(SystemExit) as end:
        call_command("rotate_keys")
    told = capsys.readouterr().out
    assert end.value.code == 2
    assert told.startswith("1 of 2 connections are under the first key\nNo key reads those of: ostanbygg fortnox\n")
    assert "smartdok-secret" not in told


@pytest.mark.django_db(transaction=True)
def test_a_token_that_is_renewed_meanwhile_is_kept(rows: list[Connection], settings: Any) -> None:
    def rotate() -> None:
        try:
            call_command("rotate_keys")
        finally:
            database.close()

    thread = threading.Thread(target=rotate)
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=rows[0].pk)
        thread.start()
        thread.join(0.3)
        row.token = {"access": "b", "refresh": "s"}
        row.save(update_fields=["token"])
    thread.join(10)
    settings.ENCRYPTION_KEYS = [NEW]
    assert stored() == [(SECRETS, {"access": "b", "refresh": "s"}), (SECRETS, TOKEN)]
