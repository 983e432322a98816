"""Keep the interval between two calls of each endpoint and device, and adapt it to rate limits of the cloud."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .model import Json

MINIMUM_INTERVAL = 60.0
DEFAULT_INTERVAL = 300.0
MAXIMUM_INTERVAL = 3600.0
LONGEST_CALL = 30.0
DAY = 86400.0
_WIDENING = 1.5

type Key = tuple[str, str]


@dataclass(slots=True)
class _Record:
    """State of one endpoint and device; moments in unix seconds, spans in seconds."""

    last: float | None = None  # end of the last call that counts, its start while it is in flight
    hold: float = 0.0  # Retry-After, counted from `last`
    widened: float | None = None  # interval after refusals
    since: float = 0.0  # last refusal, or last step back


@dataclass(frozen=True, slots=True)
class Flight:
    """A call in flight, with the end of the one before it."""

    key: Key
    following: bool
    last: float | None


class Intervals:
    """Least distances in time between calls on the same endpoint and device, by (endpoint, device).

    The interval is counted from the END of the previous call: the cloud counts from the arrival, which lies between
    start and end, so a slow first call must not make the second arrive early. When the clock is set back, a call
    that now lies in the future is taken as just made, so that it never blocks for longer than one interval.
    """

    def __init__(self) -> None:
        self.user = DEFAULT_INTERVAL
        self.page: float | None = None
        self._records: dict[Key, _Record] = {}
        self._called_at: float | None = None  # what calls without a record may have been made at
        self._in_flight: Flight | None = None

    def permitted_at(self, key: Key, now: float, *, following: bool = False) -> float:
        """Return the earliest moment for the next call; minus infinity if there was none yet."""
        record = self._records.get(key)
        if record is None or record.last is None:
            if self._called_at is None:
                return -math.inf
            self._called_at = min(self._called_at, now)
            return self._called_at + self.present(key, now, following=following)
        record.last = min(record.last, now)
        return record.last + max(self.present(key, now, following=following), record.hold)

    def rests_for(self, now: float) -> float:
        """Return the seconds after which every call is permitted."""
        return max((self.permitted_at(key, now) - now for key in self._records), default=0.0)

    def present(self, key: Key, now: float, *, following: bool = False) -> float:
        """Return the interval in seconds: the user's, or a wider one, a step narrower per day without refusal."""
        interval = self.page if following and self.page is not None else self.user
        record = self._records.get(key)
        if record is None or record.widened is None:
            return interval
        record.since = min(record.since, now)
        if (days := (now - record.since) // DAY) > 0:
            record.widened /= _WIDENING ** min(days, 30.0)
            record.since += days * DAY
        if record.widened <= MINIMUM_INTERVAL:
            record.widened = None
            return interval
        return max(interval, record.widened)

    def begin(self, key: Key, now: float, *, following: bool) -> Flight:
        """Take a call as made that is about to be sent."""
        record = self._records.setdefault(key, _Record())
        self._in_flight = flight = Flight(key, following, record.last)
        record.last, record.hold = now, 0.0
        return flight

    def finish(self, flight: Flight, now: float, *, counts: bool) -> None:
        """Take a call as over; one that does not count starts no interval."""
        record = self._records[flight.key]
        self._in_flight = None
        record.last = now if counts else flight.last

    def refuse(self, flight: Flight, now: float, retry_after: float) -> None:
        """Widen the interval of a call that the cloud has refused, hold for `retry_after` seconds (a day at most)."""
        record = self._records[flight.key]
        present = max(MINIMUM_INTERVAL, self.present(flight.key, now, following=flight.following))
        record.widened = min(MAXIMUM_INTERVAL, _WIDENING * present)
        record.since = now
        record.hold = min(retry_after, DAY)

    def widen(self, path: str, now: float, least: float) -> None:
        """Widen the intervals of all devices at a path to an interval that is known to be needed."""
        for key, record in self._records.items():
            if key[0] == path and (record.widened or 0.0) < least:
                record.widened, record.since = min(MAXIMUM_INTERVAL, least), now

    def hold(self, key: Key, now: float, seconds: float) -> None:
        """Let the next call wait for some seconds from now on (an hour at most), once."""
        record = self._records[key]
        if record.last is not None and seconds > 0:
            record.hold = max(record.hold, now - record.last + min(seconds, MAXIMUM_INTERVAL))

    def dump(self, now: float) -> list[Json]:
        """Return the records as JSON, without those that are over and contain nothing learned.

        A call in flight stands there with the latest moment at which it can reach the cloud.
        """
        for key, record in list(self._records.items()):
            over = self.permitted_at(key, now) <= now and (record.last is None or now - record.last >= DAY)
            if over and record.widened is None and not self._flies(key):
                del self._records[key]
        rows: list[Json] = []
        for (path, device), record in self._records.items():
            last = record.last
            if last is not None and self._flies((path, device)):
                last += LONGEST_CALL
            rows.append([path, device, last, record.hold, record.widened, record.since])
        return rows

    def load(self, rows: object, now: float, *, clean: bool) -> None:
        """Take over what dump returned; what is known already stays.

        Unless `clean`, every call counts as made just now, known or not; if a row is damaged, those that are not known.
        """
        whole = clean and isinstance(rows, list | None)
        for row in rows if isinstance(rows, list) else ():
            match row:
                case [str() as path, str() as device, float() | int() | None as last, hold, widened, since]:
                    record = _Record(
                        last=number(last),
                        hold=number(hold, 0.0, DAY) or 0.0,
                        widened=number(widened, MINIMUM_INTERVAL, MAXIMUM_INTERVAL),
                        since=number(since) or 0.0,
                    )
                    self._records.setdefault((path, device), record)
                case _:
                    whole = False
        if not whole:
            self._called_at = now
        if not clean:
            for record in self._records.values():
                record.last = now

    def _flies(self, key: Key) -> bool:
        return self._in_flight is not None and self._in_flight.key == key


def number(value: object, least: float = -math.inf, most: float = math.inf) -> float | None:
    """Return a stored number if it is one, is finite and lies within bounds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) and least <= result <= most else None


def member(state: object, name: str) -> object:
    """Return a member of a stored object, None if it has none or is no object."""
    return state.get(name) if isinstance(state, Mapping) else None
