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
    how much the sums of the last recorded rows exceeded the counter, None if there were none.
    """

    until: float
    spans: tuple[tuple[float, float], ...] = ()
    rows: tuple[Row, ...] = ()
    offset: float | None = None

    def recorded(self, start: float) -> bool:
        """Return whether an hour was recorded, not imported."""
        return start >= self.until or any(first <= start <= last for first, last in self.spans)

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON for storage."""
        return {
            "until": self.until,
            "spans": [list(span) for span in self.spans],
            "rows": [list(row) for row in self.rows],
            "offset": self.offset,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return what as_dict wrote; KeyError, TypeError, or ValueError if it is not that."""
        return cls(
            until=float(stored["until"]),
            spans=tuple((float(first), float(last)) for first, last in stored["spans"]),
            rows=tuple(Row(*row) for row in stored["rows"]),
            offset=stored["offset"],
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
    """Return how to bring back what was remembered; rows recorded since stay, their sums sink with the others."""
    shift = shift_of(before, current, latest)
    exact = {row.start: row for row in before.rows}
    back = [exact[row.start] for row in current if row.start in exact and _lowered(row, shift) != exact[row.start]]
    delete = tuple(row.start for row in current if not before.recorded(row.start))
    return Undo(delete=delete, shift=shift, rows=tuple(back))


def shift_of(before: Saved, current: Sequence[Row], latest: Row | None) -> float:
    """Return by how much imports have moved the sums, told by rows alone."""
    exact = {row.start: row for row in before.rows}
    for row in current:
        # A row whose counter differs was written anew when a gap was healed.
        old = exact.get(row.start)
        if old is not None and old.sum is not None and row.sum is not None and row.state == old.state:
            return row.sum - old.sum
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
