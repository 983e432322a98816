"""The right key for a setting, or none."""

from pathlib import Path

import pytest

from custom_components.atess.catalogue import definitions
from custom_components.atess.catalogue.settings import SETTINGS, Danger, SettingType, settings_of
from custom_components.atess.enerclo.model import Kind
from custom_components.atess.settings import Known, match
from custom_components.atess.settings.matching import words_of
from simulator.naming import STYLES
from simulator.settings import SettingsTable

# What the simulator calls the settings that a homeowner changes.
NAMES = {
    "mode": "mode",
    "discharge_cut_off_soc": "discharge_cutoff_soc",
    "discharge_recover_soc": "discharge_recover_soc",
    "charge_cut_off_soc": "charge_cutoff_soc",
    "grid_charge_cut_off_soc": "grid_charge_cutoff_soc",
    "bms_soc_upper_limit": "bms_soc_upper",
    "bms_soc_lower_limit": "bms_soc_lower",
    "grid_charging_power": "grid_charging_power",
    "battery_export_power": "battery_export_power",
    "grid_power_upper_limit": "grid_power_limit",
    "charge_from_grid_and_pv_together": "grid_and_pv_charge",
    "forced_charge": "forced_charge",
    # And those of the installer, and what is only shown.
    "anti_reflux_no_export": "anti_reflux",
    "ats_communication_number": "ats_com_no",
    "ats_or_bypass_cabinet_enable": "ats_bypass",
    "battery_capacity": "bat_capacity",
    "battery_charge_current": "charge_current",
    "battery_discharge_current": "discharge_current",
    "battery_groups": "battery_groups",
    "battery_units_per_group": "battery_units",
    "bms_communication": "bms_enable",
    "cell_full_charge_voltage": "full_charge_voltage",
    "cell_full_discharge_voltage": "full_discharge_voltage",
    "cells_per_pack": "cells",
    "charge_current_limit": "charge_current_limit",
    "charging_current_calibration_denominator": "charge_denominator",
    "charging_current_calibration_numerator": "charge_numerator",
    "check_time": "check_time",
    "current_calibration": "current_calibration",
    "current_ratio": "current_ratio",
    "device_type": "type",
    "discharge_current_limit": "discharge_current_limit",
    "discharging_current_calibration_denominator": "discharge_denominator",
    "discharging_current_calibration_numerator": "discharge_numerator",
    "ems_control": "ems_control",
    "ems_direction": "ems_direction",
    "ems_power": "ems_power",
    "forced_on_grid_to_off_grid": "forced_off_grid",
    "frequency_shift": "frequency_shift",
    "generator": "generator",
    "generator_power_limit": "generator_power_limit",
    "generator_start_soc": "generator_start_soc",
    "generator_stop_soc": "generator_stop_soc",
    "grid_charge_by_soc": "grid_charge_by_soc",
    "grid_power_compensation": "grid_power_compensation",
    "insulation_test": "riso_enable",
    "judge_battery_by_voltage": "judge_by_voltage",
    "minimum_insulation_resistance": "riso_min",
    "mppt_voltage_maximum": "mppt_max",
    "mppt_voltage_minimum": "mppt_min",
    "output_current_maximum": "iout_max",
    "output_current_minimum": "iout_min",
    "output_power_limit": "out_power_max",
    "output_power_setting": "output_power",
    "output_voltage_maximum": "vout_max",
    "output_voltage_minimum": "vout_min",
    "packs_in_the_string": "packs",
    "parallel_system_number_setting": "system_number",
    "passive_balancing_wait_time": "balancing_wait",
    "pv_current_limit": "ipv_max",
    "pv_inductor_current_limit": "ipv_inductor_max",
    "pv_start_power": "power_start",
    "pv_start_voltage": "start_voltage",
    "pv_voltage_maximum": "vpv_max",
    "restore_factory_settings": "restore",
    "safety_regulation": "safety",
    "shared_battery": "shared_battery",
    "soc_lower_limit": "soc_min",
    "soc_upper_limit": "soc_max",
    "station_address": "rs_addr",
    "system_on": "on_off",
    **{
        f"{value}_{end}_{word}": f"level{level}_{short}{end.capitalize()}"
        for value, short in (
            ("cell_voltage", "CellVolt"),
            ("charge_current", "ChargeCurr"),
            ("charge_temperature", "ChargeTEMP"),
            ("discharge_current", "DischargeCurr"),
            ("discharge_temperature", "DischargeTEMP"),
        )
        for level, word in ((1, "warning"), (2, "fault"), (3, "protection"))
        for end in ("high", "low")
    },
    **{
        f"{tariff}_period_{number}": f"{tariff}_{number}"
        for tariff in ("peak", "flat", "valley")
        for number in range(1, 6)
    },
}
# How many settings of a homeowner the simulated devices have: modes, thresholds and the tariff periods.
HOMEOWNERS = {
    Kind.HPS_STRING: 12,
    Kind.HPS_CENTRAL: 25,
    Kind.PCS: 25,
    Kind.PBD: 1,
    Kind.BCU: 0,
    Kind.MBMS: 0,
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", Kind)
def test_each_naming_style_is_understood(style: str, kind: Kind) -> None:
    """At least 80 % of the homeowner's settings get the right key, and nothing of any danger gets a wrong one."""
    table = SettingsTable(kind.value, hv=True, style=style)
    found = match(kind, table.show(table.defaults()), {})
    right = {key for key, item in found.items() if table.by_key[item.cloud_key].name == NAMES[key]}
    reported = {
        setting.key: setting.danger for setting in settings_of(kind).values() if NAMES.get(setting.key) in table.by_name
    }
    homeowners = {key for key, danger in reported.items() if danger is Danger.SAFE}
    installers = {key for key, danger in reported.items() if danger is Danger.INSTALLER}
    print(  # noqa: T201  # shown with pytest -rP
        f"{kind.value:12} {style:8} homeowner {len(right & homeowners):2} of {len(homeowners):2},"
        f" installer {len(right & installers):2} of {len(installers):2}, wrong {len(found.keys() - right)}"
    )
    assert found.keys() == right
    assert len(homeowners) == HOMEOWNERS[kind]
    assert len(right & homeowners) >= 0.8 * len(homeowners)
    keys = [item.cloud_key for item in found.values()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("kind", "documented"),
    [
        (Kind.HPS_STRING, {"battery_capacity", "valley_period_2"}),
        (Kind.HPS_CENTRAL, {"ats_communication_number", "shared_battery", "valley_period_5"}),
        (Kind.PCS, set()),
        (Kind.PBD, set()),
        (Kind.MBMS, set()),
    ],
)
def test_only_documented_keys_are_certain(kind: Kind, documented: set[str], style: str) -> None:
    """Nothing becomes a control without the user's word but what the vendor's page names."""
    table = SettingsTable(kind.value, hv=True, style=style)
    found = match(kind, table.show(table.defaults()), {})
    assert {key for key, item in found.items() if item.known is not Known.GUESSED} == documented


def test_all_keys_of_the_bcu_are_documented() -> None:
    table = SettingsTable("bcu")
    found = match(Kind.BCU, table.show(table.defaults()), {})
    assert {item.cloud_key for item in found.values()} == set(table.by_key)
    assert {item.known for item in found.values()} == {Known.DOCUMENTED}
    assert {item.setting.danger for item in found.values()} == {Danger.SAFETY}


def test_what_is_ambiguous_stays_open() -> None:
    two_keys = {"dischargeCutoffSoc": 10, "batteryDischargeCutOffSoc": 12}
    assert match(Kind.HPS_STRING, two_keys, {}) == {}
    assert "grid_power_upper_limit" not in match(Kind.HPS_STRING, {"gridImportPowerLimit": 12}, {})


@pytest.mark.parametrize("value", [101, -1, "many", True, None, [10], {"v": 10}, "22:00-06:00"])
def test_a_key_whose_value_the_setting_cannot_have_is_not_proposed(value: object) -> None:
    assert match(Kind.HPS_STRING, {"dischargeCutoffSoc": value}, {}) == {}  # type: ignore[dict-item]


def test_the_users_word_counts() -> None:
    answer = {"dischargeCutoffSoc": 10, "x7": 20, "modeSelection": 0, "batCapacity": 100}
    found = match(
        Kind.HPS_STRING, answer, {"discharge_cut_off_soc": "x7", "mode": None, "station_address": "gone", "no": "x"}
    )
    assert (found["discharge_cut_off_soc"].cloud_key, found["discharge_cut_off_soc"].known) == ("x7", Known.CONFIRMED)
    assert set(found) == {"discharge_cut_off_soc", "battery_capacity"}
    stolen = match(Kind.HPS_STRING, answer, {"discharge_cut_off_soc": "batCapacity", "mode": "modeSelection"})
    assert stolen["battery_capacity"].known is Known.DOCUMENTED
    assert "discharge_cut_off_soc" not in stolen
    twice = match(Kind.HPS_STRING, answer, {"discharge_cut_off_soc": "x7", "bms_soc_lower_limit": "x7"})
    assert [item.cloud_key for item in twice.values()].count("x7") == 1


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("gridChgCutOffSoc", ["grid", "charge", "cutoff", "soc"]),
        ("discharge_cut_off_soc", ["discharge", "cutoff", "soc"]),
        ("disCutSoc", ["discharge", "cutoff", "soc"]),
        ("BMSSocMax", ["bms", "soc", "upper"]),
        ("peakPeriodTime1", ["peak", "period", "time", "1"]),
        ("forcedOffGridEnable", ["forced", "offgrid", "enable"]),
        ("", []),
        ("__", []),
    ],
)
def test_words(key: str, words: list[str]) -> None:
    assert words_of(key) == words


def test_released_keys_stay() -> None:
    """A key is part of unique ids: add new ones to tests/data/setting_keys.txt, and never remove a released one."""
    released = (Path(__file__).parents[1] / "data" / "setting_keys.txt").read_text("utf-8").splitlines()
    current = sorted({f"{kind}\t{setting.key}" for setting in SETTINGS for kind in setting.kinds})
    assert released == current


def test_settings_have_keys_of_their_own() -> None:
    """A setting that is shown as a sensor does not take the unique id of a value."""
    for kind in Kind:
        assert not settings_of(kind).keys() & definitions(kind).keys()


def test_the_catalogue_is_sound() -> None:
    for kind in Kind:
        own = [setting for setting in SETTINGS if kind in setting.kinds]
        assert len({setting.key for setting in own}) == len(own)
        for setting in own:
            assert setting.documented <= setting.kinds
            if setting.danger is not Danger.SAFETY and setting.type is SettingType.NUMBER:
                assert setting.step
    assert settings_of(Kind.HPS_STRING)["battery_charge_current"].step == 0.1
    assert settings_of(Kind.HPS_CENTRAL)["battery_charge_current"].step == 1
