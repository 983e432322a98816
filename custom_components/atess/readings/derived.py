"""Derived values of one device's sample: kW, vendor's signs inside, Home Assistant's in what is returned."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..enerclo.model import Kind
from .faults import STOPPING
from .numbers import rounded
from .reading import ActiveFault, Value
from .selfchecks.battery import INVERTED, INVERTER_OUTPUT
from .selfchecks.layout import LIVE_VOLTAGE, Powers, total_pv

HPS = frozenset({Kind.HPS_STRING, Kind.HPS_CENTRAL})
INVERTERS = HPS | {Kind.PCS}
BATTERIES = frozenset({Kind.BCU, Kind.MBMS})
RUNNING_POWER = 0.05
STOPPED_STATES = frozenset({"fault", "permanent_fault"})
FLOW_SIGNS: Mapping[str, int] = {"charging": -1, "idle": 0, "discharging": 1}
PV_INPUTS = ("pv1_power", "pv2_power", "pv3_power", "pv4_power", "pv5_power")

PV_OF_HPS = ("pv_power_reported", *PV_INPUTS[:3])

type Numbers = Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Knowledge about a device beyond the sample: PV layout, meaning of `pac`, and the corrections the user chose.

    `battery_way` and `grid_way` say of a power without a sign which one it should have (0: not known), by counters.
    `missing` holds the keys of what it usually sends and this sample has no usable value for.
    """

    kind: Kind
    layout: str | None = None
    meaning: str | None = None
    battery_sign: str | None = None
    grid_sign: str | None = None
    battery_way: int | None = None
    grid_way: int | None = None
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The four powers of a device in vendor's signs, and which of them could not be measured.

    `battery` is + discharge and `grid` + export, both after the user's corrections. `measured_battery` is the battery's
    power as measured, before them; of a PCS its DC side.
    """

    pv: float | None
    pv1: float | None
    battery: float | None
    grid: float | None
    load: float | None
    measured_battery: float | None
    computed: bool


def pv_powers(numbers: Numbers) -> Powers:
    """Return `ppv`, `ppv1`, `ppv2` and `ppv3` in kW."""
    return (
        numbers.get("pv_power_reported"),
        numbers.get("pv1_power"),
        numbers.get("pv2_power"),
        numbers.get("pv3_power"),
    )


def flows(facts: Facts, numbers: Numbers, values: Mapping[str, Value]) -> Flows:
    """Return PV, battery, grid and load power; at most one of them is computed from the others."""
    pv, pv1 = _pv(facts, numbers)
    sent = _directed(numbers.get("grid_power_reported"), facts.grid_way)
    grid = _negated(sent, facts.grid_sign == INVERTED and facts.grid_way is None)
    load = numbers.get("load_power")
    if facts.kind is Kind.PCS:
        return _pcs_flows(facts, numbers, values, pv=pv, grid=grid, load=load)
    measured = _measured_battery(facts, numbers, pv, values)
    battery = _negated(measured, facts.battery_sign == INVERTED and facts.battery_way is None)
    missing = [battery, grid, load].count(None)
    computed = missing == 1 and pv is not None and facts.kind in HPS
    if computed and pv is not None:
        if battery is None and load is not None and grid is not None:
            battery = load + grid - pv
        elif grid is None and battery is not None and load is not None:
            grid = pv + battery - load
        elif battery is not None and grid is not None:
            load = max(0.0, pv + battery - grid)
    return Flows(pv=pv, pv1=pv1, battery=battery, grid=grid, load=load, measured_battery=measured, computed=missing > 0)


def _pcs_flows(
    facts: Facts,
    numbers: Numbers,
    values: Mapping[str, Value],
    *,
    pv: float | None,
    grid: float | None,
    load: float | None,
) -> Flows:
    """Return the flows of a PCS, whose DC side is PV plus battery: output = DC side, load = DC side - grid."""
    measured = _directed(numbers.get("dc_side_power_reported"), facts.battery_way, values)
    dc_side = _negated(measured, facts.battery_sign == INVERTED and facts.battery_way is None)
    missing = [dc_side, grid, load].count(None)
    if missing == 1:
        if dc_side is None and load is not None and grid is not None:
            dc_side = load + grid
        elif grid is None and dc_side is not None and load is not None:
            grid = dc_side - load
        elif dc_side is not None and grid is not None:
            load = max(0.0, dc_side - grid)
    battery = by_voltage(numbers) if dc_side is None else dc_side - (numbers.get("pbd_output_power") or 0.0)
    return Flows(
        pv=pv, pv1=None, battery=battery, grid=grid, load=load, measured_battery=measured, computed=missing > 0
    )


def by_voltage(numbers: Numbers) -> float | None:
    """Return battery power from voltage and current, + discharge."""
    voltage, current = numbers.get("battery_voltage"), numbers.get("battery_current")
    return None if voltage is None or current is None else voltage * current / 1000


def _pv(facts: Facts, numbers: Numbers) -> tuple[float | None, float | None]:
    """Return total PV power and that of PV1; a part is not shown as the total while an input is missing."""
    if facts.kind in HPS:
        total, first = total_pv(facts.layout, pv_powers(numbers))
        decisive = facts.missing.isdisjoint(PV_OF_HPS) or facts.layout is not None
        return total if decisive else None, first
    total = numbers.get("pv_power_reported")
    if facts.kind is Kind.PBD and total is None and facts.missing.isdisjoint(("pv_power_reported", *PV_INPUTS)):
        inputs = [power for key in PV_INPUTS if (power := numbers.get(key)) is not None]
        total = sum(inputs) if inputs else None
    return total, numbers.get("pv1_power")


def _measured_battery(facts: Facts, numbers: Numbers, pv: float | None, values: Mapping[str, Value]) -> float | None:
    if facts.kind in BATTERIES:
        return by_voltage(numbers) if values.get("battery_flow_flag") is not None else None
    power = _directed(numbers.get("battery_power_reported"), facts.battery_way, values)
    if power is not None and facts.meaning == INVERTER_OUTPUT and facts.kind in HPS:
        # An inverted sign is one of the whole output, so PV has it too.
        return None if pv is None else power + pv if facts.battery_sign == INVERTED else power - pv
    return power


def _negated(value: float | None, negate: bool) -> float | None:
    return -value if negate and value is not None else value


def _directed(power: float | None, way: int | None, values: Mapping[str, Value] | None = None) -> float | None:
    """Return a power without a sign with the one that flags or counters tell; None if they tell none."""
    if power is None or way is None:
        return power
    told = [(values or {}).get("battery_flow_flag"), (values or {}).get("battery_status")]
    flags = [FLOW_SIGNS[flag] for flag in told if isinstance(flag, str) and FLOW_SIGNS.get(flag)]
    sign = flags[0] if flags else way
    if abs(power) <= RUNNING_POWER:
        return 0.0
    return abs(power) * sign if sign else None


def signed_by_flag(current: float | None, flag: Value) -> float | None:
    """Return a BMS's current with the sign of the battery's flow (its own is not known); as sent without a flag."""
    if current is None or not isinstance(flag, str):
        return current
    return abs(current) * FLOW_SIGNS.get(flag, 0)


def derive(facts: Facts, numbers: Numbers, flow: Flows, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the derived values by key, without faults and online; only those whose inputs were sent."""
    found: dict[str, float | None] = {}
    if facts.kind not in BATTERIES and _any(numbers, "pv_power_reported", *PV_INPUTS):
        found["pv_power"] = flow.pv
        if "pv1_power" in numbers or flow.pv1 is not None:
            found["pv1_power"] = flow.pv1
    if flow.battery is not None or _any(numbers, "battery_power_reported", "dc_side_power_reported"):
        found["battery_power"] = flow.battery
    elif facts.kind in BATTERIES and _all(numbers, "battery_voltage", "battery_current"):
        found["battery_power"] = None
    if facts.kind in INVERTERS and (flow.grid is not None or "grid_power_reported" in numbers):
        found["grid_power"] = _negated(flow.grid, negate=True)
    if facts.kind in INVERTERS and (flow.load is not None or "load_power" in numbers):
        found["load_power"] = flow.load
    _halves(found)
    found |= _battery(facts, numbers, found)
    found |= _shares(facts, numbers)
    if facts.kind in HPS and _all(numbers, "battery_power_reported", "grid_power_reported", "load_power"):
        found["conversion_loss_power"] = _loss(flow)
    return {key: None if value is None else rounded(value, 4) for key, value in found.items()} | _binaries(
        facts, numbers, found, values
    )


