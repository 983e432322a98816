"""The grid: when it is lost and when it is back, and how long the battery would do without it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..enerclo.model import Json
from .numbers import rounded
from .reading import Reading, Value
from .selfchecks.layout import LIVE_VOLTAGE
from .store import dumped, loaded

# A second sample that confirms the first comes within this time.
CONFIRMS = timedelta(minutes=30)
_LOST_STATES = frozenset({"off_grid", "switching_to_off_grid"})
_BACK_STATES = frozenset({"on_grid", "switching_to_on_grid"})
_LINES = ("l1", "l2", "l3", "l1_l2", "l2_l3", "l3_l1")
_GRID = tuple(f"grid_voltage_{line}" for line in _LINES)
# A device that works off grid has voltage somewhere; a sample without any tells nothing.
_INSIDE = ("battery_voltage", "dc_bus_voltage", *(f"output_voltage_{line}" for line in _LINES))
_SOME_VOLTAGE = 10.0

HOUR = timedelta(hours=1)
LONGEST_GAP = timedelta(minutes=20)
LEAST_COVERED = timedelta(minutes=30)
KEPT_LOADS = 120
LEAST_LOAD = 0.02  # kW
LONGEST_BACKUP = 999.0  # h


@dataclass(slots=True, kw_only=True)
class GridSupply:
    """Whether an inverter has lost its grid: known once its state says the same, or a second sample does.

    `lost` is None before that. `since` is when the present state was first seen, `before` when the one before was.
    """

    lost: bool | None = None
    since: datetime | None = None
    before: datetime | None = None
    waiting: datetime | None = None

    @classmethod
    def restored(cls, state: Json) -> GridSupply:
        """Return what a dump returned; damaged parts count as never seen."""
        found = loaded(cls, state)
        return found if found is not None and (found.lost is None) == (found.since is None) else cls()

    def dump(self) -> dict[str, Json]:
        """Return the state, for storage."""
        return dumped(self)

    def learn(self, reading: Reading) -> None:
        """Learn from a fresh reading."""
        lost = _grid_lost(reading)
        if lost is None or lost == self.lost:
            self.waiting = None if lost is not None else self.waiting
            return
        at, first = reading.sampled_at, self.waiting
        says = reading.values.get("operating_state") in (_LOST_STATES if lost else _BACK_STATES)
        confirms = first is not None and timedelta(0) < at - first <= CONFIRMS
        # A device that was never seen before has its grid, as far as one sample tells.
        if not says and not confirms and (lost or self.lost is not None):
            self.waiting = at
            return
        self.lost, self.before, self.waiting = lost, self.since, None
        self.since = first if confirms else at

    @property
    def minutes_before(self) -> int | None:
        """How many minutes the state before the present one lasted."""
        if self.since is None or self.before is None:
            return None
        return max(0, round((self.since - self.before).total_seconds() / 60))


def _grid_lost(reading: Reading) -> bool | None:
    """Return whether a sample shows no grid; None if it does not tell, or contradicts itself."""
    values = reading.values
    if "zeros" in reading.corrections:
        return None
    frequency = values.get("grid_frequency")
    sent = [value for key in _GRID if isinstance(value := values.get(key), float)]
    signs = [*([frequency > 0] if isinstance(frequency, float) else []), *([max(sent) > LIVE_VOLTAGE] if sent else [])]
    if not signs or len(set(signs)) > 1:
        return None
    if signs[0]:
        return False
    inside = [value for key in _INSIDE if isinstance(value := values.get(key), float)]
    return True if not inside or max(inside) > _SOME_VOLTAGE else None


@dataclass(slots=True, kw_only=True)
class Load:
    """The power of the load in kW at a moment."""

    at: datetime
    power: float


@dataclass(slots=True, kw_only=True)
class LastHour:
    """The load of the last hour."""

    loads: list[Load] = field(default_factory=list)

    @classmethod
    def restored(cls, state: Json) -> LastHour:
        """Return what a dump returned; damaged parts count as never seen."""
        return loaded(cls, state) or cls()

    def dump(self) -> dict[str, Json]:
        """Return the samples, for storage."""
        return dumped(self)

    def learn(self, at: datetime, power: Value) -> None:
        """Learn from a fresh sample."""
        if isinstance(power, float):
            kept = [load for load in self.loads if timedelta(0) < at - load.at <= HOUR]
            self.loads = [*kept, Load(at=at, power=power)][-KEPT_LOADS:]

    @property
    def mean(self) -> float | None:
        """The mean load in kW; None unless samples without a gap cover half an hour."""
        energy, covered = 0.0, timedelta(0)
        for first, second in zip(self.loads, self.loads[1:], strict=False):
            if (passed := second.at - first.at) <= LONGEST_GAP:
                energy += (first.power + second.power) / 2 * passed.total_seconds()
                covered += passed
        return energy / covered.total_seconds() if covered >= LEAST_COVERED else None


def backup_time(charge: Value, cutoff: float | None, capacity: float | None, load: float | None) -> float | None:
    """Return for how many hours the charge in % above the cut-off feeds the load; None if anything is not known."""
    if not isinstance(charge, float) or cutoff is None or capacity is None or load is None:
        return None
    hours = max(0.0, charge - cutoff) / 100 * capacity / max(load, LEAST_LOAD)
    return rounded(min(hours, LONGEST_BACKUP), 2)
