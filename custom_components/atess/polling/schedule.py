"""When a device is asked next: what its rhythm suggests, within what the pacing of the account permits."""

import math
import random
from collections.abc import Callable
from enum import StrEnum

from .rhythm import Rhythm

# After so many seconds, and so often, a poll looks whether the request of another entry brought something.
_SOON, _LOOKS = 5.0, 3
# A first poll and a retry come so many seconds after pacing permits them at the latest.
_LATEST = 60.0
# After so many refusals of one device, while others are served, its pause grows from the first to the longest, in s.
_REFUSALS, _FIRST_PAUSE, _LONGEST_PAUSE = 3, 900.0, 21_600.0


class Reason(StrEnum):
    """Why a device waits for its next poll."""

    START = "start"
    SAMPLE = "sample"
    INTERVAL = "interval"
    OTHER_ENTRY = "other_entry"
    FAILED = "failed"
    REFUSED = "refused"


class Schedule:
    """The next poll of one device; moments are unix seconds of the wall clock."""

    def __init__(
        self,
        rhythm: Rhythm,
        *,
        permitted_at: Callable[[], float],
        interval: Callable[[], float],
        now: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take the rhythm of the device's samples, what pacing says of its polls, and the clock.

        `permitted_at` returns the earliest moment at which pacing permits a poll, never a past one; `interval` the
        least seconds between two of them; `chance` a number from 0 to below 1.
        """
        self.rhythm = rhythm
        self._permitted_at = permitted_at
        self._interval = interval
        self._now = now
        self._chance = chance
        self.next_poll: float | None = None
        self.reason = Reason.START
        self._looks = 0
        self._refusals = 0

    @property
    def interval(self) -> float:
        """Return the seconds that pacing keeps between two polls at present."""
        return self._interval()

    @property
    def longest_gap(self) -> float:
        """Return the seconds between two polls of a device that nothing holds back: the interval in whole periods."""
        period = self.rhythm.period
        if period is None:
            return self.interval
        # A period that is a little shorter than the interval follows it.
        return max(self.interval, math.ceil(self.interval / period - 0.1) * period)

    @property
    def delay(self) -> float:
        """Return the seconds until the next poll; an interval if none is planned."""
        if self.next_poll is None:
            return self.interval
        return max(self.next_poll - self._now(), 0.0)

    def take(self, label: float | None, asked: float) -> None:
        """Learn from a poll answered at `asked` with a sample of this label (None: it carries no time)."""
        self.rhythm.take(label, asked)
        self._looks = self._refusals = 0

    def plan(self) -> None:
        """Plan the next poll after one that was answered."""
        self._follow(self._permitted_at(), Reason.SAMPLE)

    def plan_first(self) -> None:
        """Plan the first poll after a start, so that homes that start together do not ask together."""
        now, permitted = self._now(), self._permitted_at()
        self._follow(permitted, Reason.START, late=permitted > now)
        if self.next_poll is None or self.next_poll <= now:
            self.next_poll = now + self._chance() * self.interval
        self.next_poll = min(self.next_poll, self._latest(permitted))

    def plan_beside(self) -> None:
        """Plan the next poll after another entry of the account came first: soon, to see what that brings."""
        self.plan()
        if self._looks < _LOOKS and self.next_poll is not None and (soon := self._now() + _SOON) < self.next_poll:
            self.next_poll, self.reason = soon, Reason.OTHER_ENTRY
        self._looks += 1

    def plan_retry(self) -> None:
        """Plan the next poll after one that failed, no sooner than after one that was answered."""
        self._refusals = 0
        permitted = self._permitted_at()
        again = min(self.rhythm.next_poll(permitted, self.interval, late=False), self._latest(permitted))
        self.next_poll, self.reason = max(again, self._now() + 1.0), Reason.FAILED

    def plan_soon(self) -> None:
        """Plan the next poll for the moment at which pacing permits it."""
        self._refusals = 0
        self.next_poll, self.reason = max(self._permitted_at(), self._now() + 1.0), Reason.INTERVAL

    def plan_refused(self, *, alone: bool) -> float:
        """Plan the next poll after one that was refused, and return when; `alone`: the account as such is served."""
        pause = self.interval
        if alone:
            self._refusals += 1
            if (more := self._refusals - _REFUSALS) >= 0:
                pause = max(pause, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(more, 10)))
        self.next_poll, self.reason = max(self._permitted_at(), self._now() + pause), Reason.REFUSED
        return self.next_poll

    def plan_after_refusal(self, until: float) -> bool:
        """Plan the first poll for the end of the pause that a refusal began; return False if that is over."""
        if not 0.0 < until - self._now() <= _LONGEST_PAUSE:
            return False
        self.next_poll, self.reason = until, Reason.REFUSED
        return True

    def _latest(self, permitted: float) -> float:
        """Return when a poll comes at the latest, though the next sample may come later."""
        return max(permitted + _LATEST, self._now() + self.longest_gap)

    def _follow(self, permitted: float, reason: Reason, *, late: bool = True) -> None:
        self.next_poll = self.rhythm.next_poll(permitted, self.interval, late=late)
        self.reason = reason if self.next_poll > permitted else Reason.INTERVAL
