"""Principle 11: twenty processes at the throttle of one company meet no 429 and leave nothing unused."""

import pytest

from bench.throttle import measure


@pytest.mark.worker
@pytest.mark.timeout(180)
def test_principle_11_twenty_processes_meet_no_429_and_use_the_limit() -> None:
    found = measure(seconds=11, processes=20)
    assert found.refused == 0
    assert found.used >= 0.95
