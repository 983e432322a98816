"""What the inverter wants of the battery: operating mode, tariff windows and limits."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class Mode(IntEnum):
    """The mode setting (holding register 26)."""

    LOAD_FIRST = 0
    BATTERY_FIRST = 1
    ECONOMY = 2
    PEAK_SHAVING = 3
    TIME_SCHEDULE = 4
    MANUAL_DISPATCH = 5
    BATTERY_PROTECTION = 6
    BACKUP = 7
    CONSTANT_POWER_DISCHARGE = 8
    FORCED_CHARGING = 9
    SMART_METER = 10
    BATTERY_SMART_METER = 11
    GRID_ACCESS_CONTROL = 12


PEAK, FLAT, VALLEY = 0, 1, 2
EMS_RUN_MODEL = 8
RUN_MODEL: dict[Mode, int] = {
    Mode.LOAD_FIRST: 5,
    Mode.BATTERY_FIRST: 4,
    Mode.ECONOMY: 1,  # replaced by the present period
    Mode.PEAK_SHAVING: 6,
    Mode.TIME_SCHEDULE: 7,
    Mode.MANUAL_DISPATCH: 10,
    Mode.BATTERY_PROTECTION: 11,
    Mode.BACKUP: 12,
    Mode.CONSTANT_POWER_DISCHARGE: 13,
    Mode.FORCED_CHARGING: 14,
    Mode.SMART_METER: 15,
    Mode.BATTERY_SMART_METER: 16,
    Mode.GRID_ACCESS_CONTROL: 17,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The settings and faults of a system, as its control uses them: kW, A and per cent."""

    running: bool
    mode: Mode
    periods: tuple[int, ...]
    """Tariff period of each minute of the day."""
    cutoff: float
    recover: float
    charge_cutoff: float
    grid_charge_kw: float
    grid_charge_cutoff: float
    import_cap: float
    battery_export_kw: float
    charge_a: float
    discharge_a: float
    ac_max: float
    output_kw: float
    zero_export: bool
    off_grid: bool
    ems_kw: float | None
    """Power that the energy management asks of the battery, + discharge; None while it is off."""
    pv_caps: tuple[float, ...] | None
    """Most that each array may give; None: no limit."""

    def run_model(self, minute: int) -> int:
        """Return the running mode as devices report it."""
        if self.ems_kw is not None:
            return EMS_RUN_MODEL
        if self.mode is Mode.ECONOMY:
            return self.periods[minute]
        return RUN_MODEL[self.mode]


type Rule = Callable[[Control, float, float, int, float], float]
"""Battery power wanted (kW, + discharge) from: control, power that keeps the grid at zero, PV power, period, SOC."""


def _load_first(_control: Control, follow: float, _pv: float, _period: int, _soc: float) -> float:
    return follow


def _grid_charge(control: Control, follow: float, soc: float) -> float:
    """Store the surplus and, below the grid's own cut-off, power of the grid."""
    surplus = min(0.0, follow)
    return surplus - control.grid_charge_kw if soc < control.grid_charge_cutoff else surplus


def _battery_first(control: Control, _follow: float, pv: float, _period: int, soc: float) -> float:
    return -max(pv, control.grid_charge_kw) if soc < control.grid_charge_cutoff else -pv


def _windows(control: Control, follow: float, _pv: float, period: int, soc: float) -> float:
    if period == VALLEY:
        return _grid_charge(control, follow, soc)
    if period == PEAK:
        export = control.battery_export_kw
        return max(follow, 0.0) + export if export > 0.0 else follow
    return min(follow, 0.0)


def _peak_shaving(control: Control, follow: float, _pv: float, _period: int, soc: float) -> float:
    above = follow - control.import_cap
    if above > 0.0:
        return above
    spare = min(control.grid_charge_kw, -above) if soc < control.grid_charge_cutoff else 0.0
    return min(follow, -0.9 * spare, 0.0)


def _manual(control: Control, _follow: float, pv: float, _period: int, _soc: float) -> float:
    return control.output_kw - pv


def _protect(control: Control, follow: float, _pv: float, _period: int, soc: float) -> float:
    return _grid_charge(control, follow, soc) if soc < control.recover else min(follow, 0.0)


def _backup(control: Control, follow: float, _pv: float, _period: int, soc: float) -> float:
    return _grid_charge(control, follow, soc)


def _constant_discharge(control: Control, _follow: float, _pv: float, _period: int, _soc: float) -> float:
    return control.output_kw


def _forced_charging(control: Control, _follow: float, pv: float, _period: int, _soc: float) -> float:
    return -(control.ac_max + pv)


RULES: dict[Mode, Rule] = {
    Mode.LOAD_FIRST: _load_first,
    Mode.BATTERY_FIRST: _battery_first,
    Mode.ECONOMY: _windows,
    Mode.PEAK_SHAVING: _peak_shaving,
    Mode.TIME_SCHEDULE: _windows,
    Mode.MANUAL_DISPATCH: _manual,
    Mode.BATTERY_PROTECTION: _protect,
    Mode.BACKUP: _backup,
    Mode.CONSTANT_POWER_DISCHARGE: _constant_discharge,
    Mode.FORCED_CHARGING: _forced_charging,
    Mode.SMART_METER: _load_first,
    Mode.BATTERY_SMART_METER: _load_first,
    Mode.GRID_ACCESS_CONTROL: _peak_shaving,
}


def _ems(control: Control, _follow: float, _pv: float, _period: int, _soc: float) -> float:
    return control.ems_kw or 0.0


def rule(control: Control) -> Rule:
    """Return the rule that holds under these settings; off the grid the battery can only follow the load."""
    if control.off_grid:
        return _load_first
    return RULES[control.mode] if control.ems_kw is None else _ems