def _halves(found: dict[str, float | None]) -> None:
    for power, positive, negative in (
        ("battery_power", "battery_discharging_power", "battery_charging_power"),
        ("grid_power", "grid_import_power", "grid_export_power"),
    ):
        if power in found:
            value = found[power]
            found[positive] = None if value is None else max(0.0, value)
            found[negative] = None if value is None else max(0.0, -value)


def _battery(facts: Facts, numbers: Numbers, found: Numbers) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    own = [key for key in ("battery_state_of_charge", "reported_state_of_charge") if key in numbers]
    if own:
        values["battery_state_of_charge"] = own_state_of_charge(facts.kind, numbers)
    if "battery_current" not in numbers and "battery_power" in found:
        voltage, power = numbers.get("battery_voltage"), found["battery_power"]
        if "battery_voltage" in numbers:
            known = voltage is not None and power is not None and voltage >= 10
            values["battery_current"] = 1000 * power / voltage if known and power is not None and voltage else None
    for key, upper, lower, factor in (
        ("cell_voltage_spread", "cell_voltage_maximum", "cell_voltage_minimum", 1000),
        ("cell_temperature_spread", "battery_temperature_maximum", "battery_temperature_minimum", 1),
    ):
        if _all(numbers, upper, lower):
            highest, lowest = numbers[upper], numbers[lower]
            values[key] = None if highest is None or lowest is None else rounded(factor * (highest - lowest), 1)
    return values


