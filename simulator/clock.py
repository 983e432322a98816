"""The simulator's time: a wall clock that somebody else drives, made faster or set forward."""

import time
from collections.abc import Callable


def wall_clock() -> float:
    """Return unix seconds; asked anew each time, so that frozen clocks of tests are seen."""
    return time.time()


class Clock:
    """Simulated time: `speed` times the time since start, plus all jumps."""

    def __init__(self, now: Callable[[], float], speed: float) -> None:
        self._now = now
        self._speed = speed
        self._start = now()
        self._jumped = 0.0

    def now(self) -> float:
        """Return simulated unix seconds."""
        return self._start + (self._now() - self._start) * self._speed + self._jumped

    def wall(self) -> float:
        """Return the clock of the frequency limit: jumps count, speed does not, since clients live in real time."""
        return self._now() + self._jumped

    def jump(self, seconds: float) -> None:
        """Set the time forward.

        Raises:
            ValueError: The time would run backwards.
        """
        if not seconds >= 0.0:
            raise ValueError("time only runs forward")
        self._jumped += seconds
