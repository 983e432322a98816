"""Fill the hole of one entity in its statistics, in one transaction, and empty it again.

Only hours that the hole has spoiled change. Recorded sums around it stay, so that nothing else moves.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

from homeassistant.components.recorder import Recorder
from sqlalchemy.orm import Session

from .entities import Conversion, Target, conversion_to
from .holes import Hole
from .hours import HOUR, Measured, hour_of
from .planning import NOISE, RESOLUTION, CounterPlanner, Row, faults, lift_of
from .tables import Table, compiled_until, metadata_of
from .writer import Hours, InvariantError

# Between the samples of an hour whose mean is complete there are no more seconds than this.
LONGEST_SPACING = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Healed:
    """What an entity had in the hours that are written: rows by start, and the starts of hours without a row.

    The rows hold the state of a counter, or the mean, least, and greatest value of a measurement, as stored.
    """

    rows: Mapping[int, Sequence[float | None]]
    inserted: Sequence[int]

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON for storage."""
        return {"rows": [[start, *values] for start, values in self.rows.items()], "inserted": list(self.inserted)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return what as_dict wrote; KeyError, TypeError, or ValueError if it is not that."""
        rows = {int(start): tuple(values) for start, *values in stored["rows"]}
        return cls(rows=rows, inserted=[int(start) for start in stored["inserted"]])


def whole_hours(moments: Iterable[float]) -> frozenset[int]:
    """Return the hours (unix seconds) of which the samples leave no part out."""
    by_hour: dict[int, list[float]] = {}
    for moment in sorted(moments):
        hour = hour_of(moment)
        by_hour.setdefault(hour, [float(hour)]).append(moment)
    return frozenset(
        hour
        for hour, found in by_hour.items()
        if all(later - before <= LONGEST_SPACING for before, later in pairwise([*found, hour + HOUR]))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """What is written into one entity: what history says of the hours of a hole, means only of `whole` ones."""

    target: Target
    hours: Hours
    hole: Hole
    whole: Collection[int]
    limit: Callable[[float], float]

    def foresee(self, instance: Recorder, session: Session) -> Healed | None:
        """Return what would be replaced, None if nothing would be written."""
        return self._work(instance, session, write=False)

    def apply(self, instance: Recorder, session: Session) -> Healed | None:
        """Write, and return what was replaced."""
        return self._work(instance, session, write=True)

    def _work(self, instance: Recorder, session: Session, *, write: bool) -> Healed | None:
        found = metadata_of(instance, session, self.target.entity_id)
        if found is None or (conversion := conversion_to(self.target, found[1])) is None:
            return None
        table, end = Table(session, found[0]), min(self.hole.hours.stop, compiled_until(session))
        if self.target.counter:
            return self._counter(table, conversion, end, write=write)
        return self._means(table, conversion, end, write=write)

    def _counter(self, table: Table, conversion: Conversion, end: float, *, write: bool) -> Healed | None:
        if (first := table.first()) is None:
            return None
        # What begins with the hole has nothing before it that would tell where the sums go on.
        begin = max(float(self.hole.hours.start), first.start + HOUR)
        stored = {row.start: row for row in table.around(begin, end)}
        recorded = [conversion.row_from_stored(row) for row in stored.values()]
        dead_hours = self.hole.dead_hours
        alive = [row for row in recorded if row.start not in dead_hours]
        lift = lift_of(alive, self.hours.boundaries, self.limit, whole=True)
        kept = [row for row in recorded if row.start < begin or row in alive or not self._is_behind(row, lift)]
        planner = CounterPlanner(self.hours.boundaries, begin, end, self.limit, lift)
        plan = planner.plan(conversion.row_from_stored(first), kept)
        there = {row.start: row for row in recorded}
        plan = replace(plan, rows=tuple(row for row in plan.rows if not _same(row, there.get(row.start))))
        if not plan.rows:
            return None
        replaced = {int(row.start): (stored[row.start].state,) for row in plan.rows if row.start in stored}
        if write:
            table.delete([float(start) for start in replaced])
            table.insert_counter(map(conversion.row_to_stored, plan.rows))
            if found := faults([conversion.row_from_stored(row) for row in table.around(begin, end)], plan):
                raise InvariantError(found[0])
        return Healed(rows=replaced, inserted=[int(row.start) for row in plan.rows if row.start not in stored])

    def _is_behind(self, row: Row, lift: float) -> bool:
        """Return whether a row shows what a counter was before its hour ended."""
        met = self.hours.boundaries.get(int(row.start) + HOUR)
        return met is not None and row.state is not None and abs(row.state - lift - met) > RESOLUTION

    def _means(self, table: Table, conversion: Conversion, end: float, *, write: bool) -> Healed | None:
        wanted = self.hole.spoiled_hours.intersection(self.whole)
        stored = table.means(self.hole.hours.start, end)
        rows = {
            hour: row
            for hour, each in self.hours.measured.items()
            if hour in wanted and hour < end
            if (row := Measured(*map(conversion.to_stored, each))) != stored.get(hour)
        }
        if not rows:
            return None
        replaced = {hour: tuple(each) for hour, each in stored.items() if hour in rows}
        if write:
            table.delete([float(hour) for hour in replaced])
            table.insert_means(rows)
        return Healed(rows=replaced, inserted=[hour for hour in rows if hour not in stored])


def _same(row: Row, other: Row | None) -> bool:
    """Return whether a row is there already."""
    if other is None or row.state is None or row.sum is None or other.state is None or other.sum is None:
        return False
    return abs(row.state - other.state) <= NOISE and abs(row.sum - other.sum) <= NOISE


def reopen(entity_id: str, healed: Healed, *, counter: bool) -> Callable[[Recorder, Session], int]:
    """Return the work that brings back what an entity had; it returns how many rows it deleted or wrote back."""

    def work(instance: Recorder, session: Session) -> int:
        if (found := metadata_of(instance, session, entity_id)) is None:
            return 0
        table = Table(session, found[0])
        table.delete([float(start) for start in healed.inserted])
        if counter:
            _write_states_back(table, healed)
        else:
            table.delete([float(start) for start in healed.rows])
            table.insert_means({start: Measured(*values) for start, values in healed.rows.items()})  # type: ignore[arg-type]
        return len(healed.inserted) + len(healed.rows)

    return work


def _write_states_back(table: Table, healed: Healed) -> None:
    """Write the states of rows back, with the sums that go with them now: an import may have moved these."""
    if not healed.rows:
        return
    offsets = {row.start: row.offset for row in table.around(min(healed.rows), max(healed.rows) + HOUR)}
    table.restore(
        [
            Row(float(start), state, state + offset)
            for start, (state,) in healed.rows.items()
            if state is not None and (offset := offsets.get(float(start))) is not None
        ]
    )
