"""The health of a battery, learned from its samples: capacity, efficiency, and its cells. Nothing is said too early."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from statistics import median

from ..enerclo.model import Json
from .derived import RUNNING_POWER
from .numbers import rounded
from .reading import Reading, Value
from .store import dumped, loaded

# Discharges from which the capacity is measured.
LEAST_POINTS, LEAST_ENERGY = 20.0, 2.0  # % and kWh of one
RUNS, POINTS = 3, 120.0  # so many of them, over so many points together
KEPT_RUNS, KEPT_FOR = 20, timedelta(days=90)
LONGEST_GAP = timedelta(hours=1)
RISE, CHARGED, SHARE = 1.0, 0.15, 0.02  # what ends a discharge: points, and kWh charged or its share of the energy
JUMP, SPEED = 2.0, 120.0  # points, and points per hour: a faster fall is the BMS putting itself right
EFFICIENCY = 0.95  # of the little that is charged during a discharge
FAR_OFF = 0.25  # from the median: a discharge that was something else

# The round trip of a month.
MONTH, LEAST_DAYS, TURNOVERS = timedelta(days=30), timedelta(days=20), 5.0
PLAUSIBLE = (50.0, 100.0)  # %

# Cells at rest.
RESTING, REST_GAP = timedelta(minutes=30), timedelta(minutes=30)
RESTS, KEPT_RESTS = 3, 10
REST_SHARE = 0.01  # of the capacity per hour

# The lowest cell.
DAYS, SAMPLES, KEPT_DAYS, KEPT_PLACES = 7, 200, 30, 20
ELSEWHERE = ""  # all places beyond those kept of a day


@dataclass(slots=True, kw_only=True)
class Turnover:
    """State of charge in %, and energies charged and discharged so far in kWh, at a moment."""

    at: datetime
    charge: float
    charged: float
    discharged: float


@dataclass(slots=True, kw_only=True)
class Run:
    """A discharge: points of state of charge, and the energy given for them in kWh."""

    at: datetime
    points: float
    energy: float


@dataclass(slots=True, kw_only=True)
class Capacity:
    """Measures the energy that a battery gives from full to empty, by its discharges.

    A discharge counts from one fall of the state of charge to another one, so that its rounding plays no part.
    """

    last: Turnover | None = None
    begin: Turnover | None = None
    end: Turnover | None = None
    runs: list[Run] = field(default_factory=list)

    def learn(self, now: Turnover) -> None:
        """Learn from a sample."""
        before, self.last = self.last, now
        if before is None or self._is_over(before, now):
            self._finish()
        elif now.charge < before.charge:
            if self.begin is None:
                self.begin = now
            else:
                self.end = now

    def _is_over(self, before: Turnover, now: Turnover) -> bool:
        passed = now.at - before.at
        fall = before.charge - now.charge
        if not timedelta(0) < passed <= LONGEST_GAP or fall > JUMP + SPEED * passed.total_seconds() / 3600:
            return True
        if now.discharged < before.discharged or now.charged < before.charged:
            return True
        lowest = before if self.end is None else self.end
        begin = before if self.begin is None else self.begin
        charged, given = now.charged - begin.charged, now.discharged - begin.discharged
        return now.charge > lowest.charge + RISE or charged > max(CHARGED, SHARE * given)

    def _finish(self) -> None:
        """End a discharge, and keep it if it was long enough."""
        begin, end, self.begin, self.end = self.begin, self.end, None, None
        if begin is None or end is None:
            return
        points = begin.charge - end.charge
        energy = end.discharged - begin.discharged - EFFICIENCY * (end.charged - begin.charged)
        if points >= LEAST_POINTS and energy >= LEAST_ENERGY:
            kept = [run for run in self.runs if timedelta(0) <= end.at - run.at <= KEPT_FOR]
            self.runs = [*kept, Run(at=end.at, points=points, energy=energy)][-KEPT_RUNS:]

    @property
    def kwh(self) -> float | None:
        """The capacity in kWh; None before there is enough."""
        runs = [run for run in self.runs if run.points > 0]
        if not runs:
            return None
        middle = median(run.energy / run.points for run in runs)
        runs = [run for run in runs if abs(run.energy / run.points - middle) <= FAR_OFF * middle]
        points = sum(run.points for run in runs)
        if len(runs) < RUNS or points < POINTS:
            return None
        return rounded(100 * sum(run.energy for run in runs) / points, 1)


@dataclass(slots=True, kw_only=True)
class Month:
    """The turnover of the battery, once a day for 30 days."""

    days: list[Turnover] = field(default_factory=list)

    def learn(self, now: Turnover) -> None:
        """Learn from a sample."""
        self.days = [day for day in self.days if timedelta(0) <= now.at - day.at <= MONTH]
        if not self.days or now.at - self.days[-1].at >= timedelta(days=1):
            self.days.append(now)

    def efficiency(self, now: Turnover | None, capacity: float | None) -> float | None:
        """Return the share in % of what was charged that came back; what is left in the battery counts as well."""
        if now is None or capacity is None or not self.days or now.at - self.days[0].at < LEAST_DAYS:
            return None
        first = self.days[0]
        charged = now.charged - first.charged
        if charged < TURNOVERS * capacity:
            return None
        kept = (now.charge - first.charge) / 100 * capacity
        share = 100 * (now.discharged - first.discharged + kept) / charged
        return rounded(share, 1) if PLAUSIBLE[0] <= share <= PLAUSIBLE[1] else None


@dataclass(slots=True, kw_only=True)
class Rest:
    """The difference between highest and lowest cell in mV, at the end of a rest."""

    at: datetime
    spread: float


@dataclass(slots=True, kw_only=True)
class Rests:
    """The last times that the battery rested."""

    since: datetime | None = None
    last: datetime | None = None
    counted: bool = False
    rests: list[Rest] = field(default_factory=list)

    def learn(self, at: datetime, power: float | None, spread: float | None, capacity: float | None) -> None:
        """Learn from a sample; the battery rests while next to nothing flows."""
        before, self.last = self.last, at
        idle = power is not None and abs(power) <= max(RUNNING_POWER, REST_SHARE * (capacity or 0.0))
        if not idle or before is None or not timedelta(0) < at - before <= REST_GAP or self.since is None:
            self.since, self.counted = at if idle else None, False
            return
        if spread is None or at - self.since < RESTING:
            return
        kept = self.rests[:-1] if self.counted else self.rests
        self.rests = [*kept, Rest(at=at, spread=spread)][-KEPT_RESTS:]
        self.counted = True

    @property
    def spread(self) -> float | None:
        """The usual difference in mV; None before three rests."""
        return rounded(median(rest.spread for rest in self.rests), 1) if len(self.rests) >= RESTS else None


@dataclass(slots=True, kw_only=True)
class LowestOfDay:
    """How often which cell had the lowest voltage on a day."""

    day: date
    places: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class LowestCell:
    """Which cell has the lowest voltage, over 30 days."""

    days: list[LowestOfDay] = field(default_factory=list)

    def learn(self, at: datetime, place: str | None) -> None:
        """Learn from a sample."""
        if place is None:
            return
        if not self.days or self.days[-1].day != at.date():
            self.days = [*self.days, LowestOfDay(day=at.date())][-KEPT_DAYS:]
        places = self.days[-1].places
        if place not in places and len(places) >= KEPT_PLACES:
            place = ELSEWHERE
        places[place] = places.get(place, 0) + 1

    @property
    def found(self) -> tuple[str, float] | None:
        """The place that was the lowest most often, and how often in %; None before there is enough."""
        count: Counter[str] = Counter()
        for day in self.days:
            count.update(day.places)
        total = count.total()
        del count[ELSEWHERE]
        if len(self.days) < DAYS or total < SAMPLES or not count:
            return None
        [(place, times)] = count.most_common(1)
        return place, rounded(100 * times / total, 0)


def place_of(values: Mapping[str, Value]) -> str | None:
    """Return where the lowest cell is, as `group-box-cell` as far as it is sent: `1-3-12`; None if nowhere."""
    keys = ("lowest_cell_group", "lowest_cell_box", "lowest_cell_number")
    numbers = [int(value) for key in keys if isinstance(value := values.get(key), float) and 0 <= value < 100_000]
    return "-".join(map(str, numbers)) if any(numbers) and "lowest_cell_number" in values else None


def turnover_of(at: datetime, values: Mapping[str, Value]) -> Turnover | None:
    """Return state of charge and energies of a sample: by counters, or where there are none as computed."""
    charge = values.get("battery_state_of_charge")
    for suffix in ("total", "computed"):
        charged = values.get(f"battery_charge_energy_{suffix}")
        discharged = values.get(f"battery_discharge_energy_{suffix}")
        if isinstance(charge, float) and isinstance(charged, float) and isinstance(discharged, float):
            return Turnover(at=at, charge=charge, charged=charged, discharged=discharged)
    return None


type Past = tuple[datetime, Mapping[str, Value]]
"""What a sample says of the health of the battery, and when."""
_TOLD: tuple[str, ...] = (
    *("battery_state_of_charge", "battery_charge_energy_total", "battery_discharge_energy_total", "battery_power"),
    *("cell_voltage_spread", "lowest_cell_group", "lowest_cell_box", "lowest_cell_number"),
)


def past_of(readings: Iterable[Reading]) -> list[Past]:
    """Return what readings say of the health of the battery, and nothing else."""
    return [(each.sampled_at, {key: each.values[key] for key in _TOLD if key in each.values}) for each in readings]


def learned_from(past: Iterable[Past], capacity: float | None) -> Health:
    """Return what is learned from samples in their order; `capacity` in kWh as far as it is known otherwise."""
    health = Health()
    for at, values in past:
        health.learn(at, values, capacity)
    return health


def _around[Item, Moment: (date, datetime)](
    own: list[Item], past: list[Item], begin: Moment, end: Moment, moment: Callable[[Item], Moment]
) -> list[Item]:
    """Return own items with those of the past in place of what there is from `begin` until before `end`."""
    if not past:
        return own
    return [
        *(item for item in own if moment(item) < begin),
        *(item for item in past if moment(item) < end),
        *(item for item in own if moment(item) >= end),
    ]


@dataclass(slots=True, kw_only=True)
class Health:
    """All that is learned of a battery."""

    capacity: Capacity = field(default_factory=Capacity)
    month: Month = field(default_factory=Month)
    rests: Rests = field(default_factory=Rests)
    lowest: LowestCell = field(default_factory=LowestCell)

    @classmethod
    def restored(cls, state: Json) -> Health:
        """Return what a dump returned; damaged parts count as never learned."""
        return loaded(cls, state) or cls()

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return dumped(self)

    def learn(self, at: datetime, values: Mapping[str, Value], capacity: float | None) -> None:
        """Learn from the values of a fresh sample; `capacity` in kWh as far as it is known otherwise."""
        if (now := turnover_of(at, values)) is not None:
            self.capacity.learn(now)
            self.month.learn(now)
        power, spread = values.get("battery_power"), values.get("cell_voltage_spread")
        self.rests.learn(
            at,
            power if isinstance(power, float) else None,
            spread if isinstance(spread, float) else None,
            capacity or self.capacity.kwh,
        )
        self.lowest.learn(at, place_of(values))

    def with_past(self, past: Health, begin: datetime, end: datetime) -> Health:
        """Return this with what was learned of a time in place of what it has of that time."""
        runs = _around(self.capacity.runs, past.capacity.runs, begin, end, lambda run: run.at)
        rests = _around(self.rests.rests, past.rests.rests, begin, end, lambda rest: rest.at)
        cells = _around(self.lowest.days, past.lowest.days, begin.date(), end.date(), lambda item: item.day)
        return Health(
            capacity=replace(self.capacity, runs=runs[-KEPT_RUNS:]),
            month=Month(days=_around(self.month.days, past.month.days, begin, end, lambda day: day.at)),
            rests=replace(self.rests, rests=rests[-KEPT_RESTS:]),
            lowest=LowestCell(days=cells[-KEPT_DAYS:]),
        )

    def values(self, own: Mapping[str, Value], capacity: float | None) -> dict[str, Value]:
        """Return what is known, by entity key; `own` are the values of the device."""
        measured, lowest = self.capacity.kwh, self.lowest.found
        given = own.get("battery_discharge_energy_total")
        whole = capacity or measured
        return {
            "measured_capacity": measured,
            "full_cycles": rounded(given / whole, 1) if whole and isinstance(given, float) else None,
            "round_trip_efficiency_30_days": self.month.efficiency(self.capacity.last, measured or capacity),
            "cell_spread_at_rest": self.rests.spread,
            "lowest_cell_place": None if lowest is None else lowest[0],
            "lowest_cell_share": None if lowest is None else lowest[1],
        }
