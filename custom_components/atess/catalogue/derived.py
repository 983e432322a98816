"""Values computed from what devices report: per kind, for the whole plant, and for the account."""

from collections.abc import Mapping

from ..enerclo.model import Kind
from .definition import Derived, Show, derived
from .quantities import (
    BACKUP_TIME,
    CAPACITY,
    CELL_VOLTAGE_SPREAD,
    CHARGING,
    CONNECTIVITY,
    COUNT,
    CURRENT,
    CYCLES,
    DISCHARGING,
    ENERGY_STORED,
    ENERGY_TODAY,
    ENERGY_TOTAL,
    NOMINAL_POWER,
    PERCENTAGE,
    PLACE,
    POWER,
    PROBLEM,
    RUNNING,
    STATE_OF_CHARGE,
    SUPPLY,
    TEMPERATURE_SPREAD,
)

ALL = frozenset(Kind)
HPS = frozenset({Kind.HPS_STRING, Kind.HPS_CENTRAL})
INVERTERS = HPS | {Kind.PCS}
PRODUCERS = INVERTERS | {Kind.PBD}

_BATTERIES = dict.fromkeys((Kind.BCU, Kind.MBMS), Show.DIAGNOSTIC)
_OWN_CURRENT = dict.fromkeys((Kind.HPS_CENTRAL, Kind.PCS, Kind.BCU, Kind.MBMS), Show.MAIN)

_ROWS: tuple[Derived, ...] = (
    derived("PV power", POWER, PRODUCERS, precision=2),
    derived("Battery power", POWER, ALL, precision=2),
    derived("Battery charging power", POWER, ALL, Show.HIDDEN, precision=2),
    derived("Battery discharging power", POWER, ALL, Show.HIDDEN, precision=2),
    derived("Grid power", POWER, INVERTERS, precision=2),
    derived("Grid import power", POWER, INVERTERS, Show.HIDDEN, precision=2),
    derived("Grid export power", POWER, INVERTERS, Show.HIDDEN, precision=2),
    derived("Load power", POWER, INVERTERS, precision=2),
    derived("Battery state of charge", STATE_OF_CHARGE, ALL),
    derived("Battery current", CURRENT, ALL, Show.HIDDEN, shown=_OWN_CURRENT),
    derived("Cell voltage spread", CELL_VOLTAGE_SPREAD, ALL, Show.DETAIL, shown=_BATTERIES),
    derived("Cell temperature spread", TEMPERATURE_SPREAD, ALL, Show.DETAIL),
    derived("Self-consumption today", PERCENTAGE, HPS, Show.HIDDEN),
    derived("Self-sufficiency today", PERCENTAGE, INVERTERS, Show.HIDDEN),
    derived("Battery round-trip efficiency", PERCENTAGE, PRODUCERS, Show.DETAIL, precision=1),
    derived("Battery energy stored", ENERGY_STORED, ALL, Show.HIDDEN),
    derived("Conversion loss power", POWER, HPS, Show.DETAIL, precision=2),
    derived("Measured capacity", CAPACITY, ALL, Show.DIAGNOSTIC),
    derived("Full cycles", CYCLES, PRODUCERS, Show.DIAGNOSTIC),
    derived("Round-trip efficiency 30 days", PERCENTAGE, ALL, Show.DETAIL, precision=1),
    derived("Cell spread at rest", CELL_VOLTAGE_SPREAD, ALL, Show.DETAIL),
    derived("Lowest cell place", PLACE, ALL, Show.DETAIL),
    derived("Lowest cell share", PERCENTAGE, ALL, Show.DETAIL),
    derived("Online", CONNECTIVITY, ALL, Show.DIAGNOSTIC),
    derived("Problem", PROBLEM, PRODUCERS),
    derived("Active faults", COUNT, PRODUCERS, Show.DIAGNOSTIC),
    derived("Nominal power", NOMINAL_POWER, PRODUCERS, Show.DIAGNOSTIC),
    derived("Usable capacity", CAPACITY, ALL, Show.DIAGNOSTIC),
    derived("Charge limit", POWER, ALL, Show.DIAGNOSTIC),
    derived("Discharge limit", POWER, ALL, Show.DIAGNOSTIC),
    derived("Grid present", SUPPLY, INVERTERS),
    derived("Backup time", BACKUP_TIME, INVERTERS),
    derived("Generator running", RUNNING, INVERTERS, Show.HIDDEN),
    derived("Battery charging", CHARGING, ALL),
    derived("Battery discharging", DISCHARGING, ALL),
    # By integration of power, for devices without the counter.
    derived("PV energy computed", ENERGY_TOTAL, HPS | {Kind.PBD}, Show.HIDDEN, precision=2),
    derived(
        "Battery charged (computed)", ENERGY_TOTAL, ALL, Show.HIDDEN, precision=2, key="battery_charge_energy_computed"
    ),
    derived(
        "Battery discharged (computed)",
        ENERGY_TOTAL,
        ALL,
        Show.HIDDEN,
        precision=2,
        key="battery_discharge_energy_computed",
    ),
    derived("Grid import energy computed", ENERGY_TOTAL, INVERTERS, Show.HIDDEN, precision=2),
    derived("Grid export energy computed", ENERGY_TOTAL, INVERTERS, Show.HIDDEN, precision=2),
    derived("Load energy computed", ENERGY_TOTAL, INVERTERS, Show.HIDDEN, precision=2),
    derived("Unaccounted energy by counters", PERCENTAGE, HPS, Show.DETAIL, precision=1),
    derived("Unaccounted energy by powers", PERCENTAGE, HPS, Show.DETAIL, precision=1),
)

