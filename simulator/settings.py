"""The settings that devices hold: the simulator's own ranges and the keys under which the cloud shows them.

Keys of the string HPS's `batCapacity`, the period texts, the central HPS's `atsComNo` and `sharedBatteryEnable` and all
35 of the BCU are documented. The others are inventions of this simulator (or the sibling's names, where the
specification has a candidate), chosen inside the alphabetical bounds of the documented lists. The further styles of
naming, and the forms in which each writes periods, stand in `naming.py`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .naming import FORMS, KEYS, STYLES

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")

__all__ = ["BMS", "INVERTER", "PBD", "STYLES", "Json", "RefusedError", "Setting", "SettingsTable"]


class RefusedError(Exception):
    """A write that the simulated cloud refuses; the text becomes `msg`."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: own name, kinds (S C P B U M), type, range, value at first, and its key in the style `plain`."""

    name: str
    kinds: str
    type: str
    low: float
    high: float
    first: int | float | str | bool
    key: str

    def check(self, key: str, value: Json) -> int | float | str | bool:
        """Return the value if this setting can hold it.

        Raises:
            RefusedError: The type or the range is wrong.
        """
        if self.type == "window":
            if not isinstance(value, str) or not _WINDOW.fullmatch(value):
                raise RefusedError(f"{key}: a period like 06:00-10:00 is needed")
            return value
        if self.type == "bool":
            if not isinstance(value, bool):
                raise RefusedError(f"{key}: true or false is needed")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise RefusedError(f"{key}: out of range {self.low:g} to {self.high:g}")
        if self.type == "int":
            if value != int(value):
                raise RefusedError(f"{key}: a whole number is needed")
            return int(value)
        return value


def _number(name: str, kinds: str, low: float, high: float, first: float, key: str) -> Setting:
    return Setting(name, kinds, "float", low, high, first, key)


def _whole(name: str, kinds: str, low: int, high: int, first: int, key: str) -> Setting:
    return Setting(name, kinds, "int", low, high, first, key)


def _switch(name: str, kinds: str, first: int, key: str) -> Setting:
    return Setting(name, kinds, "int", 0, 1, first, key)


def _flag(name: str, kinds: str, key: str) -> Setting:
    return Setting(name, kinds, "bool", 0, 1, first=True, key=key)


def _window(period: str, number: int, first: str) -> Setting:
    kinds = "SCP" if number <= 2 else "CP"
    key = f"{period}PeriodTime{number}"
    return Setting(f"{period}_{number}", kinds, "window", 0, 0, first, key)


UNUSED = "00:00-00:00"
_WINDOWS = {
    "peak": ("17:00-22:00", UNUSED, UNUSED, UNUSED, UNUSED),
    "flat": ("06:00-17:00", "22:00-23:00", UNUSED, UNUSED, UNUSED),
    "valley": ("23:00-24:00", "00:00-06:00", UNUSED, UNUSED, UNUSED),
}

