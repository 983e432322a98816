"""Guards on counters: daily (G12) and lifetime (G13, G14, G14a). Each keeps the value last accepted and shows that."""

from dataclasses import dataclass
from datetime import date, datetime, time

from ..enerclo.model import Json
from .numbers import clean
from .store import a_count, a_dict, a_moment, a_number, a_text

ROW_TODAY, ROW_TOTAL, ROW_MINUTES = 3, 6, 25.0
YOUNG_DAY = 2.0  # hours
NEW_CYCLE = 0.9  # a fall below this share begins a new cycle in Home Assistant's statistics, any other is a fall there
NEW_METER = 20.0  # kWh that a meter may show which began at 0 some samples ago


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The moment of a sample: UTC, and in the device's own clock, whose midnight resets daily counters."""

    utc: datetime
    local: datetime

    @property
    def hours_into_day(self) -> float:
        """Hours since the device's midnight."""
        return (self.local - datetime.combine(self.local.date(), time.min)).total_seconds() / 3600


def allowance(nominal: float, hours: float) -> float:
    """Return by how many kWh a counter may rise in some hours: R(h) = 3 N h + 1."""
    return 3 * nominal * max(0.0, hours) + 1.0


class DailyCounter:
    """G12: one `...Today` energy, which resets at the device's midnight, sometimes late or twice."""

    def __init__(self, nominal: float, state: Json = None) -> None:
        stored = a_dict(state)
        self._nominal = nominal
        self._value = a_number(stored.get("value"))
        self._at = a_moment(stored.get("at"))
        self._day = _a_day(stored.get("day"))
        if self._value is None or self._at is None or self._day is None:
            self._value = self._at = self._day = None
        self._yesterday = a_number(stored.get("yesterday"))
        self._unseen = a_number(stored.get("unseen")) or 0.0
        self._pending = a_number(stored.get("pending"))
        self._below = a_count(stored.get("below"))

    def dump(self) -> dict[str, Json]:
        """Return what was accepted, for storage."""
        return {
            "value": self._value,
            "at": None if self._at is None else self._at.isoformat(),
            "day": None if self._day is None else self._day.isoformat(),
            "yesterday": self._yesterday,
            "unseen": self._unseen,
            "pending": self._pending,
            "below": self._below,
        }

    def read(self, value: float | None, when: When, *, learn: bool = True) -> float | None:
        """Return the value to show for a value sent (None: unusable), in kWh; without `learn` what was shown before."""
        last, at, day = self._value, self._at, self._day
        if value is None or (last is None and value < 0):
            return None
        if last is None or at is None or day is None:
            return self._accept(value, when, when.local.date()) if learn else value
        if not learn or value < 0:
            return last
        if when.local.date() > day:
            return self._next_day(value, last, day, _hours(at, when), when)
        return self._same_day(value, last, _hours(at, when), when)

    def _same_day(self, value: float, last: float, hours: float, when: When) -> float:
        if last - value > max(0.3, (1 - NEW_CYCLE) * last) + 1e-9:
            self._below += 1
            return self._accept(value, when, when.local.date()) if self._below >= ROW_TODAY else last
        self._below = 0
        bounced = self._bounces(value, last, when)
        if value < last or bounced or value > last + allowance(self._nominal, hours):
            return last
        return self._accept(value, when, when.local.date())

    def _bounces(self, value: float, last: float, when: When) -> bool:
        """Return whether a value may be yesterday's counter once more.

        It is if it equals the last one seen then, and may be if it is as much above that as can have come until
        midnight: then the next sample tells, which an honest counter passes.
        """
        final, pending = self._yesterday, self._pending
        self._pending = None
        if final is None or when.hours_into_day >= YOUNG_DAY or value < last + 0.2 - 1e-9:
            return False
        tolerance = max(0.05, 0.02 * final) + 1e-9
        if abs(value - final) <= tolerance:
            return True
        if not final < value <= final + allowance(self._nominal, self._unseen):
            return False
        self._pending = value
        return pending is None or value < pending

    def _next_day(self, value: float, last: float, day: date, hours: float, when: When) -> float:
        since_midnight = when.hours_into_day
        plausible = value <= allowance(self._nominal, since_midnight)
        if value < last - 0.05 - 1e-9:
            # What statistics would not take for a reset, but for a fall, is yesterday's counter with a small dip.
            if not plausible or value >= NEW_CYCLE * last:
                return last
            self._begin_day(last, hours - since_midnight)
            return self._accept(value, when, when.local.date())
        if value > last + 0.05 + 1e-9 and since_midnight > YOUNG_DAY:
            if not plausible:
                return last
            self._begin_day(last, hours - since_midnight)
            return self._accept(value, when, when.local.date())
        if value > last + allowance(self._nominal, hours):
            return last
        return self._accept(max(value, last), when, day)

    def _begin_day(self, last: float, unseen: float) -> None:
        """Remember yesterday's last value, and for how many hours until midnight it was not seen."""
        self._yesterday, self._unseen, self._pending = last, max(0.0, unseen), None

    def _accept(self, value: float, when: When, day: date) -> float:
        self._value, self._at, self._day, self._below = value, when.utc, day, 0
        return value


