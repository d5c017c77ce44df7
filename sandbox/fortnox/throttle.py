"""Note 16: 25 requests per sliding 5 seconds and tenant, 429 beyond."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

REQUESTS = 25
WINDOW = 5.0  # seconds


class Throttle:
    """Counts the requests that were let through. Refused ones do not lengthen the wait: nothing published says that
    they do. `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._times: defaultdict[int, deque[float]] = defaultdict(deque)

    def admits(self, tenant_id: int) -> bool:
        now = self._monotonic()
        times = self._times[tenant_id]
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if len(times) >= REQUESTS:
            return False
        times.append(now)
        return True
