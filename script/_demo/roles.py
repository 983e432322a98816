"""What each kind of device must show, and which sources of the Energy dashboard it provides."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

INVERTER_ENERGIES: dict[str, tuple[str, ...]] = {
    "grid": ("grid_import_energy_total", "grid_export_energy_total", "grid_power"),
    "battery": ("battery_charge_energy_total", "battery_discharge_energy_total", "battery_power"),
}
SOLAR: dict[str, tuple[str, ...]] = {"solar": ("pv_energy_total", "pv_power")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A kind's live values by key and name, the least number of numeric states, and its sources with their entities.

    `later` are sources that appear only after hours: on a PCS it has to be observed first which counter is import.
    """

    live: Mapping[str, str]
    least_numbers: int
    sources: Mapping[str, tuple[str, ...]]
    later: frozenset[str] = frozenset()


POWERS = {
    "pv_power": "PV power",
    "battery_power": "Battery power",
    "grid_power": "Grid power",
    "load_power": "Load power",
}
CHARGE = {"battery_state_of_charge": "Battery state of charge", "battery_voltage": "Battery voltage"}
HPS = Role(live=POWERS, least_numbers=20, sources=SOLAR | INVERTER_ENERGIES)
BATTERY = Role(live=CHARGE, least_numbers=5, sources={})
ROLES = {
    "hps_string": HPS,
    "hps_central": HPS,
    "pcs": Role(
        live={key: name for key, name in POWERS.items() if key != "pv_power"} | CHARGE,
        least_numbers=15,
        sources=INVERTER_ENERGIES,
        later=frozenset({"grid"}),
    ),
    "pbd": Role(live={"pv_power": "PV power"}, least_numbers=10, sources=SOLAR),
    "bcu": BATTERY,
    "mbms": BATTERY,
}
SOURCE_NAMES = {
    "solar": ("PV energy total",),
    "grid": ("Grid import energy total", "Grid export energy total"),
    "battery": ("Battery charged in total", "Battery discharged in total"),
}


def needed(device: str, kind: str) -> list[str]:
    """Return the unique ids that a device needs before the Energy dashboard can be filled."""
    role = ROLES[kind]
    return [f"{device}_{key}" for name, keys in role.sources.items() if name not in role.later for key in keys]


def available_sources(device: str, kind: str, entities: dict[str, Any]) -> list[str]:
    """Return the sources that a device provides now."""
    return [name for name, keys in ROLES[kind].sources.items() if all(f"{device}_{key}" in entities for key in keys)]
