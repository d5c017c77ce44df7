"""Requests per tenant and system, shared by all processes through Redis: a sliding window, kept by Redis' own clock.

Fortnox allows 25 requests in any 5 seconds per client id and tenant (developer guide "rate limits"). The vendor counts
when a request arrives, somewhere between our asking for a place and its answer. So a place is taken while the request
is under way, and its five seconds begin with the answer: however long the way there was, 25 never arrive within five.

A Redis that was flushed, or restarted without its memory, has forgotten what left just now. It bears the time since
which it remembers; for one window from then on nobody gets a place.
"""

import math
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache

import redis
from django.conf import settings

from integration.errors import RateLimited

UNDER_WAY = 35.0  # seconds after which a place is taken back from a process that died; longer than a request may take
ALL_UNDER_WAY = 0.05  # seconds to wait when nobody knows when the first of them will be answered

REMEMBERS_SINCE = "throttle:since"  # microseconds of Redis' clock

# KEYS[1] window, KEYS[2] since when Redis remembers; ARGV: limit, window, time under way, wait (all in microseconds),
# member. Answers the microseconds to wait (0 = go).
_ACQUIRE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local since = tonumber(redis.call('GET', KEYS[2]))
if not since or since > now then -- it lost its memory, or its clock went back
  since = now
  redis.call('SET', KEYS[2], string.format('%.0f', now))
end
if since + ARGV[2] > now then return since + ARGV[2] - now end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local ahead = string.format('%.0f', now + ARGV[3] + 1000000) -- what lies there was put before the clock went back
redis.call('ZREMRANGEBYSCORE', KEYS[1], ahead, '+inf')
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[5])
  redis.call('PEXPIRE', KEYS[1], math.ceil((ARGV[2] + ARGV[3]) / 1000))
  return 0
end
local oldest = tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2])
return oldest > now and ARGV[4] or oldest + ARGV[2] - now
"""
_ANSWERED = """
local t = redis.call('TIME')
return redis.call('ZADD', KEYS[1], 'XX', t[1] * 1000000 + t[2], ARGV[1])
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
    margin: float = 0.02

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one request, which is under way inside the block. Sleeps at most `patience` seconds for it.

        Raises:
            RateLimited: the next place is further away; `wait` says how far.
        """
        deadline = time.monotonic() + self.patience
        member = uuid.uuid4().hex
        while wait := self._wait(member):
            if time.monotonic() + wait > deadline:
                raise RateLimited("throttle", wait=wait)
            time.sleep(wait)
        try:
            yield
        finally:
            with suppress(redis.RedisError):  # what came of the request stands; its place is taken back later
                shared_redis(settings.REDIS_URL).eval(_ANSWERED, 1, f"throttle:{self.key}", member)

    def _wait(self, member: str) -> float:
        """Seconds until a place may be free; 0 when one was taken."""
        window, under_way, all_under_way = (
            int(seconds * 1_000_000) for seconds in (self.seconds + self.margin, UNDER_WAY, ALL_UNDER_WAY)
        )
        answer = shared_redis(settings.REDIS_URL).eval(
            _ACQUIRE, 2, f"throttle:{self.key}", REMEMBERS_SINCE, self.limit, window, under_way, all_under_way, member
        )
        return math.ceil(int(float(answer)) / 1000) / 1000
