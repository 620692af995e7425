"""The clock of a serving process: the machine's, or in a home made for replay the one that callers move forward."""

from loopwright.core.clock import Clock, Micros
from loopwright.errors import ClockRefusedError


class WorkspaceClock:
    """`now()` is the workspace's time; durations are always real.

    Args:
        machine: The machine's clock.
        replay: Whether `now()` stands still until `advance` moves it.
    """

    def __init__(self, machine: Clock, *, replay: bool) -> None:
        self._machine = machine
        self.replay = replay
        self._at: Micros = 0

    def now(self) -> Micros:
        return self._at if self.replay else self._machine.now()

    def monotonic(self) -> float:
        return self._machine.monotonic()

    def sleep(self, seconds: float) -> None:
        self._machine.sleep(seconds)

    def advance(self, at: Micros) -> None:
        """Move the workspace's time to `at`; an earlier instant than it shows changes nothing.

        Raises:
            ClockRefusedError: The home was not made for replay.
        """
        if not self.replay:
            raise ClockRefusedError("this server's clock cannot be set", why="its home was not made for replay")
        self._at = max(self._at, at)
