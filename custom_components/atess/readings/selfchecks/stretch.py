"""A stretch of samples over which power is integrated and the rise of counters measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ...enerclo.model import Json
from ..store import dumped, loaded

LONGEST_GAP = 0.25  # hours
NO_RISE = 0.04  # kWh, below the counters' resolution

type Series = Mapping[str, float]


@dataclass(slots=True, kw_only=True)
class State:
    """Integrals and last powers, and the first and last values of counters, since a start."""

    start: datetime | None = None
    last: datetime | None = None
    count: int = 0
    integrals: dict[str, float] = field(default_factory=dict)
    powers: dict[str, float] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    counters: dict[str, float] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing of it is missing."""
        return (
            self.start is not None
            and self.last is not None
            and self.powers.keys() == self.integrals.keys()
            and self.first.keys() == self.counters.keys()
        )


class Stretch:
    """Samples since a start; starts again when a sample lacks a series, comes late, or a counter falls.

    A counter may be given twice, as `<name>` and `<name>_today`: its rise is the greater of both.
    """

    def __init__(self, state: Json = None) -> None:
        known = loaded(State, state) or State()
        self._state = known if known.whole else State()

    def dump(self) -> dict[str, Json]:
        """Return the stretch so far, for storage."""
        return dumped(self._state)

    def clear(self) -> None:
        """Forget the stretch."""
        self._state = State()

    def restart(self, at: datetime, powers: Series, counters: Series) -> None:
        """Begin a stretch with this sample."""
        self._state = State(
            start=at,
            last=at,
            count=1,
            integrals=dict.fromkeys(powers, 0.0),
            powers=dict(powers),
            first=dict(counters),
            counters=dict(counters),
        )

    def judge(
        self, at: datetime, powers: Series, counters: Series, *, longest: float, decides: Callable[[], bool]
    ) -> None:
        """Add a sample; once the stretch is found to decide, or to be of no use, begin the next with this sample."""
        self.add(at, powers, counters, longest)
        if decides():
            self.restart(at, powers, counters)

    def add(self, at: datetime, powers: Series, counters: Series, longest: float) -> None:
        """Add a sample: powers in kW (or W), counters in kWh; a stretch longer than `longest` hours starts again."""
        state = self._state
        if (
            state.last is None
            or state.start is None
            or state.powers.keys() != powers.keys()
            or state.counters.keys() != counters.keys()
            or any(counters[name] < before - NO_RISE for name, before in state.counters.items())
        ):
            self.restart(at, powers, counters)
            return
        gap = (at - state.last).total_seconds() / 3600
        if not 0 < gap <= LONGEST_GAP or (at - state.start).total_seconds() / 3600 > longest:
            self.restart(at, powers, counters)
            return
        for name, power in powers.items():
            state.integrals[name] += (state.powers[name] + power) / 2 * gap
        state.powers, state.counters, state.last = dict(powers), dict(counters), at
        state.count += 1

    @property
    def count(self) -> int:
        """The number of samples."""
        return self._state.count

    @property
    def hours(self) -> float:
        """The length of the stretch."""
        state = self._state
        if state.start is None or state.last is None:
            return 0.0
        return (state.last - state.start).total_seconds() / 3600

    def integral(self, name: str) -> float:
        """Return the energy of a power over the stretch, in kWh (or Wh)."""
        return self._state.integrals.get(name, 0.0)

    def mean(self, name: str) -> float:
        """Return the mean of a power over the stretch."""
        return self.integral(name) / self.hours if self.hours else 0.0

    def rise(self, name: str) -> float:
        """Return the rise of a counter over the stretch, in kWh."""
        last, first = self._state.counters, self._state.first
        return max((last[key] - first[key] for key in (name, f"{name}_today") if key in last), default=0.0)


def counted(counters: Series) -> frozenset[str]:
    """Return the names of the counters given, be it as total, today or both."""
    return frozenset(name.removesuffix("_today") for name in counters)
