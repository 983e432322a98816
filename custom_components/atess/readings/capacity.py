"""What a battery holds and may take or give, from what settings and samples tell."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..enerclo.model import Json
from .numbers import rounded
from .reading import Value
from .store import dumped, loaded

CAPACITIES = (0.1, 100_000.0)  # kWh; what lies outside is no capacity of these batteries
HALF = (40.0, 60.0)  # %; between them the voltage is the mean one of a discharge
ENOUGH = 12


@dataclass(slots=True, kw_only=True)
class HalfVoltage:
    """The battery's voltage at half charge: the mean of the first 12 samples there, which then stays."""

    total: float = 0.0
    count: int = 0

    @classmethod
    def restored(cls, state: Json) -> HalfVoltage:
        """Return what a dump returned; damaged parts count as never seen."""
        found = loaded(cls, state)
        return found if found is not None and found.total >= 0 else cls()

    def dump(self) -> dict[str, Json]:
        """Return what was seen, for storage."""
        return dumped(self)

    def learn(self, values: Mapping[str, Value]) -> None:
        """Learn from the values of a fresh sample."""
        charge, voltage = values.get("battery_state_of_charge"), values.get("battery_voltage")
        if self.count >= ENOUGH or not isinstance(charge, float) or not isinstance(voltage, float):
            return
        if HALF[0] <= charge <= HALF[1] and voltage > 0:
            self.total += voltage
            self.count += 1

    @property
    def volts(self) -> float | None:
        """The voltage in V, None before there is enough."""
        return self.total / self.count if self.count >= ENOUGH else None


def capacity_by_settings(amp_hours: float | None, groups: float | None, volts: float | None) -> float | None:
    """Return the capacity in kWh of groups in parallel, each of so many Ah; None if anything is missing."""
    if amp_hours is None or groups is None or volts is None:
        return None
    capacity = rounded(amp_hours * groups * volts / 1000, 1)
    return capacity if CAPACITIES[0] <= capacity <= CAPACITIES[1] else None


def power_limit(currents: tuple[float | None, ...], volts: Value, most: float | None = None) -> float | None:
    """Return the power in kW that the least of currents in A permits, but not more than `most`.

    The first current is what the battery permits now; without it, or without a voltage, there is none. Of settings a
    current of 0 is none.
    """
    if currents[0] is None or not isinstance(volts, float) or volts <= 0:
        return None
    power = min([currents[0], *(current for current in currents[1:] if current)]) * volts / 1000
    return rounded(max(0.0, power if most is None else min(power, most)), 2)
