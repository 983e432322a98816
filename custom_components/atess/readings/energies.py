"""Energies from power: integrals where there is no counter, and the balance of the last day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..enerclo.model import Json
from .numbers import rounded
from .reading import Value
from .store import a_dict, a_list, a_moment, a_number

LONGEST_GAP = 3  # upload intervals that an integral bridges
DAY = 24  # hours
LEAST_COVERED = 20.0  # hours of the day for which power must be known
LEAST_IN = 1.0  # kWh

INPUTS, OUTPUTS = ("pv", "discharge", "import"), ("load", "charge", "export")
FLOWS = (*INPUTS, *OUTPUTS)
_POWERS: Mapping[str, str] = {
    "pv": "pv_power",
    "discharge": "battery_discharging_power",
    "import": "grid_import_power",
    "load": "load_power",
    "charge": "battery_charging_power",
    "export": "grid_export_power",
}
_COUNTERS: Mapping[str, str] = {
    "pv": "pv_energy_total",
    "discharge": "battery_discharge_energy_total",
    "import": "grid_import_energy_total",
    "load": "load_energy_total",
    "charge": "battery_charge_energy_total",
    "export": "grid_export_energy_total",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """An energy by integration: its flow, the power that it comes from, and the counter that would be better."""

    flow: str
    power: str
    counter: str


COMPUTED: Mapping[str, Computed] = {
    f"{_COUNTERS[flow].removesuffix('_total')}_computed": Computed(
        flow=flow, power=_POWERS[flow], counter=_COUNTERS[flow]
    )
    for flow in FLOWS
}

type Values = Mapping[str, Value]
type Energies = Mapping[str, float]


class Integral:
    """A power integrated by the trapezoid rule between samples; what lies beyond three intervals is left out."""

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self.energy = a_number(stored.get("energy")) or 0.0
        self._power = a_number(stored.get("power"))
        self._at = a_moment(stored.get("at"))

    def dump(self) -> dict[str, Json]:
        """Return energy and last sample, for storage."""
        return {
            "energy": self.energy,
            "power": self._power,
            "at": None if self._at is None else self._at.isoformat(),
        }

    def add(self, power: float | None, at: datetime, interval: float) -> tuple[float, float]:
        """Take a power in kW (None: not known) and return the energy since the last sample in kWh, and the hours."""
        last, before = self._power, self._at
        if before is not None and at <= before:
            return 0.0, 0.0
        self._power, self._at = power, at
        if last is None or power is None or before is None:
            return 0.0, 0.0
        hours = (at - before).total_seconds() / 3600
        if hours > LONGEST_GAP * interval / 60 + 1e-9:
            return 0.0, 0.0
        energy = (last + power) / 2 * hours
        self.energy = rounded(self.energy + energy, 6)
        return energy, hours


class EnergyLedger:
    """The energies of a device that come from its powers, and what flowed in each of the last hours."""

    def __init__(self, state: Json = None) -> None:
        stored = a_dict(state)
        self._integrals = {key: Integral(item) for key, item in a_dict(stored.get("integrals")).items()}
        self._counters = _energies(stored.get("counters"))
        self._hours: dict[int, tuple[dict[str, float], dict[str, float], float]] = {}
        for item in a_list(stored.get("hours")):
            hour = a_dict(item)
            number = a_number(hour.get("hour"))
            if number is not None:
                covered = a_number(hour.get("covered")) or 0.0
                self._hours[int(number)] = (_energies(hour.get("counters")), _energies(hour.get("powers")), covered)

    def dump(self) -> dict[str, Json]:
        """Return what was integrated and counted, for storage."""
        return {
            "integrals": {key: integral.dump() for key, integral in self._integrals.items()},
            "counters": {**self._counters},
            "hours": [
                {"hour": hour, "counters": {**counters}, "powers": {**powers}, "covered": covered}
                for hour, (counters, powers, covered) in self._hours.items()
            ],
        }

    def add(self, values: Values, at: datetime, interval: float) -> None:
        """Take the values of a fresh sample; `interval` is that of the uploads in minutes."""
        hour = int(at.timestamp() // 3600)
        counters, powers, covered = self._hours.get(hour, ({}, {}, 0.0))
        for key, computed in COMPUTED.items():
            if computed.power not in values:
                continue
            power = values[computed.power]
            if (integral := self._integrals.get(key)) is None:
                integral = self._integrals[key] = Integral()
            energy, hours = integral.add(power if isinstance(power, float) else None, at, interval)
            flow = computed.flow
            powers[flow] = rounded(powers.get(flow, 0.0) + energy, 6)
            if flow == "load":
                covered += hours
        for flow, key in _COUNTERS.items():
            total = values.get(key)
            if isinstance(total, float):
                rise = total - self._counters.get(flow, total)
                counters[flow] = rounded(counters.get(flow, 0.0) + max(0.0, rise))
                self._counters[flow] = total
        self._hours[hour] = counters, powers, covered
        for old in [old for old in self._hours if old <= hour - DAY]:
            del self._hours[old]

    def computed(self) -> dict[str, Value]:
        """Return the energies by integration, in kWh, of the powers that the device has."""
        return {key: rounded(integral.energy) for key, integral in self._integrals.items()}

    def last_day(self) -> tuple[Energies, Energies]:
        """Return what flowed in the last 24 hours by counters and by powers; empty where a day is not complete."""
        if not self._hours or max(self._hours) - min(self._hours) < DAY - 1:
            return {}, {}
        known = sum(covered for _, _, covered in self._hours.values()) >= LEAST_COVERED
        by_counters = _sums(counters for counters, _, _ in self._hours.values())
        return by_counters, _sums(powers for _, powers, _ in self._hours.values()) if known else {}


def unaccounted(energies: Energies) -> float | None:
    """Return the share in % of what flowed in that neither flowed out nor was stored; None if a flow is not known."""
    if any(flow not in energies for flow in FLOWS):
        return None
    came = sum(energies[flow] for flow in INPUTS)
    went = sum(energies[flow] for flow in OUTPUTS)
    return rounded(100 * (came - went) / came, 1) if came >= LEAST_IN else None


def _sums(hours: Iterable[Energies]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for energies in hours:
        for flow, energy in energies.items():
            sums[flow] = sums.get(flow, 0.0) + energy
    return sums


def _energies(value: Json) -> dict[str, float]:
    found = ((key, a_number(item)) for key, item in a_dict(value).items())
    return {key: item for key, item in found if item is not None and key in FLOWS}