def own_state_of_charge(kind: Kind, numbers: Numbers) -> float | None:
    """Return the device's own state of charge: `soc`, then `capacity`."""
    keys = ["battery_state_of_charge", "reported_state_of_charge"]
    if kind not in BATTERIES:  # here `soc` is the reported one
        keys.reverse()
    return next((value for key in keys if (value := numbers.get(key)) is not None), None)


def _shares(facts: Facts, numbers: Numbers) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    produced, exported = numbers.get("pv_energy_today"), numbers.get("grid_export_energy_today")
    if facts.kind in HPS and _all(numbers, "pv_energy_today", "grid_export_energy_today"):
        values["self_consumption_today"] = _share(produced, exported)
    used, imported = numbers.get("load_energy_today"), numbers.get("grid_import_energy_today")
    if facts.kind in INVERTERS and _all(numbers, "load_energy_today", "grid_import_energy_today"):
        values["self_sufficiency_today"] = _share(used, imported)
    charge, discharge = numbers.get("battery_charge_energy_total"), numbers.get("battery_discharge_energy_total")
    if _all(numbers, "battery_charge_energy_total", "battery_discharge_energy_total"):
        ratio = 100 * discharge / charge if charge is not None and charge >= 50 and discharge is not None else None
        values["battery_round_trip_efficiency"] = None if ratio is None or ratio > 100 else rounded(ratio, 1)
    return values


def _share(whole: float | None, lost: float | None) -> float | None:
    if whole is None or lost is None or whole < 0.5:
        return None
    return rounded(min(100.0, max(0.0, 100 * (whole - lost) / whole)), 1)


def _loss(flow: Flows) -> float | None:
    if flow.computed or flow.pv is None or flow.battery is None or flow.load is None or flow.grid is None:
        return None
    return flow.pv + flow.battery - (flow.load + flow.grid)


def _binaries(
    facts: Facts, numbers: Numbers, found: Mapping[str, float | None], values: Mapping[str, Value]
) -> dict[str, Value]:
    binaries: dict[str, Value] = {}
    if facts.kind in INVERTERS:
        frequency = numbers.get("grid_frequency")
        sent = [key for key in ("grid_voltage_l1", "grid_voltage_l1_l2") if key in numbers]
        voltage = next((value for key in sent if (value := numbers[key]) is not None), None)
        if "grid_frequency" in numbers or sent:
            by_voltage_only = None if voltage is None else voltage > LIVE_VOLTAGE
            binaries["grid_present"] = by_voltage_only if frequency is None else frequency > 0
        power, mode = numbers.get("generator_power"), values.get("operating_mode")
        if "generator_power" in numbers or "operating_mode" in values:
            unknown = power is None and mode is None
            binaries["generator_running"] = (
                None if unknown else (power is not None and power > RUNNING_POWER) or mode == "generator"
            )
    flow = _battery_flow(found.get("battery_power"), values)
    if "battery_power" in found or {"battery_flow_flag", "battery_status"} & values.keys():
        binaries["battery_charging"] = None if flow is None else flow == "charging"
        binaries["battery_discharging"] = None if flow is None else flow == "discharging"
    return binaries


def _battery_flow(power: float | None, values: Mapping[str, Value]) -> str | None:
    if power is not None:
        if abs(power) <= RUNNING_POWER:
            return "idle"
        return "charging" if power < 0 else "discharging"
    if isinstance(flag := values.get("battery_flow_flag"), str):
        return flag
    status = values.get("battery_status")
    return status if isinstance(status, str) else None


def problem(
    values: Mapping[str, Value], words: Mapping[int, float | None], faults: tuple[ActiveFault, ...]
) -> bool | None:
    """Return whether a device has a problem: a stopping fault or a state of fault; None if nothing says."""
    state = values.get("operating_state")
    if any(fault.severity in STOPPING for fault in faults) or state in STOPPED_STATES:
        return True
    known = state is not None or any(value is not None for value in words.values())
    return False if known else None


def energy_stored(state_of_charge: float, capacity: float) -> float:
    """Return the energy in a battery in kWh, from its state of charge in % and its usable capacity in kWh."""
    return rounded(state_of_charge / 100 * capacity, 2)


def _any(numbers: Numbers, *keys: str) -> bool:
    return any(key in numbers for key in keys)


def _all(numbers: Numbers, *keys: str) -> bool:
    return all(key in numbers for key in keys)
