"""Inspect samples: whether the device is lost, whether two are the same, and restoring them from storage."""

import hashlib
from collections.abc import Mapping

from ..catalogue import FIELDS, definitions
from ..enerclo.model import Json, Kind, Sample
from .members import Parsed, is_counter
from .numbers import parse_number
from .reading import Value
from .store import a_count, a_dict, a_moment, a_text

LASTING = 6  # samples after which zeros are real
KEEPS_COMING = 2  # samples in a row with news
_RUNNING = frozenset({"grid_present", "generator_running", "battery_charging", "battery_discharging"})
_FAULT_WORDS = frozenset(each.key for own in FIELDS.values() for each in own if each.quantity.name == "fault_word")
_HV_VOLTAGES = tuple((f"pv{number}_voltage", f"pv{number}_voltage_hv") for number in (1, 2, 3))


class Zeros:
    """Zeros of a sample that are none: counters that were positive are 0 in it (G20); after six such they are real.

    Until then each member that is 0, but was not in the last good sample, goes on as it was there. Counters do not:
    they have their own guards.
    """

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self._count = a_count(stored.get("count"))
        self._good = a_dict(stored.get("good"))

    def dump(self) -> dict[str, Json]:
        """Return what is held, for storage."""
        return {"count": self._count, "good": {**self._good}}

    @property
    def held(self) -> bool:
        """Whether the last sample's zeros are held back."""
        return 0 < self._count < LASTING

    def filled(
        self,
        kind: Kind,
        members: Mapping[str, Json],
        before: Mapping[str, Json] | None,
        *,
        zeroed: bool,
        learn: bool,
    ) -> Mapping[str, Json]:
        """Return the members of a sample without zeros that are none; `before` are those of the sample before."""
        if learn:
            if zeroed and self._count == 0:
                self._good = dict(before or {})
            self._count = min(LASTING, self._count + 1) if zeroed else 0
            if not self.held:
                self._good = {}
        if not self.held:
            return members
        zeros = {
            name: self._good[name]
            for name, value in members.items()
            if parse_number(value) == 0 and parse_number(self._good.get(name)) and not is_counter(kind, name)
        }
        return {**members, **zeros}


class Liveness:
    """Whether a device is lost: by its flag, unless samples keep coming with new times and new numbers (G23)."""

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self._last: str | dict[str, float | None] | None = a_text(stored.get("last"))
        self._news = a_count(stored.get("news"))

    def dump(self) -> dict[str, Json]:
        """Return the last sample's fingerprint and how many in a row brought news, for storage."""
        return {"last": self._fingerprint, "news": self._news}

    @property
    def _fingerprint(self) -> str | None:
        """The last sample's fingerprint, made when it is needed."""
        return self._last if self._last is None or isinstance(self._last, str) else _digest(sorted(self._last.items()))

    @property
    def overruled(self) -> bool:
        """Whether the cloud calls the device lost, and its samples say otherwise."""
        return self._news >= KEEPS_COMING

    def lost(self, parsed: Parsed, *, learn: bool) -> bool:
        """Return whether the device is lost."""
        values = parsed.values
        flagged = (
            values.get("online") is False or values.get("operating_state") == "lost" or values.get("status") == "-1"
        )
        if learn:
            before, self._last = self._fingerprint if flagged else None, dict(parsed.numbers)
            news = before is not None and before != self._fingerprint
            self._news = min(KEEPS_COMING, self._news + 1) if news else 0
        return flagged and not self.overruled


def take_hv_voltages(numbers: dict[str, float | None]) -> None:
    """Take the PV voltages of HV models from the HV fields."""
    for key, source in _HV_VOLTAGES:
        if source in numbers:
            numbers[key] = numbers[source]


def whole_words(values: dict[str, Value]) -> None:
    """Show fault words as whole numbers."""
    for key in _FAULT_WORDS & values.keys():
        if isinstance(value := values[key], float):
            values[key] = int(value)


def fingerprint(parsed: Parsed) -> str:
    """Return what tells apart the numbers of two samples without a time."""
    return _digest((sorted(parsed.numbers.items()), sorted(parsed.values.items(), key=lambda item: item[0])))


def _digest(value: object) -> str:
    return hashlib.blake2s(repr(value).encode(errors="replace"), digest_size=8).hexdigest()


def stored_sample(value: Json, kind: Kind) -> Sample | None:
    """Return a sample from storage; None if it is damaged or of another kind."""
    try:
        sample = Sample.from_dict(a_dict(value))
    except KeyError, TypeError, ValueError:
        return None
    return sample if sample.kind is kind and a_moment(sample.received.isoformat()) is not None else None


def withdraw(kind: Kind, values: dict[str, Value]) -> None:
    """Take back the instantaneous values of a reading."""
    known = definitions(kind)
    for key in values:
        definition = known.get(key)
        momentary = definition is not None and (
            definition.quantity.state_class == "measurement"
            or (definition.options is not None and key != "operating_state")
        )
        if momentary or key in _RUNNING:
            values[key] = None
