"""Naming styles: the keys under which a plant's cloud shows undocumented settings, and how it writes periods.

All but `plain` (see `settings.py`) differ from it only where the vendor documents nothing; a name that is not listed
keeps its plain key. `crowded` has the plain keys among neighbours that resemble them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

STYLES = ("plain", "verbose", "terse", "snake", "crowded")

_VERBOSE = {
    "battery_export_power": "batteryExportPowerSetting",
    "bms_soc_lower": "bmsSocLowerLimitSetting",
    "bms_soc_upper": "bmsSocUpperLimitSetting",
    "charge_current_limit": "chargingCurrentLimitValue",
    "charge_cutoff_soc": "chargingCutOffSocSetting",
    "discharge_current_limit": "dischargingCurrentLimitValue",
    "discharge_cutoff_soc": "dischargingCutOffSocSetting",
    "discharge_recover_soc": "dischargingRecoverySocSetting",
    "forced_charge": "forcedChargingEnable",
    "generator": "generatorEnableSetting",
    "grid_and_pv_charge": "gridAndPvChargingEnable",
    "grid_charge_cutoff_soc": "gridChargingCutOffSoc",
    "grid_charging_power": "gridChargingPowerSetting",
    "grid_power_limit": "gridPowerUpperLimitValue",
    "charge_current": "chargingCurrentSetting",
    "mode": "operatingModeSetting",
    "output_power": "outputPowerSetting",
    "on_off": "systemOnOffSetting",
    "anti_reflux": "gridAntiRefluxEnable",
}
_TERSE = {
    "battery_export_power": "batExpPwr",
    "bms_soc_lower": "bmsSocMin",
    "bms_soc_upper": "bmsSocMax",
    "charge_current_limit": "chgCurrLimit",
    "charge_cutoff_soc": "chgCutSoc",
    "discharge_current_limit": "disCurrLimit",
    "discharge_cutoff_soc": "disCutSoc",
    "discharge_recover_soc": "disRecSoc",
    "forced_charge": "forceChgEn",
    "generator": "genEn",
    "grid_and_pv_charge": "gridPvChgEn",
    "grid_charge_cutoff_soc": "gridChgCutSoc",
    "grid_charging_power": "gridChgPwr",
    "grid_power_limit": "gridPwrMax",
    "charge_current": "chgCurrSet",
    "mode": "runMode",
    "output_power": "outPwrSet",
    "on_off": "onOff",
    "anti_reflux": "refluxEn",
}
_SNAKE = {
    "battery_export_power": "battery_export_power",
    "bms_soc_lower": "bms_soc_lower_limit",
    "bms_soc_upper": "bms_soc_upper_limit",
    "charge_current_limit": "charge_current_limit",
    "charge_cutoff_soc": "charge_cutoff_soc",
    "discharge_current_limit": "discharge_current_limit",
    "discharge_cutoff_soc": "discharge_cutoff_soc",
    "discharge_recover_soc": "discharge_resume_soc",
    "forced_charge": "force_charge",
    "generator": "generator_enable",
    "grid_and_pv_charge": "pv_grid_charge",
    "grid_charge_cutoff_soc": "grid_charge_stop_soc",
    "grid_charging_power": "grid_charge_power",
    "grid_power_limit": "grid_import_power_limit",
    "charge_current": "charge_current",
    "mode": "mode_select",
    "output_power": "output_power",
    "on_off": "on_off",
    "anti_reflux": "prevent_backflow",
}
# Keys that a careless guess takes for the discharge cut-off, the mode, the grid's power limit and others.
_CROWDED = {
    "check_time": "dischargeCutoffSocDelay",
    "ems_power": "gridChargePowerRampRate",
    "generator_power_limit": "gridPowerUpperLimitBackup",
    "generator_start_soc": "dischargeCutoffSocOffGrid",
    "generator_stop_soc": "dischargeCutoffSocGenerator",
    "battery_units": "modeSelectionHistory",
    "rs_addr": "modeNumber",
}


def _windows(form: str) -> dict[str, str]:
    """Return the names of tariff periods; those of the valley stay, since the vendor documents the last of them."""
    return {f"{tariff}_{number}": form.format(tariff, number) for tariff in ("peak", "flat") for number in range(1, 6)}


KEYS: Mapping[str, Mapping[str, str]] = {
    "plain": {},
    "verbose": _VERBOSE | _windows("{}PeriodTimeSetting{}"),
    "terse": _TERSE | _windows("{}Time{}"),
    "snake": _SNAKE | _windows("{}_period_{}"),
    "crowded": _CROWDED,
}


@dataclass(frozen=True, slots=True)
class Form:
    """How a cloud writes a period: text from and to the simulator's own `HH:MM-HH:MM`."""

    pattern: str
    shown: Callable[[str], str]
    back: Callable[[str], str]

    def taken(self, text: str) -> str:
        """Return the simulator's own text of a period; a text in another form stays as it is, and is then refused."""
        return self.back(text) if re.fullmatch(self.pattern, text) else f"not a period: {text}"


def _same(text: str) -> str:
    return text


def _digits(text: str) -> str:
    return f"{text[:2]}:{text[2:4]}-{text[5:7]}:{text[7:]}"


FORMS: Mapping[str, Form] = {
    "plain": Form(r".*", _same, _same),
    "verbose": Form(
        r"\d\d:\d\d ~ \d\d:\d\d", lambda text: text.replace("-", " ~ "), lambda text: text.replace(" ~ ", "-")
    ),
    "terse": Form(r"\d{4}-\d{4}", lambda text: text.replace(":", ""), _digits),
    "snake": Form(
        r"\d\d:\d\d:00-\d\d:\d\d:00",
        lambda text: "-".join(f"{part}:00" for part in text.split("-")),
        lambda text: "-".join(part[:5] for part in text.split("-")),
    ),
    "crowded": Form(r".*", _same, _same),
}
