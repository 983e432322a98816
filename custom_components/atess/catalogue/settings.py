"""The settings that devices hold: one line per setting; which keys of the cloud they may have; how they are related.

The cloud's key is documented for few of them. All others are guesses: exact spellings, then sets of words that a key
must consist of (see `settings/matching.py`). Ranges are those of the registers; the device may permit less.
"""
# ruff: noqa: E501  # one line per setting, however long

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..enerclo.model import Kind
from .definition import Enumeration, slug
from .enumerations import EMS_DIRECTION, FREQUENCY_SHIFT, MODE_SETTING


class Danger(StrEnum):
    """Who may change a setting: a homeowner, an installer, or nobody through this integration."""

    SAFE = "safe"
    INSTALLER = "installer"
    SAFETY = "safety"


class SettingType(StrEnum):
    """Type of the value of a setting."""

    NUMBER = "number"
    SELECT = "select"
    SWITCH = "switch"
    WINDOW = "window"


SAFE, INSTALLER, SAFETY = Danger


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting: its key of ours, range in its unit, danger, and the cloud's keys it has or may have.

    `documented` holds the kinds whose key `spellings[0]` the vendor documents. With `nominal` the device's nominal power
    limits the range. `hidden`: never shown as an entity, not even read only.
    """

    key: str
    name: str
    type: SettingType
    unit: str | None
    low: float | None
    high: float | None
    step: float | None
    danger: Danger
    kinds: frozenset[Kind]
    documented: frozenset[Kind]
    spellings: tuple[str, ...]
    words: tuple[frozenset[str], ...]
    enumeration: Enumeration | None = None
    nominal: bool = False
    hidden: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The states of a selection, none for other types."""
        return self.enumeration.options if self.enumeration else ()


_LETTERS: Mapping[str, Kind] = {
    "S": Kind.HPS_STRING,
    "C": Kind.HPS_CENTRAL,
    "P": Kind.PCS,
    "B": Kind.PBD,
    "U": Kind.BCU,
    "M": Kind.MBMS,
}


def _kinds(letters: str) -> frozenset[Kind]:
    return frozenset(_LETTERS[letter] for letter in letters)


def _setting(  # noqa: PLR0913, PLR0917
    name: str,
    kinds: str,
    kind_of: SettingType,
    danger: Danger,
    spellings: str,
    words: str,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    unit: str | None = None,
    *,
    key: str | None = None,
    documented: str = "",
    enumeration: Enumeration | None = None,
    nominal: bool = False,
    hidden: bool = False,
) -> Setting:
    return Setting(
        key=key or slug(name),
        name=name,
        type=kind_of,
        unit=unit,
        low=low,
        high=high,
        step=step,
        danger=danger,
        kinds=_kinds(kinds),
        documented=_kinds(documented),
        spellings=tuple(spellings.split()),
        words=tuple(frozenset(part.split()) for part in words.split("|") if part.strip()),
        enumeration=enumeration,
        nominal=nominal,
        hidden=hidden,
    )


def _number(  # noqa: PLR0913, PLR0917
    name: str,
    kinds: str,
    low: float | None,
    high: float | None,
    step: float | None,
    unit: str | None,
    danger: Danger,
    spellings: str = "",
    words: str = "",
    *,
    documented: str = "",
    nominal: bool = False,
    hidden: bool = False,
) -> Setting:
    return _setting(
        name,
        kinds,
        SettingType.NUMBER,
        danger,
        spellings,
        words,
        low,
        high,
        step,
        unit,
        documented=documented,
        nominal=nominal,
        hidden=hidden,
    )


def _switch(
    name: str, kinds: str, danger: Danger, spellings: str = "", words: str = "", *, documented: str = ""
) -> Setting:
    return _setting(name, kinds, SettingType.SWITCH, danger, spellings, words, 0, 1, 1, documented=documented)


def _select(
    name: str,
    kinds: str,
    enumeration: Enumeration,
    danger: Danger,
    spellings: str = "",
    words: str = "",
    *,
    key: str | None = None,
) -> Setting:
    codes = [choice.code for choice in enumeration.choices]
    return _setting(
        name,
        kinds,
        SettingType.SELECT,
        danger,
        spellings,
        words,
        min(codes),
        max(codes),
        1,
        key=key,
        enumeration=enumeration,
    )


TARIFFS = ("peak", "flat", "valley")


