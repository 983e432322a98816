"""Guard on daily counters (G12): resets are believed if the counter counts on from them."""

from dataclasses import dataclass
from datetime import date, datetime

from ..enerclo.model import Json
from .lifetime import NEW_CYCLE
from .rises import Row, When, allowance, extend, from_zero, hours_since, unit_factor
from .store import dumped, loaded

YOUNG_DAY = 2.0  # hours
LATE = 0.05  # kWh below the last value at which a counter still is yesterday's
SMALL_DIP, SMALL_NEGATIVE = 0.3, -0.5
NEAR_ZERO = 0.1  # kWh beside what can have flowed
FLOW_SAMPLES, FLOW_RISE = 3, 0.3  # with the lifetime counter as a witness
MIDNIGHT_TOLERANCE = 0.25  # kWh: two roundings of a lifetime counter and of a daily one
SENT_AGAIN = 48.0  # hours for which samples are kept to be sent again, at the most
BESIDE = 0.5  # hours between samples within which a counter is the same one, and yesterday's very value no coincidence


@dataclass(slots=True, kw_only=True)
class Daily:
    """State of a daily counter: the last accepted value, its day, yesterday's last value, and pending values."""

    value: float | None = None
    at: datetime | None = None
    rose_at: datetime | None = None
    day: date | None = None
    yesterday: float | None = None
    unseen: float = 0.0
    pending: float | None = None
    row: Row | None = None
    total: float | None = None
    midnight: float | None = None
    apart: bool = False
    before: float | None = None
    before_at: datetime | None = None


