"""Requests per tenant and system, shared by all processes through Redis: a sliding window, kept by Redis' own clock.

Fortnox allows 25 requests in any 5 seconds per client id and tenant (developer guide "rate limits"). We count when a
request leaves and the vendor when it arrives; `margin` covers what the way between may add.
"""

import math
import time
import uuid
from dataclasses import dataclass
from functools import lru_cache

import redis
from django.conf import settings

from integration.errors import RateLimited

# KEYS[1] window; ARGV: limit, window in microseconds, member. Answers the microseconds to wait (0 = go).
_ACQUIRE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('ZADD', KEYS[1], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] / 1000))
  return 0
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return oldest[2] + ARGV[2] - now
"""


@lru_cache(maxsize=1)
def shared_redis(url: str) -> "redis.Redis":
    """This process' connections to the Redis that all processes share."""
    return redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)


@dataclass(frozen=True, slots=True)
class Throttle:
    """A window of `limit` requests per `seconds` under one key; `patience` is the longest sleep, in seconds.

    Workers have a patience of one second: a longer wait goes back to the row, so that a busy tenant never holds
    a worker that another tenant could use.
    """

    key: str
    limit: int
    seconds: float
    patience: float = 1.0
    margin: float = 0.15

    def acquire(self) -> None:
        """Take one place, sleeping at most `patience` seconds.

        Raises:
            RateLimited: the next place is further away; `wait` says how far.
        """
        deadline = time.monotonic() + self.patience
        member = uuid.uuid4().hex
        while wait := self._wait(member):
            if time.monotonic() + wait > deadline:
                raise RateLimited("throttle", wait=wait)
            time.sleep(wait)

    def _wait(self, member: str) -> float:
        """Seconds until a place may be free; 0 when one was taken."""
        window = int((self.seconds + self.margin) * 1_000_000)
        answer = shared_redis(settings.REDIS_URL).eval(_ACQUIRE, 1, f"throttle:{self.key}", self.limit, window, member)
        return math.ceil(int(float(answer)) / 1000) / 1000
