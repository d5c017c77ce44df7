"""The error ladder: each class says who must act. The engine decides by class, never by text.

| class | who acts | what the engine does |
|---|---|---|
| `Transient`, `RateLimited`, `Unconfirmed` | the clock | tries again later, by itself |
| `Waiting` | another item, or the clock | waits for exactly those items |
| `ConfigError`, `AuthError` | a person: set-up, access | stops the item, the flow or the connection (`scope`) |
| `InvalidRecord` | a person: the source's data | stops the item |
| `Rejected` | a person: the target said no | stops the item |
| `Conflict` | a person: two truths | stops the item |
| `Changed` | a person: changed after transfer | stops the item |
| `Skip` | nobody | leaves the item out |

`cause` is the key of the explanation (`sync/explain.py`): a rule id such as `C2`, `fortnox.2000401`, `http.timeout`.
`params` are plain JSON values that the explanation names. `until`: references (see `sync.flows.needs`) that call for
another look at what was stopped or left out.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

Scope = Literal["item", "flow", "connection"]


class Fault(Exception):
    """Base of everything that ends an attempt without success."""

    reason: ClassVar[str] = "internal"
    cause: str
    scope: Scope
    params: dict[str, Any]
    until: list[str]

    def __init__(self, cause: str, *, scope: Scope = "item", until: Sequence[str] = (), **params: Any) -> None:
        super().__init__(f"{cause} {params}" if params else cause)
        self.cause = cause
        self.scope = scope
        self.params = params
        self.until = list(until)


class Transient(Fault):
    """Nothing was changed over there; the same thing will work later."""

    reason = "clock"


class RateLimited(Transient):
    """Too many requests. `wait`: seconds until it is worth trying again. Burns no attempt."""

    def __init__(self, cause: str = "http.429", *, wait: float = 5.0, **params: Any) -> None:
        super().__init__(cause, **params)
        self.wait = wait


class OnItsWay(RateLimited):
    """A write whose answer was lost is not found yet and may still arrive: look again in `wait` seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__("I2.on_its_way", wait=wait)


class Unconfirmed(Transient):
    """A write left and its answer was lost: it may or may not have been stored. Find before create.

    The param `answered`: something came back, so it will not be stored later than now.
    """


class Waiting(Fault):
    """Other items must come first. `needs`: references such as `customers:no=1001` (see `sync.flows.needs`)."""

    reason = "need"

    def __init__(self, cause: str, *, needs: Sequence[str], **params: Any) -> None:
        super().__init__(cause, **params)
        self.needs = list(needs)


class ConfigError(Fault):
    """A set-up is missing or switched off; a person corrects it once for all that it stopped."""

    reason = "config"


class AuthError(Fault):
    """Access is gone (the whole connection's fault) or a right is missing (often one flow's only).

    `state`: what the connection becomes, a value of `Connection.State`.
    """

    reason = "auth"
    state: str

    def __init__(self, cause: str, *, state: str = "needs_consent", scope: Scope = "connection", **params: Any) -> None:
        super().__init__(cause, scope=scope, **params)
        self.state = state


class InvalidRecord(Fault):
    """The source's data cannot be sent as it is."""

    reason = "data"


class Rejected(Fault):
    """The target refused it for a reason of its own."""

    reason = "rejected"


class Conflict(Fault):
    """Two truths, neither of which we may choose."""

    reason = "conflict"


class Changed(Fault):
    """Changed in the source after it was transferred (I3, I10)."""

    reason = "changed"


class Skip(Fault):
    """Left out by a rule, with the reason."""

    reason = "left_out"