class DailyCounter:
    """G12: one `...Today` energy, which resets at the device's midnight, sometimes late or twice.

    A fall within the day is a reset only if the counter counts on: it begins near 0 and rises, as the lifetime counter
    of the same flow does, or begins anew with it, or else over six samples. It is none if the two differ as they did
    before: by what the lifetime counter was at `midnight`, so the sample is an old one. Should the counter that was
    left come back, it is not counted twice. `total` is what the lifetime counter shows, where it was accepted in the
    same sample: a rise far beyond its own waits too, unless the two have been found to differ (`apart`).
    """

    def __init__(self, nominal: float, state: Json = None) -> None:
        self._nominal = nominal
        known = loaded(Daily, state) or Daily()
        self._renewed_at: datetime | None = None
        self._doubted = False
        self._midnight: float | None = None
        whole = known.value is not None and known.at is not None and known.day is not None
        self._state = known if whole else Daily()

    def dump(self) -> dict[str, Json]:
        """Return what was accepted and what waits to be, for storage."""
        return dumped(self._state)

    @property
    def value(self) -> float | None:
        """The value last accepted."""
        return self._state.value

    @property
    def day(self) -> date | None:
        """The day that the value shown belongs to, in the device's own clock."""
        return self._state.day

    def read(
        self,
        value: float | None,
        when: When,
        *,
        total: float | None = None,
        sent_total: float | None = None,
        renewed_at: datetime | None = None,
        doubted: bool = False,
        learn: bool = True,
    ) -> float | None:
        """Return the value to show for a value sent (None: unusable), in kWh; without `learn` what was shown before.

        `sent_total` is the lifetime counter of the same flow as it was sent; `doubted` says that it was not accepted.
        """
        state = self._state
        self._renewed_at, self._doubted = renewed_at, doubted
        if value is not None and value < 0:
            value = 0.0 if value >= SMALL_NEGATIVE else None
        self._midnight = None if value is None or sent_total is None else sent_total - value
        if state.value is None or state.at is None or state.day is None:
            if value == 0 and doubted:
                return None
            if value is not None and learn:
                self._accept(value, when, when.local.date(), total)
            return value
        new_day = when.local.date() > state.day
        if value is None:
            return None if new_day else state.value
        if learn and new_day:
            self._next_day(value, state.value, state.day, when, total)
        elif learn:
            self._same_day(value, state.value, when, total)
        return state.value

    def _same_day(self, value: float, last: float, when: When, total: float | None) -> None:
        state = self._state
        assert state.at is not None  # noqa: S101
        day = when.local.date()
        if value < last:
            if last - value <= max(SMALL_DIP, (1 - NEW_CYCLE) * last) + 1e-9:
                state.row = None
            elif when.utc > state.at and self._resets(value, last, when, total):
                left, left_at = last, state.at
                self._accept(value, when, day, total)
                state.before, state.before_at = left, left_at
            return
        if self._is_of_an_earlier_day():
            return
        hours = hours_since(state.at, when)
        jumps = value - last > from_zero(self._nominal, hours)
        if self._bounces(value, last, hours, when) or (jumps and self._comes_back(value, when)):
            return
        rise = allowance(self._nominal, hours)
        waits = state.row is not None and last < state.row.first <= value
        beyond = self._beyond_total(value - last, total)
        if value <= last + rise and not waits and not beyond:
            self._accept(value, when, day, total)
        elif unit_factor(value, last, rise) is None or value <= last + rise:
            self._rises_too_far(value, last, when, total, beyond=beyond)

    def _rises_too_far(self, value: float, last: float, when: When, total: float | None, *, beyond: bool) -> None:
        state = self._state
        assert state.at is not None  # noqa: S101
        state.row = row = extend(state.row, value, self._nominal, when)
        if row.counting and value <= last + allowance(self._nominal, hours_since(state.rose_at or state.at, when)):
            state.apart |= beyond
            self._accept(value, when, when.local.date(), total)

    def _resets(self, value: float, last: float, when: When, total: float | None) -> bool:
        """Return whether a fall within the day is a reset: a counter that begins near 0 and counts on."""
        state = self._state
        assert state.at is not None  # noqa: S101
        if self._is_older(last):
            state.row = None
            return False
        if state.row is None or not state.row.continues(value, self._nominal, when):
            hours = hours_since(state.at, when)
            near_zero = value <= self._nominal * hours + NEAR_ZERO
            begins = near_zero and not self._comes_back(value, when)
            state.row = extend(None, value, self._nominal, when, total) if begins else None
            if state.row is not None:
                state.row.other_unit = unit_factor(value, last, allowance(self._nominal, hours)) is not None
            return False
        state.row.add(value, when)
        row = state.row
        if total is not None and row.total is not None and not state.apart:
            rise, flowed = value - row.first, total - row.total
            agrees = abs(rise - flowed) <= max(0.2, 0.3 * flowed)
            if row.count >= FLOW_SAMPLES and rise >= FLOW_RISE - 1e-9 and agrees:
                return True
        renewed = self._renewed_at is not None and self._renewed_at >= row.since and row.count >= FLOW_SAMPLES
        return renewed or (row.counting and not row.other_unit and not self._doubted)

    def _is_older(self, last: float) -> bool:
        """Return whether a fall is no reset, since the lifetime counter fell as far: by a sample of the same day."""
        before, now = self._state.midnight, self._midnight
        if before is None or now is None or last <= 2 * MIDNIGHT_TOLERANCE:
            return False
        return abs(now - before) <= MIDNIGHT_TOLERANCE

    def _is_of_an_earlier_day(self) -> bool:
        """Return whether a sample counts from a midnight at which the lifetime counter was lower, to which it fell."""
        before, now = self._state.midnight, self._midnight
        if not self._doubted or before is None or now is None:
            return False
        return MIDNIGHT_TOLERANCE < before - now <= allowance(self._nominal, SENT_AGAIN)

    def _comes_back(self, value: float, when: When) -> bool:
        """Return whether a value is where the counter was before it rose or fell by more than it should."""
        before, since = self._state.before, self._state.before_at
        if before is None or since is None:
            return False
        return before - SMALL_DIP <= value <= before + allowance(self._nominal, hours_since(since, when))

    def _bounces(self, value: float, last: float, hours: float, when: When) -> bool:
        """Return whether a value may be yesterday's counter once more.

        It is if it equals the last one seen then, and may be if it is as much above that as can have come until
        midnight: then the next sample tells, which an honest counter passes.
        """
        state = self._state
        final, pending = state.yesterday, state.pending
        state.pending = None
        if final is None or value < last + 0.2 - 1e-9:
            return False
        equal = abs(value - final) <= max(0.05, 0.02 * final) + 1e-9
        if when.hours_into_day >= YOUNG_DAY:
            return equal and hours < BESIDE and value - last >= max(1.0, 0.5 * final)
        if equal:
            return True
        if not final < value <= final + allowance(self._nominal, state.unseen):
            return False
        state.pending = value
        return pending is None or value < pending

    def _next_day(self, value: float, last: float, day: date, when: When, total: float | None) -> None:
        state = self._state
        assert state.at is not None  # noqa: S101
        hours, since_midnight = hours_since(state.at, when), when.hours_into_day
        plausible = value <= allowance(self._nominal, since_midnight)
        if last <= LATE and plausible and not self._beyond_total(value - last, total):
            # A counter at 0 cannot show that it was reset.
            self._begin_day(value, None, 0.0, when, total)
            return
        if value < last - LATE - 1e-9:
            state.row = row = extend(state.row, value, self._nominal, when)
            # A fall that the lifetime counter shares long after midnight is a sample of zeros.
            doubtful = self._doubted and since_midnight > YOUNG_DAY and not row.counting
            # So may be any fall of a counter that was seen late in this day without being reset.
            doubtful |= since_midnight > max(YOUNG_DAY, hours) and not (row.rises or row.lasting)
            doubtful |= self._is_older(last)
            # What statistics would not take for a reset, but for a fall, is yesterday's counter with a small dip.
            if plausible and not doubtful and value < NEW_CYCLE * last and self._is_todays(value, row, total):
                self._begin_day(value, last, hours - since_midnight, when, total)
            return
        rise = allowance(self._nominal, hours)
        counts_on = hours < BESIDE or self._beyond_total(value, total)
        # Shortly after midnight only the lifetime counter can say that a greater value is today's.
        tells = since_midnight > YOUNG_DAY or (hours > since_midnight + BESIDE and self._flowed(total) is not None)
        if value > last + LATE + 1e-9 and tells and not counts_on:
            if plausible:
                self._begin_day(value, last, hours - since_midnight, when, total)
        elif value <= last + rise and not self._beyond_total(value - last, total):
            self._accept(max(value, last), when, day, total)

    def _is_todays(self, value: float, row: Row, total: float | None) -> bool:
        """Return whether a value in a new day can be that day's: by the lifetime counter, else if it counts on."""
        state = self._state
        if not self._beyond_total(value, total):
            return True
        state.apart |= row.counting
        return state.apart

    def _flowed(self, total: float | None) -> float | None:
        """Return the rise of the lifetime counter since the last accepted sample; None if it is no witness."""
        state = self._state
        return None if total is None or state.total is None or state.apart else max(0.0, total - state.total)

    def _beyond_total(self, rise: float, total: float | None) -> bool:
        """Return whether the lifetime counter of the same flow has risen by far less since the last accepted sample."""
        flowed = self._flowed(total)
        return flowed is not None and rise > 2 * flowed + 1.0

    def _begin_day(self, value: float, last: float | None, unseen: float, when: When, total: float | None) -> None:
        """Begin a day; remember yesterday's last value, and for how many hours until midnight it was not seen."""
        state = self._state
        state.yesterday, state.unseen, state.pending = last, max(0.0, unseen), None
        self._accept(value, when, when.local.date(), total)

    def _accept(self, value: float, when: When, day: date, total: float | None) -> None:
        state = self._state
        if value != state.value:
            state.rose_at = when.utc
        if state.day != day or state.value is None or state.at is None or value < state.value:
            state.before = state.before_at = None
        elif state.before is None and value - state.value > from_zero(self._nominal, hours_since(state.at, when)):
            state.before, state.before_at = state.value, state.at
        if total is not None:
            state.total, state.midnight = total, self._midnight
        elif state.value != value:
            state.total = None
        if state.day != day and total is None:
            state.midnight = None
        state.value, state.at, state.day, state.row = value, when.utc, day, None
