"""Counts that all processes share, kept in Redis: requests to vendors by system, method and status.

A 429 among them is a defect of ours (principle 11). Counting never fails a request.
"""

from contextlib import suppress

from django.conf import settings
from redis import RedisError

from integration.throttle import shared_redis

_KEY = "metrics:api_requests"


def count_request(system: str, method: str, status: str) -> None:
    """One request left; `status` is `none` when no answer came."""
    with suppress(RedisError):
        shared_redis(settings.REDIS_URL).hincrby(_KEY, f"{system} {method} {status}", 1)


def requests() -> dict[tuple[str, str, str], int]:
    """Requests since the counters began, by system, method and status.

    Raises:
        RedisError: the counters are out of reach.
    """
    found: dict[bytes, bytes] = shared_redis(settings.REDIS_URL).hgetall(_KEY)  # type: ignore[assignment]
    counts = {}
    for name, number in found.items():
        system, method, status = name.decode().split(" ")
        counts[system, method, status] = int(number)
    return counts
