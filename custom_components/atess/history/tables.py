"""The recorder's two tables of statistics, for one entity at a time: reads and bulk statements.

`statistics` holds a row per hour for good; `statistics_short_term` one per five minutes, from which the sum goes on.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.db_schema import Statistics, StatisticsRuns, StatisticsShortTerm
from homeassistant.components.recorder.models import StatisticMetaData, process_timestamp
from homeassistant.util import dt as dt_util
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.orm import Session

from .hours import Measured, hour_of
from .planning import Row

# SQLite takes this many parameters of a statement in all of its versions.
MOST_PARAMETERS = 500


def metadata_of(instance: Recorder, session: Session, entity_id: str) -> tuple[int, StatisticMetaData] | None:
    """Return id and description of an entity's statistics; None if nothing was ever compiled for it."""
    found: Mapping[str, tuple[int, StatisticMetaData]] = instance.statistics_meta_manager.get_many(
        session, statistic_ids={entity_id}
    )
    return found.get(entity_id)


def compiled_until(session: Session) -> int:
    """Return the start (unix seconds) of the first hour that is not compiled yet; 0 if none ever was.

    Runs of times to come, as a clock that was ahead has left them, do not count.
    """
    past = StatisticsRuns.start <= dt_util.utcnow()
    if (last := session.execute(select(func.max(StatisticsRuns.start)).where(past)).scalar()) is None:
        return 0
    return hour_of(process_timestamp(last).timestamp() + StatisticsShortTerm.duration.total_seconds())


class Table:
    """The rows of one entity."""

    def __init__(self, session: Session, metadata_id: int) -> None:
        self._session = session
        self._id = metadata_id

    def first(self) -> Row | None:
        """Return the first row of an hour; if there is none, that of the first five minutes, with the hour's start."""
        for table in (Statistics, StatisticsShortTerm):
            if found := self._rows(table, newest=False, limit=1):
                return found[0]._replace(start=float(hour_of(found[0].start)))
        return None

    def latest(self) -> Row | None:
        """Return the newest row of five minutes."""
        found = self._rows(StatisticsShortTerm, newest=True, limit=1)
        return found[0] if found else None

    def hours(self) -> list[Row]:
        """Return all rows of hours, sorted."""
        return self._rows(Statistics)

    def around(self, begin: float, end: float) -> list[Row]:
        """Return the rows of the hours from `begin` to before `end`, with the one before and the one after, sorted."""
        before = self._rows(Statistics, Statistics.start_ts < begin, newest=True, limit=1)
        inside = self._rows(Statistics, Statistics.start_ts >= begin, Statistics.start_ts < end)
        return [*before, *inside, *self._rows(Statistics, Statistics.start_ts >= end, limit=1)]

    def means(self, begin: float, end: float) -> dict[int, Measured]:
        """Return the rows of a measurement in the hours from `begin` to before `end`, by start."""
        statement = select(Statistics.start_ts, Statistics.mean, Statistics.min, Statistics.max).where(
            Statistics.metadata_id == self._id, Statistics.start_ts >= begin, Statistics.start_ts < end
        )
        return {int(start): Measured(*values) for start, *values in self._session.execute(statement)}

    def starts(self, begin: float, end: float) -> set[float]:
        """Return the starts of the hours from `begin` to before `end` that have a row."""
        return {row.start for row in self._rows(Statistics, Statistics.start_ts >= begin, Statistics.start_ts < end)}

    def shift(self, first: float, by: float) -> None:
        """Add to the sums of all rows from `first` on, in both tables."""
        for table in (Statistics, StatisticsShortTerm):
            self._session.execute(
                update(table)
                .where(table.metadata_id == self._id, table.start_ts >= first)
                .values(sum=table.sum + by)
                .execution_options(synchronize_session=False)
            )

    def insert_counter(self, rows: Iterable[Row]) -> None:
        """Insert rows of a counter."""
        self._insert([{"start_ts": row.start, "state": row.state, "sum": row.sum} for row in rows])

    def insert_means(self, rows: Mapping[int, Measured]) -> None:
        """Insert rows of a measurement."""
        self._insert(
            [
                {"start_ts": float(hour), "mean": each.mean, "min": each.low, "max": each.high}
                for hour, each in sorted(rows.items())
            ]
        )

    def restore(self, rows: Sequence[Row]) -> None:
        """Write back counter and sum of rows that are there."""
        if rows:
            statement = (
                update(cast(SqlTable, Statistics.__table__))
                .where(Statistics.metadata_id == self._id, Statistics.start_ts == bindparam("at"))
                .values(state=bindparam("old_state"), sum=bindparam("old_sum"))
            )
            values = [{"at": row.start, "old_state": row.state, "old_sum": row.sum} for row in rows]
            self._session.connection().execute(statement, values)

    def delete(self, starts: Sequence[float]) -> None:
        """Delete the rows of hours."""
        for place in range(0, len(starts), MOST_PARAMETERS):
            part = starts[place : place + MOST_PARAMETERS]
            self._session.execute(
                delete(Statistics)
                .where(Statistics.metadata_id == self._id, Statistics.start_ts.in_(part))
                .execution_options(synchronize_session=False)
            )

    def _insert(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            now = time.time()
            # Not through the objects of the table, which costs half as much again.
            self._session.connection().execute(
                insert(cast(SqlTable, Statistics.__table__)),
                [{"metadata_id": self._id, "created_ts": now, **row} for row in rows],
            )

    def _rows(
        self,
        table: type[Statistics | StatisticsShortTerm],
        *where: ColumnElement[bool],
        newest: bool = False,
        limit: int | None = None,
    ) -> list[Row]:
        order = table.start_ts.desc() if newest else table.start_ts
        statement = (
            select(table.start_ts, table.state, table.sum)
            .where(table.metadata_id == self._id, *where)
            .order_by(order)
            .limit(limit)
        )
        return [Row(*row) for row in self._session.execute(statement)]
