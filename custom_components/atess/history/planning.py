"""Plan which rows of statistics an import writes, and by how much recorded ones move. Pure.

A counter that is never reset has *sum - state* equal in all of its rows, imported or recorded. Where a counter falls,
or rises by more than time can explain, a segment ends: the next one continues the sum, and only the rows of one segment
have that difference in common.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from ..readings.rises import tolerance
from .hours import HOUR

# Sums of one segment differ by the noise of floating point numbers only.
NOISE = 1e-6
# A counter that differs from the history by less was recorded at the end of its hour: its resolution is 0.1.
RESOLUTION = 0.11
# The limit of so many hours is more than flows in ten minutes at nominal power.
LAST_MINUTES = 1 / 18


class Row(NamedTuple):
    """A row of an hour: when it begins (unix seconds), the counter and the sum at its end."""

    start: float
    state: float | None
    sum: float | None

    @property
    def offset(self) -> float | None:
        """By how much the sum exceeds the counter, the same in all rows of a segment; None if either is missing."""
        return None if self.state is None or self.sum is None else self.sum - self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterPlan:
    """Rows to insert, and by how much the sums of the rows from `first` on move.

    `breaks` holds the starts of rows with which a segment begins, `skipped` how many hours were left as they are
    because the recorded sums around them do not continue each other.
    """

    first: float
    shift: float = 0.0
    rows: tuple[Row, ...] = ()
    breaks: frozenset[float] = frozenset()
    skipped: int = 0


class CounterPlanner:
    """Plans for one counter; all values are in the catalogue's unit.

    Args:
        boundaries: What the counter showed at full hours (unix seconds).
        begin: Start of the first hour to write.
        end: Start of the first hour that must not be written.
        limit: Returns by how much the counter may rise in some hours.
        lift: By how much recorded counters exceed the history's. Without it, the rows next to missing hours tell.
    """

    def __init__(
        self,
        boundaries: Mapping[int, float],
        begin: float,
        end: float,
        limit: Callable[[float], float],
        lift: float | None = None,
    ) -> None:
        self._boundaries = boundaries
        self._hours = [hour - HOUR for hour in sorted(boundaries) if begin <= hour - HOUR and hour <= end]
        self._limit = limit
        self._lift = lift

    def plan(self, first: Row, recorded: Sequence[Row]) -> CounterPlan:
        """Return what to do, given the first row there is, and those in and next to the range, sorted by start."""
        before = self._before(first)
        inner: list[Row] = []
        skipped = 0
        for left, right in pairwise(recorded):
            hours = [hour for hour in self._hours if left.start < hour < right.start]
            if hours and not _continues(left, right):
                skipped += len(hours)
            elif hours:
                inner += self._within(left, right, hours)
        return CounterPlan(
            first=first.start,
            shift=before.shift,
            rows=(*before.rows, *(row._replace(sum=(row.sum or 0.0) + before.shift) for row in inner)),
            breaks=before.breaks,
            skipped=skipped + before.skipped,
        )

    def _before(self, first: Row) -> CounterPlan:
        """Plan the rows before the first one that is there: their sums begin at 0, and what follows moves up."""
        hours = [hour for hour in self._hours if hour < first.start]
        if not hours:
            return CounterPlan(first=first.start)
        if first.state is None or first.sum is None:
            return CounterPlan(first=first.start, skipped=len(hours))
        # Recorded states may differ from the history by an offset; then the history alone tells what flowed.
        met = self._boundaries.get(int(first.start) + HOUR)
        same = met is None or -self._limit(0.5) <= first.state - met <= tolerance(met)
        rows: list[Row] = []
        breaks: set[float] = set()
        total, at = 0.0, hours[0]
        shown = self._boundaries.get(at, self._boundaries[at + HOUR])
        for hour in hours:
            value = _held(self._boundaries[hour + HOUR], least=shown, most=first.state if same else None)
            rise = self._rise(shown, value, (hour + HOUR - at) / HOUR)
            if rise is None:
                breaks.add(float(hour))
            total += rise or 0.0
            rows.append(Row(float(hour), value, total))
            shown, at = value, hour + HOUR
        rise = self._rise(shown, first.state if same else met, (first.start + HOUR - at) / HOUR)
        if rise is None or not same:
            breaks.add(first.start)
        return CounterPlan(
            first=first.start,
            shift=total + (rise or 0.0) - first.sum,
            rows=tuple(rows),
            breaks=frozenset(breaks),
        )

    def _rise(self, before: float, after: float | None, hours: float) -> float | None:
        """Return by how much the counter rose; None where that is no rise."""
        if after is None or not -NOISE <= after - before <= self._limit(hours):
            return None
        return max(0.0, after - before)

    def _within(self, left: Row, right: Row, hours: Iterable[int]) -> list[Row]:
        """Return rows between two recorded ones of a segment, whose values none of them passes."""
        before, after = left.state or 0.0, right.state or 0.0
        lift = lift_of((left, right), self._boundaries, self._limit) if self._lift is None else self._lift
        rows: list[Row] = []
        value = before
        for hour in hours:
            value = max(value, min(self._boundaries[hour + HOUR] + lift, after))
            rows.append(Row(float(hour), value, (left.sum or 0.0) + (value - before)))
        return rows


def lift_of(
    recorded: Iterable[Row], boundaries: Mapping[int, float], limit: Callable[[float], float], *, whole: bool = False
) -> float:
    """Return by how much recorded counters exceed the history's, 0 if what their hours hide explains it.

    A row ends with the last sample of its hour, so it may show too little, but not too much. Of a row that stands alone
    most of its hour may be missing, unless all are `whole`.
    """
    exceeding = [
        row.state - met
        for row in recorded
        if row.state is not None and (met := boundaries.get(int(row.start) + HOUR)) is not None
    ]
    lift = max(exceeding, default=0.0)
    hidden = limit(LAST_MINUTES if whole or len(exceeding) > 1 else 0.5)
    return lift if lift > RESOLUTION or lift < -hidden else 0.0


def _held(value: float, *, least: float, most: float | None) -> float:
    """Return a value that is below one before it, or above one after it, by no more than a counter may dip."""
    if most is not None and most < value <= most + tolerance(most):
        value = most
    return least if least - tolerance(least) <= value < least else value


def _continues(left: Row, right: Row) -> bool:
    """Return whether two rows belong to one segment."""
    if left.offset is None or right.offset is None:
        return False
    return abs(right.offset - left.offset) <= NOISE * max(1.0, abs(left.state or 0.0), abs(left.sum or 0.0))


def faults(rows: Sequence[Row], plan: CounterPlan) -> list[str]:
    """Return what is wrong with the rows in and next to a range after a plan was carried out; nothing should be."""
    written = {row.start for row in plan.rows}
    found = []
    if rows and rows[0].start in written and (rows[0].sum or 0.0) < -NOISE:
        found.append("the sums begin below 0")
    for left, right in pairwise(rows):
        if left.start not in written and right.start not in written:
            continue
        if left.sum is None or right.sum is None or right.sum - left.sum < -NOISE:
            found.append("a sum falls")
        elif right.start not in plan.breaks and not _continues(left, right):
            found.append("the sums do not follow the counter")
    return found
