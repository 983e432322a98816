"""Write hours of one entity into its statistics, in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.const import UnitOfEnergy
from sqlalchemy.orm import Session

from ..enerclo import Kind
from ..readings.guards import nominal_or_default
from ..readings.rises import allowance
from .entities import Conversion, Target, conversion_from, conversion_to
from .hours import HOUR, Measured
from .planning import NOISE, CounterPlanner, Row, faults
from .saved import Saved, plan_undo, saved
from .tables import Table, compiled_until, metadata_of


class Outcome(NamedTuple):
    """What was written: rows, hours left as they are, and if nothing could be, why."""

    rows: int = 0
    skipped: int = 0
    reason: str | None = None


@dataclass(slots=True)
class Hours:
    """What history says of one entity, by hour (unix seconds), in the catalogue's unit."""

    boundaries: dict[int, float] = field(default_factory=dict)
    measured: dict[int, Measured] = field(default_factory=dict)


class InvariantError(Exception):
    """What was written is not what was planned, so it was rolled back."""


def limit_of(target: Target, kind: Kind, nominal_power: float | None) -> Callable[[float], float]:
    """Return the function that says by how much a counter may rise in some hours."""
    nominal = nominal_or_default(kind, nominal_power)
    if target.definition.quantity.unit == UnitOfEnergy.KILO_WATT_HOUR:
        return lambda hours: allowance(nominal, hours)
    return lambda hours: hours + 1.0


def write(
    target: Target, hours: Hours, begin: float, until: float, limit: Callable[[float], float]
) -> Callable[[Recorder, Session], Outcome]:
    """Return the work that writes the hours from `begin` to before `until` that have no row."""

    def work(instance: Recorder, session: Session) -> Outcome:
        if (found := metadata_of(instance, session, target.entity_id)) is None:
            return Outcome(reason="no_statistics")
        if (conversion := conversion_to(target, found[1])) is None:
            return Outcome(reason="other_statistics")
        table, end = Table(session, found[0]), min(until, compiled_until(session))
        if target.counter:
            return _write_counter(table, conversion, CounterPlanner(hours.boundaries, begin, end, limit), begin, end)
        return _write_means(table, conversion, hours.measured, begin, end)

    return work


def _write_counter(table: Table, conversion: Conversion, planner: CounterPlanner, begin: float, end: float) -> Outcome:
    if (first := table.first()) is None:
        return Outcome(reason="no_statistics")
    recorded = [conversion.row_from_stored(row) for row in table.around(begin, end)]
    plan = planner.plan(conversion.row_from_stored(first), recorded)
    if plan.rows:
        if abs(plan.shift) > NOISE:
            table.shift(plan.first, conversion.to_stored(plan.shift))
        table.insert_counter(map(conversion.row_to_stored, plan.rows))
        written = [conversion.row_from_stored(row) for row in table.around(begin, end)]
        if found := faults(written, plan):
            raise InvariantError(found[0])
    return Outcome(rows=len(plan.rows), skipped=plan.skipped)


def _write_means(
    table: Table, conversion: Conversion, measured: Mapping[int, Measured], begin: float, end: float
) -> Outcome:
    there = table.starts(begin, end)
    rows = {
        hour: Measured(*map(conversion.to_stored, each))
        for hour, each in measured.items()
        if begin <= hour < end and hour not in there
    }
    table.insert_means(rows)
    return Outcome(rows=len(rows))


def remember(target: Target, before: Saved | None) -> Callable[[Recorder, Session], Saved | None]:
    """Return the work that reads what an undo needs of an entity; None if it has no statistics to import into."""

    def work(instance: Recorder, session: Session) -> Saved | None:
        found = metadata_of(instance, session, target.entity_id)
        if found is None or conversion_to(target, found[1]) is None:
            return None
        table = Table(session, found[0])
        latest = table.latest() if target.counter else None
        if target.counter and table.first() is None:
            return None
        current = table.hours()
        known = None if before is None else _as_of_now(before, *found, current)
        now = saved(current, latest, compiled_until(session), known, counter=target.counter)
        return replace(now, metadata_id=found[0], unit=found[1]["unit_of_measurement"])

    return work


def missing(target: Target, begin: int, end: int) -> Callable[[Recorder, Session], int | None]:
    """Return the work that counts the hours from `begin` to before `end` without a row; None if none can be written."""

    def work(instance: Recorder, session: Session) -> int | None:
        found = metadata_of(instance, session, target.entity_id)
        if found is None or conversion_to(target, found[1]) is None:
            return None
        hours = range(-(-begin // HOUR) * HOUR, min(end // HOUR * HOUR, compiled_until(session)), HOUR)
        return len(set(hours) - Table(session, found[0]).starts(begin, end))

    return work


def bring_back(entity_id: str, before: Saved) -> Callable[[Recorder, Session], int]:
    """Return the work that undoes all imports into an entity; it returns how many rows it deleted.

    Statistics that are no longer those of the imports stay as they are.
    """

    def work(instance: Recorder, session: Session) -> int:
        if (found := metadata_of(instance, session, entity_id)) is None:
            return 0
        table = Table(session, found[0])
        current = table.hours()
        if (known := _as_of_now(before, *found, current)) is None:
            return 0
        undo = plan_undo(known, current, table.latest())
        table.delete(undo.delete)
        if undo.shift and (first := table.first()) is not None:
            table.shift(first.start, -undo.shift)
        table.restore(undo.rows)
        return len(undo.delete)

    return work


def _as_of_now(before: Saved, metadata_id: int, metadata: StatisticMetaData, current: Sequence[Row]) -> Saved | None:
    """Return what is remembered in the unit that statistics have now; None if it is not of these statistics."""
    unit = metadata["unit_of_measurement"]
    conversion = conversion_from(before.unit or unit, metadata)
    if conversion is None or not before.is_of(metadata_id, current):
        return None
    return replace(
        before,
        rows=tuple(map(conversion.row_to_stored, before.rows)),
        offset=None if before.offset is None else conversion.to_stored(before.offset),
    )
