"""A push cut into steps: at each of them it may die, or something else may happen first."""

from collections.abc import Callable
from dataclasses import dataclass, field


class Killed(BaseException):
    """SIGKILL: nothing of ours runs any more."""


@dataclass
class Script:
    """What befalls the next push: where it dies or what happens there meanwhile, and what the vendor does."""

    die_at: str = ""
    meanwhile: tuple[str, Callable[[], None]] | None = None
    vendor: str = "fine"
    passed: list[str] = field(default_factory=list)

    def at(self, point: str) -> None:
        self.passed.append(point)
        if self.meanwhile and self.meanwhile[0] == point:
            act, self.meanwhile = self.meanwhile[1], None
            act()
        if self.die_at == point:
            raise Killed