DERIVED: Mapping[Kind, tuple[Derived, ...]] = {
    kind: tuple(row.of(kind) for row in _ROWS if kind in row.kinds) for kind in Kind
}

PLANT: tuple[Derived, ...] = (
    derived("PV power", POWER, precision=2),
    derived("Battery power", POWER, precision=2),
    derived("Battery charging power", POWER, show=Show.HIDDEN, precision=2),
    derived("Battery discharging power", POWER, show=Show.HIDDEN, precision=2),
    derived("Grid power", POWER, precision=2),
    derived("Grid import power", POWER, show=Show.HIDDEN, precision=2),
    derived("Grid export power", POWER, show=Show.HIDDEN, precision=2),
    derived("Load power", POWER, precision=2),
    derived("Battery state of charge", STATE_OF_CHARGE),
    derived("Battery energy stored", ENERGY_STORED, show=Show.HIDDEN),
    derived("PV energy today", ENERGY_TODAY),
    derived("PV energy total", ENERGY_TOTAL),
    derived("Battery charged today", ENERGY_TODAY, key="battery_charge_energy_today"),
    derived("Battery charged in total", ENERGY_TOTAL, key="battery_charge_energy_total"),
    derived("Battery discharged today", ENERGY_TODAY, key="battery_discharge_energy_today"),
    derived("Battery discharged in total", ENERGY_TOTAL, key="battery_discharge_energy_total"),
    derived("Grid import energy today", ENERGY_TODAY),
    derived("Grid import energy total", ENERGY_TOTAL),
    derived("Grid export energy today", ENERGY_TODAY),
    derived("Grid export energy total", ENERGY_TOTAL),
    derived("Load energy today", ENERGY_TODAY),
    derived("Load energy total", ENERGY_TOTAL),
    derived("Unaccounted energy by counters", PERCENTAGE, show=Show.DETAIL, precision=1),
    derived("Unaccounted energy by powers", PERCENTAGE, show=Show.DETAIL, precision=1),
)

ACCOUNT: tuple[Derived, ...] = (derived("Cloud reachable", CONNECTIVITY, show=Show.DIAGNOSTIC),)
