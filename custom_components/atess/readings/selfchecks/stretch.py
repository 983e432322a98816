"""A stretch of samples over which power is integrated and the rise of counters measured."""

from collections.abc import Mapping
from datetime import datetime

from ...enerclo.model import Json
from ..store import a_count, a_dict, a_moment, a_number

LONGEST_GAP = 0.25  # hours
NO_RISE = 0.04  # kWh, below the counters' resolution

type Series = Mapping[str, float]


class Stretch:
    """Samples since a start; starts again when a sample lacks a series, comes late, or a counter falls.

    A counter may be given twice, as `<name>` and `<name>_today`: its rise is the greater of both.
    """

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self._integrals: dict[str, float]
        self._powers: dict[str, float]
        self._first: dict[str, float]
        self._counters: dict[str, float]
        self.start = a_moment(stored.get("start"))
        self.last = a_moment(stored.get("last"))
        self.count = a_count(stored.get("count"))
        self._integrals = _series(stored.get("integrals"))
        self._powers = _series(stored.get("powers"))
        self._first = _series(stored.get("first"))
        self._counters = _series(stored.get("counters"))
        if (
            self.start is None
            or self.last is None
            or self._powers.keys() != self._integrals.keys()
            or self._first.keys() != self._counters.keys()
        ):
            self.clear()

    def dump(self) -> dict[str, Json]:
        """Return the stretch so far, for storage."""
        return {
            "start": None if self.start is None else self.start.isoformat(),
            "last": None if self.last is None else self.last.isoformat(),
            "count": self.count,
            "integrals": {**self._integrals},
            "powers": {**self._powers},
            "first": {**self._first},
            "counters": {**self._counters},
        }

    def clear(self) -> None:
        """Forget the stretch."""
        self.start = self.last = None
        self.count = 0
        self._integrals = {}
        self._powers = {}
        self._first = {}
        self._counters = {}

    def restart(self, at: datetime, powers: Series, counters: Series) -> None:
        """Begin a stretch with this sample."""
        self.start = self.last = at
        self.count = 1
        self._integrals = dict.fromkeys(powers, 0.0)
        self._powers = dict(powers)
        self._first = dict(counters)
        self._counters = dict(counters)

    def add(self, at: datetime, powers: Series, counters: Series, longest: float) -> None:
        """Add a sample: powers in kW (or W), counters in kWh; a stretch longer than `longest` hours starts again."""
        if (
            self.last is None
            or self.start is None
            or self._powers.keys() != powers.keys()
            or self._counters.keys() != counters.keys()
            or any(counters[name] < before - NO_RISE for name, before in self._counters.items())
        ):
            self.restart(at, powers, counters)
            return
        gap = (at - self.last).total_seconds() / 3600
        if not 0 < gap <= LONGEST_GAP or (at - self.start).total_seconds() / 3600 > longest:
            self.restart(at, powers, counters)
            return
        for name, power in powers.items():
            self._integrals[name] += (self._powers[name] + power) / 2 * gap
        self._powers, self._counters, self.last = dict(powers), dict(counters), at
        self.count += 1

    @property
    def hours(self) -> float:
        """The length of the stretch."""
        if self.start is None or self.last is None:
            return 0.0
        return (self.last - self.start).total_seconds() / 3600

    def integral(self, name: str) -> float:
        """Return the energy of a power over the stretch, in kWh (or Wh)."""
        return self._integrals.get(name, 0.0)

    def mean(self, name: str) -> float:
        """Return the mean of a power over the stretch."""
        return self.integral(name) / self.hours if self.hours else 0.0

    def rise(self, name: str) -> float:
        """Return the rise of a counter over the stretch, in kWh."""
        rises = [self._counters[key] - self._first[key] for key in (name, f"{name}_today") if key in self._counters]
        return max(rises, default=0.0)


def counted(counters: Series) -> frozenset[str]:
    """Return the names of the counters given, be it as total, today or both."""
    return frozenset(name.removesuffix("_today") for name in counters)


def _series(value: Json) -> dict[str, float]:
    found = ((key, a_number(item)) for key, item in a_dict(value).items())
    return {key: item for key, item in found if item is not None}
