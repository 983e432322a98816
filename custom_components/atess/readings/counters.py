"""The counters of one device: each with its guard, and what they say of one another."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from ..enerclo.model import Json, Kind
from .daily import DailyCounter
from .lifetime import LifetimeCounter
from .members import Parsed
from .numbers import rounded
from .rises import When
from .store import a_dict, a_number

# Lifetime counters of a PBD that may follow only the low word of the register (G14a).
_WRAPPING = frozenset(
    {
        "pv_energy_total",
        "battery_charge_energy_total",
        "battery_discharge_energy_total",
        "pv_generation_time_total",
        "battery_charging_time_total",
        "battery_discharging_time_total",
    }
)
DAILY, LIFETIME, HOURS = "energy_today", "energy_total", "time_total"
GUARDED = frozenset({DAILY, LIFETIME, HOURS})
ENERGIES = frozenset({DAILY, LIFETIME})
WRONG_UNIT = timedelta(days=1)


class Counters:
    """Guards the counters of one device (G12 to G14a); `unit` is what one step of its energies stands for, in kWh."""

    def __init__(self, kind: Kind, nominal: float, unit: float | None, state: Mapping[str, Json]) -> None:
        self._kind, self._nominal = kind, nominal
        self._unit, self._unit_known = unit or 1.0, unit is not None
        self._daily = {key: DailyCounter(nominal, item) for key, item in a_dict(state.get("daily")).items()}
        self._lifetime = {key: self._new(key, item) for key, item in a_dict(state.get("lifetime")).items()}
        before = a_number(state.get("energy_unit")) or 1.0
        if before != self._unit:
            for key, counter in self._lifetime.items():
                if "_time_" not in key:
                    counter.rescale(self._unit / before)

    def dump(self) -> dict[str, Json]:
        """Return what was accepted, for storage."""
        return {
            "daily": {key: counter.dump() for key, counter in self._daily.items()},
            "lifetime": {key: counter.dump() for key, counter in self._lifetime.items()},
            "energy_unit": self._unit,
        }

    @property
    def offsets(self) -> dict[str, Json]:
        """By how much what is shown exceeds the counter, where it does."""
        return {key: each.offset for key, each in self._lifetime.items() if each.offset}

    @property
    def days(self) -> Mapping[str, date]:
        """The day that each daily counter's value belongs to, in the device's own clock."""
        return {key: each.day for key, each in self._daily.items() if each.day is not None}

    def scaled(self, parsed: Parsed) -> None:
        """Bring energies into kWh."""
        if self._unit == 1.0:
            return
        for key, value in parsed.numbers.items():
            if parsed.quantities[key] in ENERGIES and value is not None:
                parsed.numbers[key] = rounded(value * self._unit)

    def zeroed(self, parsed: Parsed, when: When) -> bool:
        """Return whether most counters that were positive are 0, which no sample of a working device shows."""
        fell = stayed = 0
        for key in self._daily.keys() | self._lifetime.keys():
            value = parsed.numbers.get(key)
            if value is not None and self._before(key, when) is not None:
                fell += value == 0
                stayed += value != 0
        return fell > 0 and fell >= stayed

    def wrong_unit(self, now: datetime) -> tuple[float, datetime] | None:
        """Return by which power of ten most counters have been sent too large for a day, and since when (UTC)."""
        counters = [each for key, each in self._lifetime.items() if "_time_" not in key and each.value]
        told = [found for each in counters if (found := each.wrong_unit) and now - found[1] >= WRONG_UNIT]
        factors = {factor for factor, _ in told}
        return min(told, key=lambda each: each[1]) if len(factors) == 1 and 2 * len(told) > len(counters) else None

    def read(self, parsed: Parsed, when: When, notes: dict[str, list[str]], *, learn: bool) -> None:
        """Guard the counters of a sample; lifetime counters first, since daily ones are held against them."""
        held: set[str] = set()
        totals: dict[str, float | None] = {}
        for key, quantity in parsed.quantities.items():
            if quantity in {LIFETIME, HOURS}:
                lifetime = self._lifetime.get(key)
                if lifetime is None:
                    lifetime = self._lifetime[key] = self._new(key)
                sent = totals[key] = parsed.numbers[key]
                expected = None if sent is None else rounded(sent + lifetime.offset)
                shown = parsed.numbers[key] = lifetime.read(sent, when, learn=learn)
                if shown != expected:
                    held.add(key)
                    rose = expected is not None and shown is not None and expected > shown
                    notes.setdefault(key, []).append("G14" if rose else "G13")
        for key, quantity in parsed.quantities.items():
            if quantity == DAILY:
                daily = self._daily.get(key)
                if daily is None:
                    daily = self._daily[key] = DailyCounter(self._nominal)
                sent = parsed.numbers[key]
                of_life = f"{key.removesuffix('today')}total"
                lifetime = self._lifetime.get(of_life)
                shown = parsed.numbers[key] = daily.read(
                    sent,
                    when,
                    total=_accepted(lifetime, when),
                    sent_total=totals.get(of_life),
                    renewed_at=None if lifetime is None else lifetime.renewed_at,
                    doubted=of_life in held,
                    learn=learn,
                )
                if shown != sent:
                    notes.setdefault(key, []).append("G12")

    def _before(self, key: str, when: When) -> float | None:
        """Return what a counter that should not be 0 now showed last; None if it may be."""
        daily, lifetime = self._daily.get(key), self._lifetime.get(key)
        if daily is not None and daily.day == when.local.date():
            return daily.value or None
        return None if lifetime is None or "_time_" in key else lifetime.value or None

    def _new(self, key: str, state: Json = None) -> LifetimeCounter:
        wraps = self._kind is Kind.PBD and key in _WRAPPING
        return LifetimeCounter(self._nominal, state, hours="_time_" in key, wraps=wraps, unit_known=self._unit_known)


def _accepted(lifetime: LifetimeCounter | None, when: When) -> float | None:
    """Return what a lifetime counter shows if its value of this sample was accepted."""
    if lifetime is None or lifetime.value is None or lifetime.accepted_at != when.utc:
        return None
    return rounded(lifetime.value + lifetime.offset)


def energy_unit_of(corrections: Mapping[str, str]) -> float | None:
    """Return what the user says that one step of the energies stands for, in kWh; None if nothing is said."""
    try:
        unit = float(corrections.get("energy_unit", ""))
    except ValueError:
        return None
    return unit if unit > 0 else None
