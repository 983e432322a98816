"""Remember the rows of an entity as if nothing had ever been imported, and plan how to bring them back. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from .hours import HOUR
from .planning import NOISE, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The rows that an entity had before anything was imported.

    `until` is the start of the first hour that no import touches. `spans` holds the first and the last start of each
    run of recorded hours before that, `rows` their values; empty for means, which imports only add to. `offset` is by
    how much the sums of the last recorded rows exceeded the counter, None if there were none. `metadata_id` and `unit`
    are those of the statistics, None in files of a version that did not store them.
    """

    until: float
    spans: tuple[tuple[float, float], ...] = ()
    rows: tuple[Row, ...] = ()
    offset: float | None = None
    metadata_id: int | None = None
    unit: str | None = None

    def recorded(self, start: float) -> bool:
        """Return whether an hour was recorded, not imported."""
        return start >= self.until or any(first <= start <= last for first, last in self.spans)

    def is_of(self, metadata_id: int, current: Sequence[Row]) -> bool:
        """Return whether statistics are those that this is remembered of, by their id and their rows of hours."""
        if self.metadata_id not in {None, metadata_id}:
            return False
        starts = {row.start for row in current}
        return not self.rows or any(row.start in starts for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON for storage."""
        return {
            "until": self.until,
            "spans": [list(span) for span in self.spans],
            "rows": [list(row) for row in self.rows],
            "offset": self.offset,
            "metadata_id": self.metadata_id,
            "unit": self.unit,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return what as_dict wrote; KeyError, TypeError, or ValueError if it is not that."""
        return cls(
            until=float(stored["until"]),
            spans=tuple((float(first), float(last)) for first, last in stored["spans"]),
            rows=tuple(Row(*row) for row in stored["rows"]),
            offset=stored["offset"],
            metadata_id=stored.get("metadata_id"),
            unit=stored.get("unit"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The hours to delete, by how much the sums of all other rows sink, and the rows to write back exactly."""

    delete: tuple[float, ...]
    shift: float
    rows: tuple[Row, ...]


def saved(current: Sequence[Row], latest: Row | None, until: float, before: Saved | None, *, counter: bool) -> Saved:
    """Return what to remember of rows of hours, `before` being what is remembered of the time before another import.

    `latest` is the newest row of five minutes of a counter.
    """
    shift = 0.0 if before is None else shift_of(before, current, latest)
    kept = [row for row in current if row.start < until and (before is None or before.recorded(row.start))]
    exact = {} if before is None else {row.start: row for row in before.rows}
    newest = latest or (current[-1] if current else None)
    offset = None if newest is None or newest.offset is None else newest.offset - shift
    rows = tuple(exact.get(row.start) or _lowered(row, shift) for row in kept) if counter else ()
    return Saved(until=until, spans=_spans([row.start for row in kept]), rows=rows, offset=offset)


def plan_undo(before: Saved, current: Sequence[Row], latest: Row | None) -> Undo:
    """Return how to bring back what was remembered.

    The sums of rows recorded since, and of those that somebody has adjusted since, sink with the others.
    """
    shift = shift_of(before, current, latest)
    exact = {row.start: row for row in before.rows}
    back = []
    for row in current:
        lowered, old = _lowered(row, shift), exact.get(row.start)
        if old is None or old.offset is None or lowered == old or lowered.offset is None:
            continue
        if abs(lowered.offset - old.offset) <= NOISE:
            back.append(old)
    delete = tuple(row.start for row in current if not before.recorded(row.start))
    return Undo(delete=delete, shift=shift, rows=tuple(back))


def shift_of(before: Saved, current: Sequence[Row], latest: Row | None) -> float:
    """Return by how much imports have moved the sums, told by rows alone."""
    if all(before.recorded(row.start) for row in current):
        return 0.0
    exact = {row.start: row for row in before.rows}
    for row in current:
        # Where a gap was healed since, the counter differs, but the sum by as much.
        old = exact.get(row.start)
        if old is not None and old.offset is not None and row.offset is not None:
            return row.offset - old.offset
    newer = next((row for row in current if row.start >= before.until), latest)
    if before.offset is None or newer is None or newer.offset is None:
        return 0.0
    shift = newer.offset - before.offset
    return 0.0 if abs(shift) <= NOISE else shift


def _lowered(row: Row, shift: float) -> Row:
    return row if row.sum is None else row._replace(sum=row.sum - shift)


def _spans(starts: Collection[float]) -> tuple[tuple[float, float], ...]:
    """Return runs of hours without a gap."""
    spans: list[tuple[float, float]] = []
    for start in starts:
        if spans and start - spans[-1][1] <= HOUR:
            spans[-1] = spans[-1][0], start
        else:
            spans.append((start, start))
    return tuple(spans)
