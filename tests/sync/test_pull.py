"""Readings: what makes one fail, and what does not."""

from typing import Any

import pytest
from django.utils import timezone

from integration.errors import RateLimited
from integration.models import Tenant
from sync.engine.pull import pull
from sync.models import Pipeline


def test_a_reading_that_meets_our_own_throttle_pauses_and_has_not_failed(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(*_: Any) -> None:
        raise RateLimited("throttle", wait=4.0)

    monkeypatch.setattr("sync.engine.pull._read", throttled)
    pipeline = Pipeline.objects.get(tenant=tenant, flow="customers")
    assert pull(pipeline).fault is not None
    pipeline.refresh_from_db()
    wait = (pipeline.next_pull_at - timezone.now()).total_seconds()
    assert (pipeline.failures, pipeline.lease_until, round(wait)) == (0, None, 4)
