"""The servers are started once per test process; each test has a world of its own."""

from collections.abc import Iterator

import pytest

from tests.chaos.harness import Servers, World


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with Servers() as running:
        yield running


def assert_settled(world: World, seconds: float = 150) -> None:
    """Both sides are what the oracle says, and nothing moves any more."""
    world.settle(seconds)
    verdict = world.verdict()
    assert verdict.problems == [], world.log()
