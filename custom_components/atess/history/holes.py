"""The times in which no sample of a device reached Home Assistant, whatever kept them away. Pure."""

from collections.abc import Iterator
from typing import NamedTuple, Self

from ..enerclo import Json
from ..readings.store import a_count, a_dict, a_list, a_number
from .hours import HOUR, hour_of

# Samples that are so many seconds apart have a hole between them, and no fewer than so many times as expected.
LONGEST_PAUSE, LATE = 1800.0, 2.5
# An hour in whose last seconds no sample came ends with what an older one said.
LAST_INTERVAL = 600.0
# So many holes are remembered, for so many seconds after they have ended.
MOST, OLDEST = 50, 31 * 86_400.0


class Hole(NamedTuple):
    """From the last sample before to the first one after, in unix seconds.

    `tries` is how often healing has failed, `back` when samples came again if the newest part is healed already.
    """

    start: float
    end: float
    tries: int = 0
    back: float = 0.0

    @property
    def hours(self) -> range:
        """The starts of all hours that the hole touches."""
        return range(hour_of(self.start), hour_of(self.end) + HOUR, HOUR)

    @property
    def dead_hours(self) -> frozenset[int]:
        """The starts of the hours at whose end nobody knew the counters."""
        return frozenset(
            hour for hour in self.hours if self.start <= hour + HOUR - LAST_INTERVAL and hour + HOUR <= self.end
        )

    @property
    def spoiled_hours(self) -> frozenset[int]:
        """The starts of the hours of which the hole takes more than one interval."""
        return frozenset(
            hour for hour in self.hours if min(self.end, hour + HOUR) - max(self.start, float(hour)) > LAST_INTERVAL
        )

    def split(self, seconds: int) -> tuple[Self, Self | None]:
        """Return the newest part, of so many seconds and the hour after them, and what is before, None if nothing."""
        begin = hour_of(self.end) - seconds
        if begin <= self.start:
            return self, None
        whole = self._replace(back=max(self.end, self.back))
        return whole._replace(start=float(begin)), whole._replace(end=float(begin))

    def looked_at(self, most: int) -> Self | None:
        """Return this after a look that has not healed it, None if that was the last of so many."""
        return self._replace(tries=self.tries + 1) if self.tries + 1 < most else None


class Holes:
    """The holes of a device that are not healed yet, oldest first."""

    def __init__(self, state: Json = None) -> None:
        """Take up what dump returned; damaged parts count as never known."""
        stored = a_dict(state)
        self._last = a_number(stored.get("last"))
        self._open: list[Hole] = []
        for item in map(a_dict, a_list(stored.get("open"))):
            start, end = a_number(item.get("start")), a_number(item.get("end"))
            if start is not None and end is not None and start < end:
                self._open.append(Hole(start, end, a_count(item.get("tries")), a_number(item.get("back")) or 0.0))

    def dump(self) -> dict[str, Json]:
        """Return all this as JSON for storage."""
        return {"last": self._last, "open": [hole._asdict() for hole in self._open]}

    def take(self, moment: float, *, expected: float = 0.0) -> None:
        """Note that a sample came at a moment, of which one is expected each so many seconds."""
        if self._last is not None and moment - self._last > max(LONGEST_PAUSE, LATE * expected):
            self._open = [*self._open, Hole(self._last, moment)][-MOST:]
        self._open = [hole for hole in self._open if hole.end > moment - OLDEST]
        self._last = moment

    def __iter__(self) -> Iterator[Hole]:
        """Iterate over a copy."""
        return iter(tuple(self._open))

    def clear(self) -> None:
        """Forget the holes."""
        self._open = []

    def replace(self, hole: Hole, by: Hole | None) -> None:
        """Put what is left of a hole in its place, None if nothing is."""
        self._open = [kept for item in self._open if (kept := by if item == hole else item) is not None]
