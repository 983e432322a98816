"""Guard on states of charge (G22): a fall to 0 is believed when it lasts, and fractions are read as percentages."""

from dataclasses import dataclass
from datetime import datetime

from ..enerclo.model import Json
from .numbers import rounded
from .store import a_dict, dumped, loaded

SAMPLES_OF_ZERO, SAMPLES_OF_JUMP = 6, 2
ZERO_FALL, ZERO_SPEED = 3.0, 30.0  # points, and points per hour, from which a 0 is believed at once
JUMP, JUMP_SPEED = 10.0, 120.0  # the same for any other value
SAME = 5.0
SAGGED = 0.95  # share of the battery's voltage below which an empty battery is believed at once
FRACTIONS = 6
_KEYS = ("battery_state_of_charge", "reported_state_of_charge")


@dataclass(slots=True, kw_only=True)
class Charge:
    """Guard of a state of charge: the last accepted value, with the battery's voltage, and pending values."""

    value: float | None = None
    at: datetime | None = None
    voltage: float | None = None
    waiting: float | None = None
    since: datetime | None = None
    count: int = 0
    fractions: int = 0
    above: int = 0
    percent: bool = False


class ChargeGuard:
    """One state of charge: holds jumps until they last, and finds out whether it is sent as a fraction.

    A 0 is believed in the sixth sample, at once where the state of charge was near it, or where the battery's voltage
    has fallen and it is not charging. Any other jump is believed in the second sample.
    """

    def __init__(self, state: Json = None) -> None:
        self._state = loaded(Charge, state) or Charge()

    def dump(self) -> dict[str, Json]:
        """Return what was accepted and what waits, for storage."""
        return dumped(self._state)

    @property
    def fraction(self) -> bool:
        """Whether it is sent as 0 to 1."""
        return self._state.fractions >= FRACTIONS and not self._state.percent

    def learn_unit(self, value: float, witness: float | None) -> None:
        """Learn from a value as sent, and what another source says in %, whether it is a fraction."""
        state = self._state
        if value > 1:
            state.above = state.above + 1 if self.fraction else FRACTIONS
            if state.above >= FRACTIONS:  # one of them among fractions is a glitch
                state.percent, state.fractions = True, 0
        elif 0 < value < 1:
            state.above = 0
            agrees = witness is not None and abs(100 * value - witness) <= SAME < witness
            state.fractions = FRACTIONS if agrees else min(FRACTIONS, state.fractions + 1)
            state.percent &= not agrees

    def scale(self, value: float) -> float | None:
        """Return a value as sent in %; None while it may be a fraction."""
        if self.fraction:
            return rounded(100 * value) if value <= 1 else None
        return None if 0 < value < 1 and not self._state.percent else value

    def read(self, value: float, at: datetime, *, voltage: float | None, charging: bool, learn: bool) -> float:
        """Return the value to show, in %; without `learn` what was shown before."""
        state = self._state
        if state.value is None or state.at is None:
            if learn:
                self._accept(value, at, voltage)
            return value
        if not learn:
            return state.value
        lasts = state.waiting is not None and abs(value - state.waiting) <= SAME
        since = state.since if lasts and state.since is not None else at
        hours = max(0.0, (since - state.at).total_seconds() / 3600)
        fall, speed, needed = (
            (ZERO_FALL, ZERO_SPEED, SAMPLES_OF_ZERO) if value == 0 else (JUMP, JUMP_SPEED, SAMPLES_OF_JUMP)
        )
        if abs(value - state.value) <= fall + speed * hours:
            self._accept(value, at, voltage)
            return value
        state.waiting, state.since, state.count = value, since, state.count + 1 if lasts else 1
        sagged = voltage is not None and state.voltage is not None and voltage <= SAGGED * state.voltage
        if state.count >= needed or (value == 0 and sagged and not charging):
            self._accept(value, at, voltage)
        return state.value

    def _accept(self, value: float, at: datetime, voltage: float | None) -> None:
        state = self._state
        state.value, state.at, state.waiting, state.since, state.count = value, at, None, None, 0
        state.voltage = voltage if voltage is not None else state.voltage


class Charges:
    """The states of charge of one device, each with its guard and as a witness of the other."""

    def __init__(self, state: Json = None) -> None:
        self._guards = {key: ChargeGuard(item) for key, item in a_dict(state).items()}

    def dump(self) -> dict[str, Json]:
        """Return the states of the guards, for storage."""
        return {key: each.dump() for key, each in self._guards.items()}

    def read(self, numbers: dict[str, float | None], at: datetime, *, charging: bool, learn: bool) -> list[str]:
        """Replace the states of charge by what to show, and return the keys of those that differ."""
        changed = []
        for key in [key for key in _KEYS if numbers.get(key) is not None]:
            sent = numbers[key] or 0.0
            if (guard := self._guards.get(key)) is None:
                guard = self._guards[key] = ChargeGuard()
            if learn:
                witnesses = [numbers.get(other) for other in _KEYS if other != key]
                guard.learn_unit(sent, next((each for each in witnesses if each is not None), None))
            shown = guard.scale(sent)
            if shown is not None:
                voltage = numbers.get("battery_voltage")
                shown = guard.read(shown, at, voltage=voltage, charging=charging, learn=learn)
            numbers[key] = shown
            if shown != sent:
                changed.append(key)
        return changed
