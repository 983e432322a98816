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
    # And those of the installer that the styles rename.
    "anti_reflux_no_export": "anti_reflux",
    "battery_charge_current": "charge_current",
    "charge_current_limit": "charge_current_limit",
    "discharge_current_limit": "discharge_current_limit",
    "generator": "generator",
    "output_power_setting": "output_power",
    "system_on": "on_off",
    "check_time": "check_time",
    "ems_power": "ems_power",
    "generator_power_limit": "generator_power_limit",
    "generator_start_soc": "generator_start_soc",
    "generator_stop_soc": "generator_stop_soc",
    "battery_units_per_group": "battery_units",
    "station_address": "rs_addr",
    **{
        f"{tariff}_period_{number}": f"{tariff}_{number}"
        for tariff in ("peak", "flat", "valley")
        for number in range(1, 6)
    },
}
STEERING = (Kind.HPS_STRING, Kind.HPS_CENTRAL, Kind.PCS)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", STEERING)
def test_each_naming_style_is_understood(style: str, kind: Kind) -> None:
    """At least 80 % of the homeowner's settings get the right key, and nothing gets a wrong one."""
    table = SettingsTable(kind.value, style=style)
    answer = table.show(table.defaults())
    found = match(kind, answer, {})
    homeowners = [setting for setting in settings_of(kind).values() if setting.danger is Danger.SAFE]
    right = [setting for setting in homeowners if setting.key in found]
    assert len(right) >= 0.8 * len(homeowners)
    for key, item in found.items():
        if key in NAMES:
            assert table.by_key[item.cloud_key].name == NAMES[key], key
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
    """Nothing becomes a control without the user's word but what the vendor's page names (fields.md section 8)."""
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
