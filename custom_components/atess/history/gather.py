"""Reduce the readings of a day to hours, and gather several days of a device."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date

from ..catalogue import Definition
from ..readings import Reading
from .hours import boundaries, measured
from .writer import Hours


@dataclass(slots=True)
class Gathered:
    """Days of a device that were read and are not written yet; `next_day` is the next one to read."""

    next_day: date
    days: int = 0
    tries: int = 0
    empty: int = 0
    failed: int = 0
    begin: int | None = None
    end: int | None = None
    hours: defaultdict[str, Hours] = field(default_factory=lambda: defaultdict(Hours))

    def take(self, found: dict[str, Hours], begin: int, end: int) -> None:
        """Take the hours of a day that was read."""
        self.begin = begin if self.begin is None else min(self.begin, begin)
        self.end = end if self.end is None else max(self.end, end)
        for key, hours in found.items():
            self.hours[key].boundaries |= hours.boundaries
            self.hours[key].measured |= hours.measured


def reduced(readings: Iterable[Reading], definitions: Collection[Definition], begin: int, end: int) -> dict[str, Hours]:
    """Return what readings say of the hours from `begin` to `end`, by key, for all that has statistics."""
    points: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    keys = {each.key for each in definitions if each.quantity.state_class is not None}
    for reading in readings:
        moment = reading.sampled_at.timestamp()
        for key in keys:
            value = reading.values.get(key)
            if isinstance(value, int | float) and not isinstance(value, bool):
                points[key].append((moment, float(value)))
    lifetime = {each.key for each in definitions if each.lifetime}
    found: dict[str, Hours] = {}
    for key, values in points.items():
        if key in lifetime:
            found[key] = Hours(boundaries=boundaries(values, begin, end))
        else:
            inside = [(moment, value) for moment, value in values if begin <= moment < end]
            found[key] = Hours(measured=measured(inside))
    return found
