"""The battery: capacity, efficiencies, limits, and cell voltages from its state of charge."""

import itertools
from dataclasses import dataclass

_CURVE = ((0.0, 2.80), (5.0, 3.10), (20.0, 3.22), (50.0, 3.29), (80.0, 3.33), (95.0, 3.38), (100.0, 3.46))


def _table() -> tuple[float, ...]:
    values = []
    for soc in range(102):
        for (left, low), (right, high) in itertools.pairwise(_CURVE):
            if soc <= right:
                values.append(low + (high - low) * (soc - left) / (right - left))
                break
        else:
            values.append(_CURVE[-1][1])
    return tuple(values)


_OPEN_CIRCUIT = _table()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySpec:
    """A battery of equal strings (clusters) in parallel.

    `kwh` is the energy from empty to full of all strings, `cells` the cells in series of one string, `packs` the boxes
    of one string, currents are limits in A for the whole battery, efficiencies are one-way (0 to 1), `soc` is the first
    state of charge in per cent. `bms` false: nothing tells cell values.
    """

    kwh: float
    cells: int
    packs: int
    strings: int
    charge_a: float
    discharge_a: float
    charge_efficiency: float
    discharge_efficiency: float
    soc: float
    soh: int
    bms: bool

    def open_circuit(self, soc: float) -> float:
        """Return the voltage of a string at rest in V."""
        index = int(soc)
        low = _OPEN_CIRCUIT[index]
        return self.cells * (low + (_OPEN_CIRCUIT[index + 1] - low) * (soc - index))

    def voltage(self, soc: float, power: float) -> float:
        """Return the voltage in V while the battery gives `power` kW (negative: takes it)."""
        rest = self.open_circuit(soc)
        return rest * (1.0 - 0.03 * max(-1.0, min(1.0, power / self.kwh)))

    def amp_hours(self) -> float:
        """Return the nominal capacity of one string in Ah."""
        return round(1000.0 * self.kwh / self.strings / (3.2 * self.cells))

    def charge_limit(self, soc: float, temperature: float) -> float:
        """Return the BMS's limit of the charging current in A: less when nearly full or cold."""
        limit = self.charge_a
        if soc > 95.0:
            limit *= max(0.05, (100.0 - soc) / 5.0)
        if temperature < 10.0:
            limit *= max(0.0, min(1.0, (temperature + 5.0) / 15.0))
        return limit

    def discharge_limit(self, soc: float, temperature: float) -> float:
        """Return the BMS's limit of the discharging current in A: less when nearly empty or very cold."""
        limit = self.discharge_a
        if soc < 5.0:
            limit *= soc / 5.0
        if temperature < 0.0:
            limit *= max(0.2, 1.0 + temperature / 20.0)
        return limit