def _windows() -> tuple[Setting, ...]:
    """Return the tariff periods: of each HPS kind the vendor documents the key of the last one, and none of the PCS."""
    documented = {"Valley period 2": "S", "Valley period 5": "C"}
    return tuple(
        _setting(
            name := f"{tariff.capitalize()} period {number}",
            "SCP" if number <= 2 else "CP",
            SettingType.WINDOW,
            SAFE,
            f"{tariff}PeriodTime{number} {tariff}Period{number}",
            f"{tariff} period {number}|{tariff} time {number}|{tariff} period time {number}",
            documented=documented.get(name, ""),
        )
        for tariff in TARIFFS
        for number in range(1, 6)
    )


def _bms(name: str, key: str, unit: str | None = None, step: float | None = 1) -> Setting:
    """Return a setting of a BMS: all are documented for the BCU, and the MBMS is expected to have the same keys."""
    low, high = {"V": (2.0, 4.3), "°C": (-40.0, 80.0)}.get(unit or "", (None, None))
    return _number(name, "UM", low, high, step, unit, SAFETY, key, documented="U")


# fmt: off
SETTINGS: tuple[Setting, ...] = (
    # What a homeowner changes.
    _select("Selected mode", "SCPB", MODE_SETTING, SAFE, "modeSelection workMode runMode", "mode|mode work|mode system|mode system work", key="mode"),
    _number("Discharge cut-off SOC", "SCP", 0, 100, 1, "%", SAFE, "dischargeCutoffSoc", "discharge cutoff soc|discharge stop soc|discharge end soc"),
    _number("Discharge recover SOC", "CP", 0, 100, 1, "%", SAFE, "dischargeRecoverSoc", "discharge recover soc"),
    _number("Charge cut-off SOC", "CP", 0, 100, 1, "%", SAFE, "chargeCutoffSoc", "charge cutoff soc|charge stop soc|charge end soc"),
    _number("Grid charge cut-off SOC", "CP", 0, 100, 1, "%", SAFE, "gridChargeCutoffSoc", "grid charge cutoff soc|grid charge stop soc|grid charge end soc"),
    _number("BMS SOC upper limit", "S", 0, 100, 1, "%", SAFE, "bmsSocUpperLimit", "bms soc upper limit|bms soc upper"),
    _number("BMS SOC lower limit", "S", 0, 100, 1, "%", SAFE, "bmsSocLowerLimit", "bms soc lower limit|bms soc lower"),
    _number("Grid charging power", "CP", 0, 150, 0.1, "kW", SAFE, "gridChargePower", "grid charge power|grid charge power limit", nominal=True),
    _number("Battery export power", "CP", 0, 150, 1, "kW", SAFE, "batExportPower", "battery export power|battery export power limit", nominal=True),
    _number("Grid power upper limit", "SCP", 0, 500, 1, "kW", SAFE, "gridPowerUpperLimit", "grid power upper limit|grid power upper|grid import power limit|grid import power upper"),
    _switch("Charge from grid and PV together", "SCP", SAFE, "gridPvChargeEnable", "grid pv charge"),
    _switch("Forced charge", "CP", SAFE, "forcedChargeEnable", "forced charge"),
    *_windows(),
    # What an installer sets.
    _switch("System on", "SCPB", INSTALLER, "onOff systemOn", "onoff|system onoff|system on|power onoff"),
    _switch("Active power regulation", "SCPB", INSTALLER, "", "active power regulation|active power adjust"),
    _switch("Reactive power regulation", "SCPB", INSTALLER, "", "reactive power regulation|reactive power adjust"),
    _switch("Manual adjustment", "SCPB", INSTALLER, "", "manual adjust|manual regulation"),
    _switch("ATS or bypass cabinet enable", "SCP", INSTALLER, "atsBypass", "ats bypass|bypass cabinet"),
    _switch("BMS communication", "SCPB", INSTALLER, "bmsEnable", "bms|bms communication"),
    _switch("Anti-reflux (no export)", "SCPB", INSTALLER, "preventRefluxEnable", "prevent reflux|reflux|grid prevent reflux"),
    _switch("Generator", "SCPB", INSTALLER, "generatorEnable", "generator"),
    _switch("SMC", "SCPB", INSTALLER, "smcEnable", "smc"),
    _number("Station address", "SCPB", 1, 32, 1, None, INSTALLER, "rsAddr", "rs address|station address"),
    _switch("Parallel operation", "SCPB", INSTALLER, "parallelEnable", "parallel|parallel operation"),
    _switch("Forced on-grid to off-grid", "CP", INSTALLER, "forcedOffGridEnable", "forced offgrid|forced ongrid offgrid"),
    _switch("EMS control", "SCPB", INSTALLER, "emsControlEnable", "ems control"),
    _number("PV power setting", "SCPB", 0, 500, 1, "kW", INSTALLER, "pvPowerSet", "pv power", nominal=True),
    _select("EMS direction", "C", EMS_DIRECTION, INSTALLER, "emsDirection", "ems direction"),
    _number("EMS power", "SCPB", 0, 150, 1, "kW", INSTALLER, "emsPower", "ems power", nominal=True),
    _number("Parallel system number setting", "SCPB", 0, 100, 1, None, INSTALLER, "systemNo", "parallel system number"),
    _number("ATS communication number", "C", None, None, 1, None, INSTALLER, "atsComNo", documented="C"),
    _switch("Shared battery", "C", INSTALLER, "sharedBatteryEnable", documented="C"),
    _number("Grid power compensation", "SCP", 0, 10, 0.1, "kW", INSTALLER, "gridPowerCompensation", "grid power compensation"),
    _number("Generator power limit", "SCP", 0, 500, 1, "kW", INSTALLER, "generatorPowerLimit", "generator power limit|generator power upper|generator power upper limit"),
    _number("Output power limit", "SCPB", 0, 120, 1, "%", INSTALLER, "outPowerMax", "output power upper|output power limit|output power upper limit"),
    _number("Output power setting", "SCPB", 0, 500, 1, "kW", INSTALLER, "outputPowerSet", "output power", nominal=True),
    _number("PV start voltage", "SCPB", 300, 850, 0.1, "V", INSTALLER, "vstart", "pv start voltage"),
    _number("MPPT voltage maximum", "SCPB", 300, 1500, 0.1, "V", INSTALLER, "vmpptMax", "mppt voltage upper"),
    _number("MPPT voltage minimum", "SCPB", 300, 1500, 0.1, "V", INSTALLER, "vmpptMin", "mppt voltage lower"),
    _number("PV start power", "SCPB", 0, 50, 0.1, "kW", INSTALLER, "powerStart", "pv start power"),
    # The scale of the string HPS's register differs: a tenth.
    _number("Battery charge current", "S", 0, 80, 0.1, "A", INSTALLER, "icharge", "charge current|battery charge current"),
    _number("Battery charge current", "CPB", 0, 800, 1, "A", INSTALLER, "icharge", "charge current|battery charge current"),
    _number("Generator start SOC", "SCP", 0, 100, 1, "%", INSTALLER, "socMax", "generator start soc"),
    _number("Generator stop SOC", "SCP", 0, 100, 1, "%", INSTALLER, "socMin", "generator stop soc"),
    _number("SOC upper limit", "B", 0, 100, 1, "%", INSTALLER, "socMax"),
    _number("SOC lower limit", "B", 0, 100, 1, "%", INSTALLER, "socMin"),
    _number("Parallel machines", "SCPB", 0, 255, 1, None, INSTALLER, "", "parallel machine number|parallel machine|parallel number"),
    _select("Frequency shift", "P", FREQUENCY_SHIFT, INSTALLER, "frequencyShift", "frequency shift"),
    _number("Load power limit", "SCPB", 0, 500, 1, "kW", INSTALLER, "", "load power limit|load power upper"),
    _number("CP nominal power", "SCPB", 0, 1000, 1, "kW", INSTALLER),
    _number("Battery charging saturation", "SCPB", 0, 10, 1, None, INSTALLER, "", "battery charge saturation|charge saturation"),
    _number("Battery groups", "SCPB", 0, 100, 1, None, INSTALLER, "batGroupNumber", "battery group number|battery group"),
    _number("Battery units per group", "SCPB", 0, 50000, 1, None, INSTALLER, "batUnitNumber", "battery unit number|battery unit"),
    _number("Battery capacity", "SCPB", 0, 50000, 1, "Ah", INSTALLER, "batCapacity", "battery capacity", documented="S"),
    _number("Charge current limit", "SCPB", 0, 1000, 0.1, "A", INSTALLER, "chargeCurrentLimit", "charge current limit|charge current upper"),
    _number("Discharge current limit", "SCPB", 0, 1000, 0.1, "A", INSTALLER, "dischargeCurrentLimit", "discharge current limit|discharge current upper"),
    _number("Grid import power limit", "SCPB", 0, 500, 1, "kW", INSTALLER, "", "grid import power limit|grid import power upper"),
    _number("Battery discharge current", "C", 0, 1000, 1, "A", INSTALLER, "dischargeCurrent", "discharge current|battery discharge current"),
    _switch("Judge battery by voltage", "CP", INSTALLER, "batVoltJudgeEnable", "battery voltage judge"),
    _switch("Grid charge by SOC", "C", INSTALLER, "gridChargeSocEnable", "grid charge soc"),
    # What protects people, battery and grid: shown, never changed.
    _number("Island protection level", "SCP", 0, 9, 1, None, SAFETY, "", "island protection level"),
    _switch("Grid management", "SCPB", SAFETY, "", "grid management"),
    _switch("Ground fault detection (GFDI)", "SCPB", SAFETY, "", "gfdi"),
    _switch("Residual current detection (GFCI)", "SCPB", SAFETY, "", "gfci"),
    _switch("Insulation test", "SCPB", SAFETY, "risoEnable", "insulation test"),
    _switch("GFDI grounding", "SCP", SAFETY, "", "gfdi ground"),
    _switch("Low-voltage ride-through", "SCPB", SAFETY, "", "lvrt"),
    _switch("Fuse protection", "SCP", SAFETY, "", "fuse protection|fuse"),
    _number("Minimum insulation resistance", "SCPB", 10, 2000, 0.1, "kΩ", SAFETY, "risomin", "insulation resistance lower"),
    _number("Safety regulation", "SCPB", 0, 6, 1, None, SAFETY, "safety", "safety regulation"),
    _switch("Battery current calibration", "SCPB", SAFETY, "", "battery current calibration"),
    _number("Nominal output voltage", "SCP", 380, 400, 20, "V", SAFETY, "", "nominal output voltage"),
    _number("Nominal output frequency", "SCP", 50, 60, 10, "Hz", SAFETY, "", "nominal output frequency"),
    _number("PV voltage maximum", "SCPB", 200, 1000, 0.1, "V", SAFETY, "vpvMax", "pv voltage upper"),
    _number("Grid voltage upper limit", "SCP", 160, 550, 0.1, "V", SAFETY, "", "grid voltage upper limit|grid voltage upper"),
    _number("Grid voltage lower limit", "SCP", 160, 550, 0.1, "V", SAFETY, "", "grid voltage lower limit|grid voltage lower"),
    _number("Grid frequency upper limit", "SCP", 45, 65, 0.01, "Hz", SAFETY, "", "grid frequency upper limit|grid frequency upper"),
    _number("Grid frequency lower limit", "SCP", 45, 65, 0.01, "Hz", SAFETY, "", "grid frequency lower limit|grid frequency lower"),
    _number("AC output current limit", "SCP", 1, 2000, 0.1, "A", SAFETY, "", "ac output current limit|ac output current upper"),
    _number("Check time", "SCPB", 0, 1000, 1, "s", SAFETY, "checkTime gridDetectionTime", "grid check time"),
    _number("PV current limit", "SCPB", 0, 500, 1, "A", SAFETY, "ipvMax", "pv current limit|pv current upper"),
    _number("PV inductor current limit", "SCPB", 0, 500, 1, "A", SAFETY, "ipvLMax", "pv inductor current limit"),
    _number("Output inductor current limit", "SCP", 0, 500, 1, "A", SAFETY, "", "output inductor current limit"),
    _number("Output current limit", "SCP", 0, 500, 1, "A", SAFETY, "", "output current limit|output current upper"),
    _number("Output current maximum", "B", 0, 500, 1, "A", SAFETY, "ioutMax"),
    _number("Output current minimum", "B", 0, 500, 1, "A", SAFETY, "ioutMin"),
    _number("Output voltage maximum", "B", None, None, 0.1, "V", SAFETY, "voutMax"),
    _number("Output voltage minimum", "B", None, None, 0.1, "V", SAFETY, "voutMin"),
    _number("Cell float voltage", "SCPB", 0, 50000, 1, "mV", SAFETY, "", "cell float voltage"),
    _number("Cell low voltage warning", "SCPB", 0, 50000, 1, "mV", SAFETY, "", "cell lower voltage warning"),
    _number("Cell low voltage fault", "SCPB", 0, 50000, 1, "mV", SAFETY, "", "cell lower voltage fault"),
    _number("Cell high voltage fault", "SCPB", 0, 50000, 1, "mV", SAFETY, "", "cell upper voltage fault"),
    _number("Cell start voltage", "SCPB", 0, 50000, 1, "mV", SAFETY, "", "cell start voltage"),
    _number("Cell voltage single PV to off-grid", "SCPB", 0, 50000, 1, "mV", SAFETY),
    _number("Cell discharge cut-off voltage", "SCPB", 0, 50000, 1, "mV", SAFETY, "", "cell discharge cutoff voltage"),
    _number("Float charge current limit", "SCPB", None, None, 0.01, "A", SAFETY, "", "float charge current limit"),
    # What no entity ever shows: calibration, restoring and what a device is.
    _number("PV voltage calibration", "SCPB", None, None, 0.1, "V", SAFETY, "", "pv voltage calibration", hidden=True),
    _number("Battery voltage calibration", "SCPB", None, None, 0.1, "V", SAFETY, "", "battery voltage calibration", hidden=True),
    _number("Battery current calibration value", "SCPB", None, None, 0.1, "A", SAFETY, hidden=True),
    _number("PV current calibration", "SCPB", None, None, 0.1, "A", SAFETY, "", "pv current calibration", hidden=True),
    _number("Restore factory settings", "SCPB", None, None, None, None, SAFETY, "restore", "restore|restore factory|factory reset|reset", hidden=True),
    _number("Device type", "SCPB", None, None, None, None, SAFETY, "type", "device type", hidden=True),
    # The BMS protects the battery: shown, never changed.
    _bms("Cells per pack", "batCellNumber"),
    _bms("Packs in the string", "batPackNumber"),
    _bms("Cell full charge voltage", "cellFullChargeVoltage", "V", 0.001),
    _bms("Cell full discharge voltage", "cellFullDischargeVoltage", "V", 0.001),
    _bms("Charging current calibration denominator", "chargingCurrentCalibrationDenominator"),
    _bms("Charging current calibration numerator", "chargingCurrentCalibrationNumerator"),
    _switch("Current calibration", "UM", SAFETY, "currentCalibrationEnable", documented="U"),
    _bms("Current ratio", "currentRatio", step=None),
    _bms("Discharging current calibration denominator", "dischargingCurrentCalibrationDenominator"),
    _bms("Discharging current calibration numerator", "dischargingCurrentCalibrationNumerator"),
    *(
        _bms(f"{name} {word.lower()}", f"level{level}{key}{word}", unit, step)
        for level, word in ((1, "Warning"), (2, "Fault"), (3, "Protection"))
        for name, key, unit, step in (
            ("Cell voltage high", "CellVoltHigh", "V", 0.001),
            ("Cell voltage low", "CellVoltLow", "V", 0.001),
            ("Charge current high", "ChargeCurrHigh", "A", 0.1),
            ("Charge temperature high", "ChargeTEMPHigh", "°C", 1),
            ("Charge temperature low", "ChargeTEMPLow", "°C", 1),
            ("Discharge current high", "DischargeCurrHigh", "A", 0.1),
            ("Discharge temperature high", "DischargeTEMPHigh", "°C", 1),
            ("Discharge temperature low", "DischargeTEMPLow", "°C", 1),
        )
    ),
    _bms("Passive balancing wait time", "pasBalWaitTimeHour", "h", 0.001),
)
# fmt: on

# The first must stay below the second.
RELATIONS: tuple[tuple[str, str], ...] = (
    ("discharge_cut_off_soc", "discharge_recover_soc"),
    ("discharge_recover_soc", "charge_cut_off_soc"),
    ("discharge_cut_off_soc", "charge_cut_off_soc"),
    ("bms_soc_lower_limit", "bms_soc_upper_limit"),
    ("soc_lower_limit", "soc_upper_limit"),
    ("generator_start_soc", "generator_stop_soc"),
    ("mppt_voltage_minimum", "mppt_voltage_maximum"),
)

# Members of a "get setting" answer that only report; they are never written back.
REPORT_ONLY = frozenset(
    {
        "alias",
        "createTime",
        "dataLogSn",
        "datalogSn",
        "deviceSn",
        "id",
        "lastUpdateTime",
        "lost",
        "serialNum",
        "sn",
        "time",
        "updateTime",
    }
)

_BY_KIND: Mapping[Kind, Mapping[str, Setting]] = {
    kind: {setting.key: setting for setting in SETTINGS if kind in setting.kinds} for kind in Kind
}


def settings_of(kind: Kind) -> Mapping[str, Setting]:
    """Return the settings that a device of a kind may have, by key of ours."""
    return _BY_KIND[kind]