INVERTER: tuple[Setting, ...] = (
    _whole("ats_com_no", "C", 0, 255, 1, "atsComNo"),
    _switch("ats_bypass", "P", 0, "atsBypass"),
    _whole("bat_capacity", "SCP", 0, 50000, 100, "batCapacity"),
    _number("battery_export_power", "CP", 0, 150, 0, "batExportPower"),
    _whole("battery_groups", "SCP", 0, 100, 1, "batGroupNumber"),
    _whole("battery_units", "SCP", 0, 50000, 1, "batUnitNumber"),
    _switch("judge_by_voltage", "CP", 0, "batVoltJudgeEnable"),
    _switch("bms_enable", "SCP", 1, "bmsEnable"),
    _whole("bms_soc_lower", "S", 0, 100, 5, "bmsSocLowerLimit"),
    _whole("bms_soc_upper", "S", 0, 100, 100, "bmsSocUpperLimit"),
    _number("charge_current_limit", "SCP", 0, 1000, 1000, "chargeCurrentLimit"),
    _whole("charge_cutoff_soc", "CP", 0, 100, 100, "chargeCutoffSoc"),
    _whole("check_time", "SCP", 0, 1000, 60, "checkTime"),
    _number("discharge_current", "C", 0, 1000, 1000, "dischargeCurrent"),
    _number("discharge_current_limit", "SCP", 0, 1000, 1000, "dischargeCurrentLimit"),
    _whole("discharge_cutoff_soc", "SCP", 0, 100, 10, "dischargeCutoffSoc"),
    _whole("discharge_recover_soc", "CP", 0, 100, 15, "dischargeRecoverSoc"),
    _switch("ems_control", "SCP", 0, "emsControlEnable"),
    _switch("ems_direction", "C", 0, "emsDirection"),
    _number("ems_power", "SCP", 0, 150, 0, "emsPower"),
    _switch("forced_charge", "CP", 0, "forcedChargeEnable"),
    _switch("forced_off_grid", "CP", 0, "forcedOffGridEnable"),
    _whole("frequency_shift", "P", 0, 2, 0, "frequencyShift"),
    _switch("generator", "SCP", 0, "generatorEnable"),
    _number("generator_power_limit", "SCP", 0, 500, 0, "generatorPowerLimit"),
    _whole("grid_charge_cutoff_soc", "CP", 0, 100, 90, "gridChargeCutoffSoc"),
    _number("grid_charging_power", "CP", 0, 150, 0, "gridChargePower"),
    _switch("grid_charge_by_soc", "C", 0, "gridChargeSocEnable"),
    _number("grid_power_compensation", "SCP", 0, 10, 0, "gridPowerCompensation"),
    _number("grid_power_limit", "SCP", 0, 500, 500, "gridPowerUpperLimit"),
    _switch("grid_and_pv_charge", "SCP", 1, "gridPvChargeEnable"),
    _number("charge_current", "CP", 0, 800, 800, "icharge"),
    _number("charge_current", "S", 0, 80, 80, "icharge"),
    _whole("mode", "SCPB", 0, 12, 0, "modeSelection"),
    _switch("on_off", "SCP", 1, "onOff"),
    _whole("out_power_max", "SCP", 0, 120, 100, "outPowerMax"),
    _number("output_power", "SCP", 0, 500, 0, "outputPowerSet"),
    _number("power_start", "SCP", 0, 50, 1, "powerStart"),
    _switch("anti_reflux", "SCP", 0, "preventRefluxEnable"),
    _whole("rs_addr", "SCP", 1, 32, 1, "rsAddr"),
    _switch("shared_battery", "H", 0, "sharedBatteryEnable"),
    _whole("generator_start_soc", "SCP", 0, 100, 20, "socMax"),
    _whole("generator_stop_soc", "SCP", 0, 100, 80, "socMin"),
    _whole("system_number", "SCP", 0, 100, 0, "systemNo"),
    *(_window(period, number, first) for period, texts in _WINDOWS.items() for number, first in enumerate(texts, 1)),
    _number("start_voltage", "P", 300, 850, 450, "vstart"),
)

PBD: tuple[Setting, ...] = (
    _flag("bms_enable", "B", "bmsEnable"),
    _whole("check_time", "B", 0, 1000, 60, "gridDetectionTime"),
    _number("charge_current", "B", 0, 800, 1.0, "icharge"),
    _number("iout_max", "B", 0, 500, 0.0, "ioutMax"),
    _number("iout_min", "B", 0, 500, 500.0, "ioutMin"),
    _number("ipv_inductor_max", "B", 0, 500, 500.0, "ipvLMax"),
    _number("ipv_max", "B", 0, 500, 500.0, "ipvMax"),
    _flag("on_off", "B", "onOff"),
    _number("out_power_max", "B", 0, 120, 100.0, "outPowerMax"),
    _number("power_start", "B", 0, 50, 1.0, "powerStart"),
    _number("restore", "B", 0, 0, 0.0, "restore"),
    _number("riso_enable", "B", 0, 1, 0.0, "risoEnable"),
    _number("riso_min", "B", 10, 2000, 33.0, "risomin"),
    _number("rs_addr", "B", 1, 32, 3.0, "rsAddr"),
    _number("safety", "B", 0, 6, 2.0, "safety"),
    _number("soc_max", "B", 0, 100, 0.0, "socMax"),
    _number("soc_min", "B", 0, 100, 0.0, "socMin"),
    _whole("type", "B", 1, 1, 1, "type"),
    _number("mppt_max", "B", 300, 1500, 844.8, "vmpptMax"),
    _number("mppt_min", "B", 14.8, 1500, 14.8, "vmpptMin"),
    _number("vout_max", "B", 0, 1000, 450.0, "voutMax"),
    _number("vout_min", "B", 0, 1000, 450.0, "voutMin"),
    _number("vpv_max", "B", 200, 1000, 1000.0, "vpvMax"),
    _number("start_voltage", "B", 300, 850, 450.0, "vstart"),
)


