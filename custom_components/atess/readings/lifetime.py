"""Guards on lifetime counters (G13, G14, G14a): energy that time cannot explain is never counted."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..enerclo.model import Json
from .numbers import rounded
from .rises import ROW_SPAN, Row, When, allowance, extend, from_zero, hours_since, tolerance, unit_factor
from .store import dumped, loaded

NEW_CYCLE = 0.9  # a fall below this share begins a new cycle in Home Assistant's statistics, any other is a fall there
NEW_METER = 20.0  # kWh that a meter may show which began at 0 some samples ago
PROVISIONAL = timedelta(hours=1)
CONTRADICTION = 9.0  # ten but for what may have flowed between two values
JUST_NOW = timedelta(hours=1)
STANDING = timedelta(hours=1)  # for which a level stands that is taken as another one, without counting
LASTING_ZERO = timedelta(days=1)
UNSEEN = 0.5  # hours between samples for which a counter can be said to have counted from its 0
LASTING_LEVEL = timedelta(days=1)
BELIEVED = timedelta(hours=3)
REMEMBERED, LEVELS = timedelta(days=30), 8
LONGEST_LIFE = 20 * 8760.0  # hours at nominal power; more than that no counter shows
WRAP, NEAR_WRAP, AFTER_WRAP = 6553.6, 6400.0, 150.0


@dataclass(slots=True, kw_only=True)
class Level:
    """A level that a counter has left: the value sent last, when, and by how much more was shown.

    `first` says that it was one of the first values, of which it was not known yet whether they are right.
    """

    value: float
    at: datetime
    offset: float
    first: bool = False


@dataclass(slots=True, kw_only=True)
class Lifetime:
    """State of a lifetime counter: `value` as sent, `shown` with the offset, and values that are not accepted yet.

    Until `provisional_until` another value may replace the first ones; they began with `provisional_from`, as shown.
    `factor` is by how much the counter is sent too large, from the value `factor_from` on, and when it was so first and
    last.
    """

    value: float | None = None
    at: datetime | None = None
    rose_at: datetime | None = None
    shown: float | None = None
    offset: float = 0.0
    zero_at: datetime | None = None
    zero_since: datetime | None = None
    provisional_until: datetime | None = None
    provisional_from: float | None = None
    row: Row | None = None
    level_since: datetime | None = None
    renewed_at: datetime | None = None
    levels: list[Level] = field(default_factory=list)
    factor: float | None = None
    factor_from: float | None = None
    factor_since: datetime | None = None
    factor_at: datetime | None = None


class LifetimeCounter:
    """G13, G14 and G14a: one `...Total`; what it shows never falls but at a new cycle, and never rises unexplained.

    A first value of 0 is no value until the counter rises from it as one from 0 does, or it has stood for a day; a
    positive one that comes instead is the beginning. What is shown first is replaced without counting if the next hour
    contradicts it.

    A rise that the time since the last accepted sample cannot explain waits for six samples that count on from it. It
    is counted if the time since the counter rose last explains it; else an offset keeps it out, also if the new level
    stands for an hour. A value that is the last one in another unit is never accepted; `unit_known` leaves that out.

    A fall waits for six samples too. A meter that began at 0 is shown as it is, a new cycle in the statistics; any
    other goes on from what was shown, by an offset. The level that was left is remembered for 30 days: when it comes
    back its offset does too, and what was counted meanwhile is not counted again.

    `hours` is a counter of hours, whose rises are not judged. `wraps` takes a restart after 6553.5 as one of 16 bits.
    """

    def __init__(
        self,
        nominal: float,
        state: Json = None,
        *,
        hours: bool = False,
        wraps: bool = False,
        unit_known: bool = False,
    ) -> None:
        self._nominal, self._hours, self._wraps, self._unit_known = nominal, hours, wraps, unit_known
        self._state = _taken_up(state)

    def dump(self) -> dict[str, Json]:
        """Return what was accepted and what waits to be, for storage."""
        return dumped(self._state)

    @property
    def value(self) -> float | None:
        """The value last accepted, as sent."""
        return self._state.value

    @property
    def offset(self) -> float:
        """By how much what is shown exceeds what is sent, in kWh."""
        return self._state.offset

    @property
    def accepted_at(self) -> datetime | None:
        """When a sample was accepted last (UTC)."""
        return self._state.at

    @property
    def renewed_at(self) -> datetime | None:
        """When another meter was believed to have begun, the last time (UTC); None while the one before is back."""
        return self._state.renewed_at

    @property
    def wrong_unit(self) -> tuple[float, datetime] | None:
        """By which power of ten the counter is sent too large, and since when (UTC); None while it is not."""
        factor, since = self._state.factor, self._state.factor_since
        return None if factor is None or since is None else (factor, since)

    def rescale(self, ratio: float) -> None:
        """Take all that will be sent as `ratio` times as much as before; what is shown goes on.

        A counter that has changed its unit already was held since: its last value stays as it is.
        """
        state = self._state
        if state.factor is not None and abs(state.factor * ratio - 1) < 1e-6:
            ratio = 1.0
        state.row = None
        self._forget_factor()
        state.zero_at = state.zero_since = None
        state.levels = []
        if state.value is not None and state.shown is not None:
            state.value = rounded(state.value * ratio)
            state.offset = rounded(state.shown - state.value)

    def read(self, value: float | None, when: When, *, learn: bool = True) -> float | None:
        """Return the value to show for a value sent (None: unusable), in kWh; without `learn` what was shown before."""
        state = self._state
        if state.value is None:
            if value is None or value < 0:
                return None
            if learn:
                self._begin(value, when)
                return state.shown
            return value if value > 0 and state.zero_at is None and self._can_be(value) else None
        if learn and value is not None:
            self._judge(value, state.value, when)
        return state.shown

    def _begin(self, value: float, when: When) -> None:
        state = self._state
        if value == 0:
            state.zero_at, state.row = when.utc, None
            state.zero_since = state.zero_since or when.utc
            if when.utc - state.zero_since >= LASTING_ZERO:
                self._start(0.0, when.utc)
            return
        if not self._can_be(value):
            state.row = extend(state.row, value, self._nominal, when)
            if not state.row.counting:
                return
        elif state.zero_at is not None and value <= self._from_zero(min(UNSEEN, hours_since(state.zero_at, when))):
            # So it was at 0: that is shown first, and the next sample counts from there.
            self._start(0.0, state.zero_at)
            return
        self._start(value, when.utc)
        state.provisional_until, state.provisional_from = when.utc + PROVISIONAL, value

    def _start(self, value: float, at: datetime) -> None:
        state = self._state
        state.value, state.shown, state.at, state.rose_at = value, value, at, at
        state.zero_at = state.zero_since = state.row = None

    def _judge(self, value: float, last: float, when: When) -> None:
        state = self._state
        if value < 0 or value == 0 < last:
            state.row = None
            return
        if self._stays_in_other_unit(value, last, when):
            state.factor_at = when.utc
            return
        assert state.at is not None  # noqa: S101
        can_rise = allowance(self._nominal, hours_since(state.at, when))
        waits = state.row is not None and last < state.row.first <= value
        if self._hours:
            waits, can_rise = False, float("inf")
        if last <= value <= last + can_rise and not waits:
            self._forget_first(when)
            if (level := self._crossed(value, last, when)) is not None:
                self._return(level, value, when)
                return
            if self._is_provisional(when) and state.levels:  # which of the two counters is right is not known yet
                state.offset = rounded(min(state.offset, (state.shown or 0.0) - value))
            elif value - last > 1.0 + self._from_zero(hours_since(state.at, when)):
                self._leave()
            self._accept(value, when)
        elif 0 < last - value <= tolerance(last) + 1e-9:
            state.row = None
        elif self._wraps and NEAR_WRAP < last <= WRAP and value < AFTER_WRAP and WRAP - last + value <= can_rise:
            self._begin_cycle(value, when)
        else:
            self._doubt(value, last, can_rise, when)

    def _doubt(self, value: float, last: float, can_rise: float, when: When) -> None:
        """Judge a value that is neither a rise in time nor a small dip."""
        state = self._state
        if (level := self._level_of(value, when, at_once=True)) is not None:
            self._return(level, value, when)
        elif self._is_provisional(when) and _contradicts(value, last):
            self._replace_first(value, last, when)
        elif self._hours or self._unit_known or (factor := unit_factor(value, last, can_rise)) is None:
            self._wait(value, last, can_rise, when)
        else:
            if factor != state.factor:
                state.factor, state.factor_from, state.factor_since = factor, value, when.utc
            state.factor_at = when.utc

    def _stays_in_other_unit(self, value: float, last: float, when: When) -> bool:
        """Return whether a counter that was sent in another unit for a while, or just now, still is.

        However long that takes, and however much may have flowed since.
        """
        state = self._state
        if state.factor_from is None or state.factor_since is None or state.factor_at is None:
            return False
        lasts = state.factor_at - state.factor_since >= ROW_SPAN or when.utc - state.factor_at <= JUST_NOW
        return lasts and last < state.factor_from <= value

    def _forget_factor(self) -> None:
        state = self._state
        state.factor = state.factor_from = state.factor_since = state.factor_at = None

    def _replace_first(self, value: float, last: float, when: When) -> None:
        """Go on with a value that contradicts the first ones; what these have counted too much is made up for."""
        state = self._state
        assert state.shown is not None  # noqa: S101
        counted = state.shown - (state.shown if state.provisional_from is None else state.provisional_from)
        excess = counted * max(0.0, 1 - value / last) if last else 0.0
        self._go_on(value, value + excess, when)
        state.provisional_until, state.provisional_from = when.utc + PROVISIONAL, state.shown - excess

    def _wait(self, value: float, last: float, can_rise: float, when: When) -> None:
        """Take a value into the row of those that are not believed yet, and believe the row if it has lasted."""
        state = self._state
        state.row = row = extend(state.row, value, self._nominal, when)
        fell_far = last - value > self._from_zero(1.0)  # what has fallen less may have been sent before
        assert state.rose_at is not None  # noqa: S101
        explained = value <= last + allowance(self._nominal, hours_since(state.rose_at, when))
        if not (row.lasting if fell_far else row.counting):
            if not explained and when.utc - row.since >= STANDING:
                self._go_on(value, row.first, when)  # by its offset it counts nothing
            return
        if (level := self._level_of(value, when, at_once=False)) is not None:
            self._return(level, value, when)
        elif value > last:
            if explained:
                self._accept(value, when)
            else:
                self._go_on(value, row.first, when)
        elif self._began_at_zero(value, can_rise):
            if row.rises:
                self._begin_cycle(value, when)
        else:
            self._go_on(value, row.first, when)

    def _began_at_zero(self, value: float, can_rise: float) -> bool:
        """Return whether a meter can have begun at 0 after the last sample of the one before."""
        return value <= min(NEW_METER, can_rise) and value < NEW_CYCLE * (self._state.shown or 0.0)

    def _level_of(self, value: float, when: When, *, at_once: bool) -> Level | None:
        """Return the remembered level that a value comes back to; `at_once` if what would be counted is explained.

        A present level that has lasted for hours is no glitch: no more than the time since its last sample explains is
        counted beside it. Else it may have hidden what flowed since it began, or since the other was left.
        """
        state = self._state
        assert state.shown is not None  # noqa: S101
        for level in reversed(state.levels):
            since = state.rose_at
            if self._lasts(BELIEVED, when):
                since = state.at
            elif self._is_provisional(when):
                since = level.at
            elif not at_once:
                since = max(level.at, state.level_since or level.at)
            assert since is not None  # noqa: S101
            most = state.shown - level.offset + allowance(self._nominal, min(24.0, hours_since(since, when)))
            if when.utc - level.at <= REMEMBERED and level.value - tolerance(level.value) <= value <= most + 1e-9:
                return level
        return None

    def _crossed(self, value: float, last: float, when: When) -> Level | None:
        """Return a level just below a value, if half of how far the counter had fallen from it is made up in one rise.

        Samples of an hour ago that were sent again look like a meter that has lost a little, until they end.
        """
        depth = {id(level): self._state.offset - level.offset for level in self._state.levels}
        near = [level for level in self._state.levels if last < level.value <= value]
        returned = next((level for level in near if 0 < depth[id(level)] <= 2 * (value - last)), None)
        return returned if returned is not None and returned is self._level_of(value, when, at_once=True) else None

    def _return(self, level: Level, value: float, when: When) -> None:
        state = self._state
        state.levels.remove(level)
        unclear = level.first or self._is_provisional(when)
        if unclear or self._lasts(LASTING_LEVEL, when):
            self._leave(first=unclear)  # else it was a glitch
        state.provisional_until, state.level_since, state.renewed_at = None, when.utc, None
        state.offset = level.offset
        self._accept(value, when)

    def _go_on(self, value: float, first: float, when: When) -> None:
        """Go on from what is shown with another counter, whose value in the first of the row was not counted."""
        state = self._state
        assert state.shown is not None  # noqa: S101
        self._leave(first=self._is_provisional(when))
        state.level_since = state.renewed_at = when.utc
        state.offset = rounded(state.shown - first)
        self._accept(value, when)

    def _begin_cycle(self, value: float, when: When) -> None:
        """Show a counter that began anew as it is; levels that come back go on where the new cycle stands."""
        state = self._state
        assert state.shown is not None  # noqa: S101
        self._leave()
        state.level_since = state.renewed_at = when.utc
        for level in state.levels:
            level.offset = rounded(level.offset - state.shown)
        state.offset, state.shown = 0.0, None
        self._accept(value, when)

    def _leave(self, *, first: bool = False) -> None:
        """Remember the present level."""
        state = self._state
        assert state.value is not None  # noqa: S101
        assert state.at is not None  # noqa: S101
        kept = [level for level in state.levels if state.at - level.at <= REMEMBERED and level.offset != state.offset]
        state.levels = [*kept, Level(value=state.value, at=state.at, offset=state.offset, first=first)][-LEVELS:]

    def _accept(self, value: float, when: When) -> None:
        state = self._state
        if state.value is None or value != state.value:
            state.rose_at = when.utc
        state.value, state.at, state.row = value, when.utc, None
        self._forget_factor()
        shown = rounded(value + state.offset)
        state.shown = shown if state.shown is None else max(state.shown, shown)

    def _lasts(self, span: timedelta, when: When) -> bool:
        """Return whether the present level has lasted for so long since it began instead of another."""
        since = self._state.level_since
        return since is not None and when.utc - since >= span

    def _forget_first(self, when: When) -> None:
        """Forget those of the first values that others have replaced which stand for an hour, as no glitch does."""
        if self._lasts(PROVISIONAL, when):
            self._state.levels = [level for level in self._state.levels if not level.first]

    def _is_provisional(self, when: When) -> bool:
        until = self._state.provisional_until
        return until is not None and when.utc <= until

    def _can_be(self, value: float) -> bool:
        return self._hours or value <= self._nominal * LONGEST_LIFE

    def _from_zero(self, hours: float) -> float:
        return hours + 0.2 if self._hours else from_zero(self._nominal, hours)


def _contradicts(value: float, last: float) -> bool:
    """Return whether a value is about ten times the last one or more, or about a tenth of it or less."""
    lower, upper = sorted((value, last))
    return upper >= CONTRADICTION * lower


def _taken_up(stored: Json) -> Lifetime:
    """Return a state from storage; the version before knew `value`, `at` and `offset` only."""
    state = loaded(Lifetime, stored) or Lifetime()
    if state.value is None or state.at is None:
        return Lifetime(zero_at=state.zero_at, zero_since=state.zero_since, row=state.row)
    if state.shown is None:
        state.shown = rounded(state.value + state.offset)
    state.rose_at = state.rose_at or state.at
    return state