class LifetimeCounter:
    """G13, G14 and G14a: one `...Total`, which never falls unless the meter was replaced.

    A replaced meter that may have begun at 0 is shown as it is, a new cycle in Home Assistant's statistics. One that
    begins elsewhere would count there as energy, or as a fall: what is shown then goes on from the last value, by an
    offset. A new firmware is no sign of a new meter: it is known a day later, six samples decide within half an hour.
    `jumps` False leaves out G14, for counters of hours. `wraps` takes a restart after 6553.5 as one of 16 bits.
    """

    def __init__(self, nominal: float, state: Json = None, *, jumps: bool = True, wraps: bool = False) -> None:
        stored = a_dict(state)
        self._nominal, self._jumps, self._wraps = nominal, jumps, wraps
        self._value = a_number(stored.get("value"))
        self._at = a_moment(stored.get("at"))
        if self._value is None or self._at is None:
            self._value = self._at = None
        self._offset = a_number(stored.get("offset")) or 0.0
        self._low = a_number(stored.get("low"))
        self._low_since = a_moment(stored.get("low_since"))
        self._low_row = a_count(stored.get("low_row"))
        self._high = a_number(stored.get("high"))
        self._high_at = a_moment(stored.get("high_at"))

    def dump(self) -> dict[str, Json]:
        """Return what was accepted and what waits to be, for storage."""
        return {
            "value": self._value,
            "at": None if self._at is None else self._at.isoformat(),
            "offset": self._offset,
            "low": self._low,
            "low_since": None if self._low_since is None else self._low_since.isoformat(),
            "low_row": self._low_row,
            "high": self._high,
            "high_at": None if self._high_at is None else self._high_at.isoformat(),
        }

    @property
    def value(self) -> float | None:
        """The value last accepted, as sent."""
        return self._value

    @property
    def offset(self) -> float:
        """By how much what is shown exceeds what is sent, in kWh."""
        return self._offset

    def read(self, value: float | None, when: When, *, learn: bool = True) -> float | None:
        """Return the value to show for a value sent (None: unusable), in kWh; without `learn` what was shown before."""
        last, at = self._value, self._at
        if last is None or at is None:
            if value is not None and value < 0:
                value = None
            return self._accept(value, when) if learn and value is not None else value
        shown = self._judge(value, last, at, when) if learn and value is not None else last
        return clean(shown + self._offset) if self._offset else shown

    def _judge(self, value: float, last: float, at: datetime, when: When) -> float:
        if value <= 0 < last or value < 0:
            self._forget_row()
            self._high = None
            return last
        if value < last:
            return self._falls(value, last, when)
        self._forget_row()
        if self._jumps and value > last + allowance(self._nominal, _hours(at, when)):
            return self._rises_too_far(value, last, when)
        return self._accept(value, when)

    def _falls(self, value: float, last: float, when: When) -> float:
        self._high = None
        if self._wraps and last > 6400 and value < 150:
            return self._accept(value, when)
        if last - value <= max(1.0, 0.001 * last) + 1e-9:
            self._forget_row()
            return last
        low, since = self._low, self._low_since
        if low is None or since is None or not low <= value <= low + allowance(self._nominal, _hours(since, when)):
            self._low, self._low_since, self._low_row = value, when.utc, 1
            return last
        self._low_row += 1
        if self._low_row >= ROW_TOTAL and (when.utc - since).total_seconds() >= ROW_MINUTES * 60:
            begins_at_zero = value <= min(NEW_METER, allowance(self._nominal, _hours(self._at or since, when)))
            as_new_cycle = begins_at_zero and value < NEW_CYCLE * (last + self._offset)
            self._offset = 0.0 if as_new_cycle else clean(last + self._offset - low)
            return self._accept(value, when)
        return last

    def _rises_too_far(self, value: float, last: float, when: When) -> float:
        high, high_at = self._high, self._high_at
        if (
            high is not None
            and high_at is not None
            and high <= value <= high + allowance(self._nominal, _hours(high_at, when))
        ):
            return self._accept(value, when)
        self._high, self._high_at = value, when.utc
        return last

    def _accept(self, value: float, when: When) -> float:
        self._value, self._at, self._high = value, when.utc, None
        self._forget_row()
        return value

    def _forget_row(self) -> None:
        self._low, self._low_since, self._low_row = None, None, 0


def _hours(start: datetime, when: When) -> float:
    return (when.utc - start).total_seconds() / 3600


def _a_day(value: Json) -> date | None:
    try:
        return date.fromisoformat(a_text(value) or "")
    except ValueError:
        return None
