"""Vault, registry and throttle."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from cryptography.fernet import Fernet
from django.db import connection as database

from integration import registry
from integration.errors import RateLimited
from integration.models import Connection, Tenant
from integration.records import (
    Article,
    Customer,
    DocumentLink,
    Invoice,
    OutgoingInvoice,
    Project,
    SupplierCost,
    SupplierDocument,
    SupplierInvoice,
)
from integration.throttle import REMEMBERS_SINCE, Throttle, shared_redis
from integration.vault import UnreadableSecret


# -- vault -------------------------------------------------------------------------------------------------------
def test_secrets_are_cipher_text_at_rest_and_keys_rotate(tenant: Tenant, settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.ENCRYPTION_KEYS = [old]
    row = Connection.objects.create(tenant=tenant, system="any", secrets={"token": "hemlig-1"})
    with database.cursor() as cursor:
        cursor.execute("select secrets, token from integration_connection where id = %s", [row.pk])
        secrets, token = cursor.fetchone()
    assert "hemlig-1" not in secrets
    assert token
    settings.ENCRYPTION_KEYS = [new, old]
    again = Connection.objects.get(pk=row.pk)
    assert (again.secrets, again.token) == ({"token": "hemlig-1"}, {})
    again.save()
    settings.ENCRYPTION_KEYS = [new]
    assert Connection.objects.get(pk=row.pk).secrets == {"token": "hemlig-1"}
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(UnreadableSecret) as error:
        Connection.objects.get(pk=row.pk)
    assert "hemlig-1" not in str(error.value)


# -- registry ----------------------------------------------------------------------------------------------------
def test_both_systems_are_found_with_all_that_they_give_and_take() -> None:
    assert {"smartdok", "fortnox"} <= set(registry.systems)
    for kind in (Customer, Project, Article, Invoice):
        assert "smartdok" in registry.readers_of(kind)
    for kind in (Customer, Project, Article, OutgoingInvoice):
        assert "fortnox" in registry.writers_of(kind)
    for kind in (SupplierInvoice, SupplierDocument):
        assert "fortnox" in registry.readers_of(kind)
    for kind in (SupplierCost, DocumentLink):
        assert "smartdok" in registry.writers_of(kind)


def test_what_a_system_does_not_do_is_said_by_name() -> None:
    with pytest.raises(LookupError, match="smartdok takes no Customer"):
        registry.writer("smartdok", Customer)
    with pytest.raises(LookupError, match="fortnox gives no Customer"):
        registry.reader("fortnox", Customer)


def test_two_files_cannot_declare_the_same() -> None:
    @dataclass
    class Thing:
        """A record of this test."""

    def declared_in(module: str) -> type:
        return type("Reader", (), {"__module__": module})

    registry.reads("test", Thing)(declared_in("one"))
    registry.reads("test", Thing)(declared_in("one"))
    with pytest.raises(ValueError, match="declared by one and by two"):
        registry.reads("test", Thing)(declared_in("two"))


# -- throttle ----------------------------------------------------------------------------------------------------
@pytest.fixture
def key(clean_redis: None) -> str:
    return uuid.uuid4().hex


def ask(throttle: Throttle) -> None:
    """A request that is answered at once."""
    with throttle.place():
        pass


def test_the_window_lets_so_many_pass_and_then_says_how_long(key: str) -> None:
    throttle = Throttle(key, 25, 5.0, patience=0.0)
    for _ in range(25):
        ask(throttle)
    with pytest.raises(RateLimited) as fault:
        ask(throttle)
    assert fault.value.cause == "throttle"
    assert 4.0 < fault.value.wait <= 5.02
    ask(Throttle(key + "x", 25, 5.0, patience=0.0))


def test_the_window_slides(key: str) -> None:
    throttle = Throttle(key, 2, 0.1, patience=1.0, margin=0.0)
    started = time.monotonic()
    for _ in range(6):
        ask(throttle)
    assert 0.2 <= time.monotonic() - started < 0.6


def test_a_request_holds_its_place_until_it_is_answered(key: str) -> None:
    throttle = Throttle(key, 1, 0.1, patience=0.0, margin=0.0)
    with throttle.place():
        time.sleep(0.15)  # longer than the window: it may arrive only now
        with pytest.raises(RateLimited):
            ask(throttle)
    with pytest.raises(RateLimited) as fault:
        ask(throttle)
    assert 0 < fault.value.wait <= 0.1


def test_a_clock_that_goes_back_locks_nobody_out(key: str, settings: Any) -> None:
    throttle = Throttle(key, limit=2, seconds=5.0, patience=0.0)
    client = shared_redis(settings.REDIS_URL)
    ahead = (time.time() + 3600) * 1_000_000
    client.zadd(f"throttle:{key}", {"answered": ahead, "under way": ahead + 35_000_000})
    with throttle.place():
        pass


@pytest.mark.parametrize("since", [None, "later"], ids=["forgotten", "the clock went back"])
def test_a_redis_that_forgot_what_left_just_now_lets_nobody_through_for_one_window(
    key: str, settings: Any, since: str | None
) -> None:
    client = shared_redis(settings.REDIS_URL)
    ask(Throttle(key, limit=25, seconds=5.0))
    client.flushdb()
    if since:
        client.set(REMEMBERS_SINCE, int((time.time() + 3600) * 1_000_000))
    for _ in range(2):
        with pytest.raises(RateLimited) as fault:
            ask(Throttle(key, limit=25, seconds=5.0, patience=0.0))
        assert 4.0 < fault.value.wait <= 5.02
    ask(Throttle(key, limit=25, seconds=0.1, margin=0.0))
    assert fault.value.cause == "throttle"


def test_a_throttle_forgets_itself(key: str, settings: Any) -> None:
    ask(Throttle(key, 2, 5.0))
    left = redis.from_url(settings.REDIS_URL).pttl(f"throttle:{key}")
    assert 0 < left <= 40_020  # type: ignore[operator]