def _level(
    number: int, word: str, volts: tuple[float, float], charge: tuple[int, int], discharge: tuple[int, int]
) -> tuple[Setting, ...]:
    start = f"level{number}"
    return tuple(
        _number(f"{start}_{name}", "UM", low, high, first, f"{start}{name}{word}")
        for name, low, high, first in (
            ("CellVoltHigh", 2.0, 4.3, volts[0]),
            ("CellVoltLow", 2.0, 4.3, volts[1]),
            ("ChargeCurrHigh", 0, 2000, 0),
            ("ChargeTEMPHigh", -40, 80, charge[0]),
            ("ChargeTEMPLow", -40, 80, charge[1]),
            ("DischargeCurrHigh", 0, 2000, 0),
            ("DischargeTEMPHigh", -40, 80, discharge[0]),
            ("DischargeTEMPLow", -40, 80, discharge[1]),
        )
    )


BMS: tuple[Setting, ...] = (
    _whole("cells", "UM", 1, 1000, 1, "batCellNumber"),
    _whole("packs", "UM", 1, 1000, 1, "batPackNumber"),
    _number("full_charge_voltage", "UM", 2.0, 4.3, 3.4, "cellFullChargeVoltage"),
    _number("full_discharge_voltage", "UM", 2.0, 4.3, 3, "cellFullDischargeVoltage"),
    _number("charge_denominator", "UM", 0, 100000, 1, "chargingCurrentCalibrationDenominator"),
    _number("charge_numerator", "UM", 0, 100000, 1, "chargingCurrentCalibrationNumerator"),
    _switch("current_calibration", "UM", 0, "currentCalibrationEnable"),
    _number("current_ratio", "UM", 0, 100000, 1, "currentRatio"),
    _number("discharge_denominator", "UM", 0, 100000, 1, "dischargingCurrentCalibrationDenominator"),
    _number("discharge_numerator", "UM", 0, 100000, 1, "dischargingCurrentCalibrationNumerator"),
    *_level(1, "Warning", (3.4, 2.8), (35, 0), (35, 0)),
    *_level(2, "Fault", (3.5, 2.6), (40, -5), (40, -10)),
    *_level(3, "Protection", (3.6, 2.4), (45, 5), (45, -20)),
    _number("balancing_wait", "UM", 0, 1000, 0.001, "pasBalWaitTimeHour"),
)

_LETTERS = {"hps_string": "S", "hps_central": "C", "pcs": "P", "pbd": "B", "bcu": "U", "mbms": "M"}


class SettingsTable:
    """The settings of one kind under the keys of one naming style."""

    def __init__(self, kind: str, *, hv: bool = False, style: str = "plain") -> None:
        letters = _LETTERS[kind] + ("H" if hv else "")
        rows = [row for row in (*INVERTER, *PBD, *BMS) if set(row.kinds) & set(letters)]
        names = KEYS[style]
        keyed = {names.get(row.name, row.key): row for row in rows}
        self._form = FORMS[style]
        self.by_key: dict[str, Setting] = {key: keyed[key] for key in sorted(keyed)}
        self.by_name: dict[str, Setting] = {row.name: row for row in rows}

    def defaults(self) -> dict[str, int | float | str | bool]:
        """Return all values at first, by own name."""
        return {row.name: row.first for row in self.by_key.values()}

    def show(self, values: Mapping[str, int | float | str | bool]) -> dict[str, Json]:
        """Return the answer to "get setting"."""
        return {
            key: self._form.shown(str(values[row.name])) if row.type == "window" else values[row.name]
            for key, row in self.by_key.items()
        }

    def check(self, body: Mapping[str, Json]) -> dict[str, int | float | str | bool]:
        """Return a written object's values by own name.

        Raises:
            RefusedError: A key is unknown or a value is out of range.
        """
        changes = {}
        for key, value in body.items():
            if key == "deviceSn":
                continue
            if key not in self.by_key:
                raise RefusedError(f"{key}: unknown parameter")
            row = self.by_key[key]
            taken = self._form.taken(value) if row.type == "window" and isinstance(value, str) else value
            changes[row.name] = row.check(key, taken)
        return changes
