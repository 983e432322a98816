"""A change is checked whole before anything is sent, and a read-back is compared whole."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Kind
from custom_components.atess.settings import DeviceSettings, SettingError, SettingValue, body_of, compare, same
from custom_components.atess.settings.periods import Period
from simulator.settings import SettingsTable

CENTRAL: dict[str, Any] = {
    "deviceSn": "SIMHPS0002",
    "updateTime": "2026-07-15 12:00:00",
    "modeSelection": 2,
    "dischargeCutoffSoc": 10,
    "dischargeRecoverSoc": 15,
    "chargeCutoffSoc": 100,
    "gridChargePower": 20.5,
    "forcedChargeEnable": 0,
    "peakPeriodTime1": "17:00-22:00",
    "peakPeriodTime2": "",
    "riddle": 3,
    "riddleText": "a",
    "riddleFlag": False,
    "riddleShare": 0.5,
    "riddleNumber": "7",
    "cellVoltLow": 2800,
    "checkTime": 60,
    "nested": {"a": 1},
}
CONFIRMED: dict[str, str | None] = {
    "mode": "modeSelection",
    "discharge_cut_off_soc": "dischargeCutoffSoc",
    "discharge_recover_soc": "dischargeRecoverSoc",
    "charge_cut_off_soc": "chargeCutoffSoc",
    "grid_charging_power": "gridChargePower",
    "forced_charge": "forcedChargeEnable",
    "peak_period_1": "peakPeriodTime1",
    "peak_period_2": "peakPeriodTime2",
}


def device(members: dict[str, Any] | None = None, confirmed: dict[str, str | None] | None = None) -> DeviceSettings:
    """Return the settings of a central HPS of 100 kW."""
    return DeviceSettings(
        Kind.HPS_CENTRAL,
        CENTRAL if members is None else members,
        CONFIRMED if confirmed is None else confirmed,
        100.0,
    )


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"mode": "forced_charging"}, {"modeSelection": 9}),
        ({"modeSelection": 9}, {"modeSelection": 9}),
        ({"discharge_cut_off_soc": 12.0}, {"dischargeCutoffSoc": 12}),
        ({"grid_charging_power": 12}, {"gridChargePower": 12.0}),
        ({"grid_charging_power": 12.3}, {"gridChargePower": 12.3}),
        ({"forced_charge": True}, {"forcedChargeEnable": 1}),
        ({"forced_charge": "off"}, {"forcedChargeEnable": 0}),
        ({"forced_charge": 1}, {"forcedChargeEnable": 1}),
        ({"peak_period_1": "6:00 ~ 7:30"}, {"peakPeriodTime1": "06:00-07:30"}),
        ({"peak_period_1": Period(start=60, end=1440)}, {"peakPeriodTime1": "01:00-24:00"}),
        (
            {"discharge_cut_off_soc": 20, "discharge_recover_soc": 25},
            {"dischargeCutoffSoc": 20, "dischargeRecoverSoc": 25},
        ),
    ],
)
def test_what_is_sent(asked: dict[str, Any], sent: dict[str, Any]) -> None:
    changes = device().resolve(asked, {})
    assert changes == sent
    assert {key: type(value) for key, value in changes.items()} == {key: type(value) for key, value in sent.items()}


@pytest.mark.parametrize(
    ("present", "value", "sent"),
    [
        (True, False, False),
        ("1", False, "0"),
        ("true", False, "false"),
        (1.0, False, 0.0),
    ],
)
def test_the_json_type_of_the_device_stays(present: Any, value: Any, sent: Any) -> None:
    changes = device({**CENTRAL, "forcedChargeEnable": present}).resolve({"forced_charge": value}, {})
    assert changes == {"forcedChargeEnable": sent}
    assert type(changes["forcedChargeEnable"]) is type(sent)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"discharge_cut_off_soc": 101}, "out_of_range"),
        ({"discharge_cut_off_soc": -1}, "out_of_range"),
        ({"discharge_cut_off_soc": 10.5}, "wrong_step"),
        ({"discharge_cut_off_soc": "ten"}, "not_a_number"),
        ({"discharge_cut_off_soc": True}, "not_a_number"),
        ({"discharge_cut_off_soc": float("nan")}, "not_a_number"),
        ({"discharge_cut_off_soc": None}, "not_a_number"),
        ({"discharge_cut_off_soc": 15}, "relation_below"),
        ({"discharge_recover_soc": 10}, "relation_above"),
        ({"charge_cut_off_soc": 15}, "relation_above"),
        ({"grid_charging_power": 100.1}, "out_of_range"),
        ({"grid_charging_power": 20.55}, "wrong_step"),
        ({"mode": "sleep"}, "not_an_option"),
        ({"mode": 13}, "not_an_option"),
        ({"mode": True}, "not_an_option"),
        ({"forced_charge": 2}, "not_a_switch"),
        ({"forced_charge": "maybe"}, "not_a_switch"),
        ({"peak_period_1": "later"}, "not_a_period"),
        ({"peak_period_1": 7}, "not_a_period"),
        # A period that the device leaves empty does not show its form.
        ({"peak_period_2": "06:00-07:00"}, "form_unknown"),
        ({"check_time": 50}, "safety"),
        ({"checkTime": 50}, "safety"),
        ({"station_address": 3}, "not_reported"),
        ({"riddle": 4}, "unknown_not_allowed"),
        ({"nowhere": 4}, "unknown"),
        ({"deviceSn": "SIMHPS0009"}, "unknown"),
        ({"updateTime": "x"}, "unknown"),
        ({"mode": "economy", "modeSelection": 9}, "named_twice"),
    ],
)
def test_what_is_refused(asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingError) as raised:
        device().resolve(asked, {})
    assert raised.value.reason == reason


def test_a_number_may_be_given_as_text() -> None:
    """Forms of actions give all values as text."""
    assert device().resolve({"discharge_cut_off_soc": "12"}, {}) == {"dischargeCutoffSoc": 12}
    assert device().resolve({"discharge_cut_off_soc": " 12.0 "}, {}) == {"dischargeCutoffSoc": 12}


def test_a_guess_is_not_written() -> None:
    for asked in ({"mode": "economy"}, {"peak_period_1": "06:00-07:00"}):
        with pytest.raises(SettingError, match="not_confirmed"):
            device(confirmed={}).resolve(asked, {})
    with pytest.raises(SettingError, match="not_confirmed"):
        device(confirmed={}).resolve({"modeSelection": 1}, {}, allow_unknown=True)


def test_unknown_members_keep_their_type() -> None:
    settings = device()
    assert settings.resolve({"riddle": 5.0}, {}, allow_unknown=True) == {"riddle": 5}
    with pytest.raises(SettingError, match="wrong_step"):
        settings.resolve({"riddle": 4.5}, {}, allow_unknown=True)
    assert settings.resolve({"riddleText": "b"}, {}, allow_unknown=True) == {"riddleText": "b"}
    assert settings.resolve({"riddleFlag": True}, {}, allow_unknown=True) == {"riddleFlag": True}
    for asked in (
        {"riddle": "four"},
        {"riddle": True},
        {"riddleText": 1},
        {"riddleFlag": 1},
        {"riddleNumber": "seven"},
        {"nested": {"a": 2}},
    ):
        with pytest.raises(SettingError, match="other_type"):
            settings.resolve(asked, {}, allow_unknown=True)
    with pytest.raises(SettingError, match="safety"):
        settings.resolve({"cellVoltLow": 1}, {}, allow_unknown=True)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"riddle": "4"}, 4),
        ({"riddle": "4.0"}, 4),
        ({"riddleShare": "0.75"}, 0.75),
        ({"riddleShare": 2}, 2),
        ({"riddleNumber": "8"}, "8"),
        ({"riddleNumber": 8.0}, "8"),
    ],
)
def test_an_unknown_number_may_be_given_as_text(asked: dict[str, Any], sent: Any) -> None:
    """Forms of actions give all values as text; the device is sent the type that it has."""
    [changed] = device().resolve(asked, {}, allow_unknown=True).values()
    assert changed == sent
    assert type(changed) is type(sent)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"riddle": "4.5"}, "wrong_step"),
        ({"riddleNumber": "8.5"}, "wrong_step"),
        ({"riddleShare": 1e16}, "not_a_number"),
        ({"riddleShare": float("nan")}, "not_a_number"),
    ],
)
def test_an_unknown_number_has_bounds(asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingError, match=reason):
        device().resolve(asked, {}, allow_unknown=True)


def test_changes_under_way_count_for_the_order_of_limits() -> None:
    with pytest.raises(SettingError, match="relation_below"):
        device().resolve({"discharge_cut_off_soc": 12}, {"dischargeRecoverSoc": 11})
    assert device().resolve({"discharge_cut_off_soc": 20}, {"dischargeRecoverSoc": 30})


def test_nothing_is_written_beside_an_order_to_restore() -> None:
    with pytest.raises(SettingError, match="restoring"):
        device({**CENTRAL, "restore": 1}).resolve({"mode": "economy"}, {})
    assert device({**CENTRAL, "restore": 0.0}).resolve({"mode": "economy"}, {})


def test_what_is_sent_back_whole() -> None:
    body = body_of(CENTRAL, {"modeSelection": 9})
    assert body == {key: value for key, value in CENTRAL.items() if key not in {"deviceSn", "updateTime"}} | {
        "modeSelection": 9
    }


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1.9, 1.899999976158142, True),
        (10, 10.0, True),
        (10, 11, False),
        (0, False, False),
        ("a ", "a", True),
        ("10", 10, False),
        (None, None, True),
        (None, 0, False),
        ([1], [1], True),
    ],
)
def test_same(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal


def test_verdicts() -> None:
    before: dict[str, Any] = {"a": 1, "b": 2, "updateTime": "x"}
    assert compare(before, {"a": 5}, {"a": 5.0, "b": 2, "updateTime": "y"}).confirmed
    late = compare(before, {"a": 5}, before)
    assert (late.wrong, late.moved, late.untouched) == ({"a": 1}, {}, True)
    clamped = compare(before, {"a": 5}, {"a": 4, "b": 2})
    assert (clamped.wrong, clamped.moved, clamped.untouched) == ({"a": 4}, {}, False)
    for after, moved in (
        ({"a": 5, "b": 3}, {"b": 3}),
        ({"a": 5}, {"b": None}),
        ({"a": 5, "b": None}, {"b": None}),
        ({"a": 5, "b": 2, "c": 1}, {"c": 1}),
    ):
        comparison = compare(before, {"a": 5}, after)
        assert (comparison.moved, comparison.confirmed) == (moved, False)
    gone = compare(before, {"a": 5}, {"b": 2})
    assert (gone.wrong, gone.confirmed) == ({"a": None}, False)


TABLE = SettingsTable("hps_central")
FIRST = TABLE.show(TABLE.defaults())
WRITES: dict[str, st.SearchStrategy[SettingValue]] = {
    "mode": st.sampled_from(["load_first", "economy", "forced_charging", "peak_shaving"]),
    "discharge_cut_off_soc": st.integers(0, 12).map(float),
    "discharge_recover_soc": st.integers(13, 20).map(float),
    "charge_cut_off_soc": st.integers(30, 100).map(float),
    "grid_charging_power": st.integers(0, 1000).map(lambda tenths: tenths / 10),
    "forced_charge": st.booleans(),
    "peak_period_1": st.builds(Period, start=st.integers(0, 1439), end=st.integers(0, 1439)),
    "valley_period_5": st.builds(Period, start=st.integers(0, 1439), end=st.integers(0, 1439)),
}
PARTIAL = st.fixed_dictionaries({}, optional=WRITES).filter(bool)


@given(asked=PARTIAL)
def test_every_partial_change_can_be_merged(asked: dict[str, SettingValue]) -> None:
    """Whatever is asked, all other members go back as they came, and the read-back of that is what was asked."""
    settings = device(FIRST)
    changes = settings.resolve(asked, {})
    body = body_of(FIRST, changes)
    assert {key: value for key, value in body.items() if key not in changes} == {
        key: value for key, value in FIRST.items() if key not in changes
    }
    after = TABLE.show(TABLE.defaults() | TABLE.check(body))
    assert compare(FIRST, changes, after).confirmed
    assert {key: DeviceSettings(Kind.HPS_CENTRAL, after, CONFIRMED, None).value(key) for key in asked} == asked
