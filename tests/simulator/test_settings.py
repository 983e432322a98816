"""Settings are read and written as documented, and steer the plant."""

from collections.abc import Callable
from typing import Any

import pytest

from . import specified
from .conftest import NOON, Desk

STRING, PATH = "SIMHPS0001", "hps/small-setting"
CENTRAL, BIG = "SIMHPS0002", "hps/big-setting"
EVENING = NOON + 9.5 * 3600
PERIODS = ("peakPeriodTime", "flatPeriodTime", "valleyPeriodTime")


def test_string_settings_lie_within_the_documented_bounds(desk: Callable[..., Desk]) -> None:
    keys = list(desk().data(PATH, deviceSn=STRING))
    assert (keys[0], keys[-1]) == ("batCapacity", "valleyPeriodTime2")
    assert min(keys, key=str.lower) == keys[0]
    assert max(keys, key=str.lower) == keys[-1]
    assert {f"{period}{number}" for period in PERIODS for number in (1, 2)} <= set(keys)


def test_central_settings_lie_within_the_documented_bounds(desk: Callable[..., Desk]) -> None:
    keys = list(desk().data(BIG, deviceSn=CENTRAL))
    assert (keys[0], keys[-1]) == ("atsComNo", "valleyPeriodTime5")
    assert max(keys, key=str.lower) == keys[-1]
    assert {f"{period}{number}" for period in PERIODS for number in range(1, 6)} <= set(keys)
    assert "sharedBatteryEnable" not in keys
    assert "sharedBatteryEnable" in desk("commercial").data(BIG, deviceSn="SIMHPS0301")


def test_settings_of_bms_and_pbd(desk: Callable[..., Desk]) -> None:
    asked = desk("farm")
    bcu = asked.data("bms/bcu-setting", deviceSn="SIMBCU0201")
    assert sorted(bcu) == sorted(specified.BCU_SETTINGS)
    assert (bcu["cellFullChargeVoltage"], bcu["level2ChargeTEMPLowFault"], bcu["pasBalWaitTimeHour"]) == (
        3.4,
        -5,
        0.001,
    )
    assert set(asked.data("bms/mbms-setting", deviceSn="SIMMBM0201")) == set(bcu)
    pbd = asked.data("pbd/setting", deviceSn="SIMPBD0201")
    # The sibling's keys, and of the further settings the one that a homeowner needs most.
    assert sorted(pbd) == sorted([*specified.PBD_SETTINGS, "modeSelection"])
    assert (pbd["onOff"], pbd["outPowerMax"], pbd["vmpptMin"]) == (True, 100.0, 14.8)


def test_writing_the_whole_object_back_changes_nothing(desk: Callable[..., Desk]) -> None:
    asked = desk(cloud={"limit": 0})
    before = asked.data(PATH, deviceSn=STRING)
    assert asked.write(PATH, STRING, **before)["code"] == 0
    assert asked.data(PATH, deviceSn=STRING) == before


def test_a_write_replaces_the_members_given(desk: Callable[..., Desk]) -> None:
    asked = desk(cloud={"limit": 0})
    before = asked.data(PATH, deviceSn=STRING)
    assert asked.write(PATH, STRING, dischargeCutoffSoc=35, peakPeriodTime2="12:00-13:30")["code"] == 0
    after = asked.data(PATH, deviceSn=STRING)
    assert after == before | {"dischargeCutoffSoc": 35, "peakPeriodTime2": "12:00-13:30"}
    write = asked.sim.writes[-1]
    assert (write.device_sn, write.changes, write.before) == (
        STRING,
        {"dischargeCutoffSoc": 35, "peakPeriodTime2": "12:00-13:30"},
        before,
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"dischargeCutoffSoc": 101},
        {"dischargeCutoffSoc": "35"},
        {"dischargeCutoffSoc": 35.5},
        {"dischargeCutoffSoc": None},
        {"modeSelection": 13},
        {"modeSelection": True},
        {"peakPeriodTime1": "25:00-26:00"},
        {"peakPeriodTime1": 7},
        {"unheardOf": 1},
        {"dischargeCutoffSoc": 40, "icharge": 81},
    ],
)
def test_a_bad_write_is_refused_whole(desk: Callable[..., Desk], settings: dict[str, Any]) -> None:
    asked = desk(cloud={"limit": 0})
    before = asked.data(PATH, deviceSn=STRING)
    answer = asked.write(PATH, STRING, **settings)
    assert answer["code"] == 500
    assert answer["msg"].startswith(list(settings)[-1])
    assert asked.data(PATH, deviceSn=STRING) == before
    assert asked.sim.writes == []


def test_writes_to_the_wrong_place(desk: Callable[..., Desk]) -> None:
    asked = desk(cloud={"limit": 0})
    assert asked.write(BIG, STRING, modeSelection=1)["code"] == 400
    assert asked.write(PATH, "UNKNOWN001", modeSelection=1)["code"] == 400
    assert asked.write("hps/data-last-small", STRING, modeSelection=1)["code"] == 400
    assert asked.ask(PATH, method="PUT", body={"modeSelection": 1})["code"] == 500
    assert asked.ask(PATH, method="PUT", body=[1])["code"] == 500


# steering


def test_cut_off_above_the_soc_stops_the_discharge(desk: Callable[..., Desk]) -> None:
    asked = desk(start=EVENING)
    assert asked.power(STRING)["battery"] > 0.1
    soc = asked.sim.truth()["devices"][STRING]["soc"]
    asked.write(PATH, STRING, dischargeCutoffSoc=int(soc) + 5)
    asked.sim.jump(120)
    power = asked.power(STRING)
    assert power["battery"] == 0.0
    assert power["grid"] < -0.1
    asked.sim.jump(600)
    asked.write(PATH, STRING, dischargeCutoffSoc=5)
    asked.sim.jump(120)
    assert asked.power(STRING)["battery"] > 0.1


def test_discharge_ends_at_the_cut_off(desk: Callable[..., Desk]) -> None:
    asked = desk(start=EVENING)
    soc = asked.sim.truth()["devices"][STRING]["soc"]
    cutoff = int(soc) - 3
    asked.write(PATH, STRING, dischargeCutoffSoc=cutoff)
    asked.sim.jump(6 * 3600)
    assert asked.sim.truth()["devices"][STRING]["soc"] == pytest.approx(cutoff, abs=0.1)
    assert asked.power(STRING)["battery"] == 0.0


def test_forced_charging_charges_from_the_grid(desk: Callable[..., Desk]) -> None:
    asked = desk(start=EVENING)
    asked.write(PATH, STRING, modeSelection=9)
    asked.sim.jump(360)
    power = asked.power(STRING)
    assert power["battery"] < -2.0
    assert power["grid"] < -2.0
    sample = asked.data("hps/data-last-small", deviceSn=STRING)
    assert (sample["pac"] < -2.0, sample["runModel"], sample["bmsStatus"]) == (True, 14, 4)


def test_charge_current_limits_the_charge(desk: Callable[..., Desk]) -> None:
    asked = desk(start=EVENING)
    asked.write(PATH, STRING, modeSelection=9, icharge=5.5)
    asked.sim.jump(120)
    battery = asked.power(STRING)["battery"]
    assert -1.9 < battery < -1.5


def test_windows_decide_in_the_economy_mode(desk: Callable[..., Desk]) -> None:
    asked = desk(start=EVENING, cloud={"limit": 0})
    windows = {"peakPeriodTime1": "20:00-22:00", "flatPeriodTime1": "06:00-20:00", "valleyPeriodTime1": "22:00-23:00"}
    rest = {f"{period}PeriodTime2": "00:00-00:00" for period in ("peak", "flat", "valley")}
    asked.write(PATH, STRING, modeSelection=2, gridPvChargeEnable=1, **windows, **rest)
    asked.sim.jump(600)
    assert asked.power(STRING)["battery"] > 0.1
    assert asked.data("hps/data-last-small", deviceSn=STRING)["runModel"] == 0
    asked.sim.jump(1680)
    assert asked.power(STRING)["battery"] < -2.0
    assert asked.data("hps/data-last-small", deviceSn=STRING)["runModel"] == 2
    asked.write(PATH, STRING, gridPvChargeEnable=0)
    asked.sim.jump(120)
    assert asked.power(STRING)["battery"] == 0.0
    asked.write(PATH, STRING, gridPvChargeEnable=1)
    asked.sim.jump(3600)
    assert asked.power(STRING)["battery"] == 0.0
    assert asked.data("hps/data-last-small", deviceSn=STRING)["runModel"] == 1


def test_grid_charging_power_and_its_cut_off(desk: Callable[..., Desk]) -> None:
    asked = desk(start=NOON + 12 * 3600, cloud={"limit": 0})
    asked.write(BIG, CENTRAL, gridChargePower=12.5, gridChargeCutoffSoc=100, chargeCutoffSoc=100)
    asked.sim.jump(120)
    assert asked.power(CENTRAL)["battery"] == pytest.approx(-12.5, abs=0.3)
    asked.write(BIG, CENTRAL, gridChargeCutoffSoc=1)
    asked.sim.jump(120)
    assert asked.power(CENTRAL)["battery"] == 0.0


def test_peak_shaving_keeps_the_import_below_its_limit(desk: Callable[..., Desk]) -> None:
    asked = desk(start=NOON + 18 * 3600, cloud={"limit": 0})
    asked.write(BIG, CENTRAL, modeSelection=3, gridPowerUpperLimit=8, gridChargePower=0)
    for _ in range(20):
        asked.sim.jump(180)
        assert asked.power(CENTRAL)["grid"] > -8.6


def test_constant_power_discharge_and_backup(desk: Callable[..., Desk]) -> None:
    asked = desk(start=EVENING, cloud={"limit": 0})
    asked.write(PATH, STRING, modeSelection=8, outputPowerSet=3)
    asked.sim.jump(120)
    assert asked.power(STRING)["battery"] == pytest.approx(3.0)
    assert asked.power(STRING)["grid"] > 1.0
    asked.write(PATH, STRING, modeSelection=7)
    asked.sim.jump(120)
    assert asked.power(STRING)["battery"] < -1.0


def test_no_export_curtails_the_sun(desk: Callable[..., Desk]) -> None:
    asked = desk(start=NOON, cloud={"limit": 0})
    asked.write(PATH, STRING, bmsSocUpperLimit=1)
    asked.sim.jump(300)
    free = asked.power(STRING)
    assert free["grid"] > 1.0
    asked.write(PATH, STRING, preventRefluxEnable=1)
    asked.sim.jump(300)
    kept = asked.power(STRING)
    assert kept["grid"] == pytest.approx(0.0, abs=1e-6)
    assert kept["pv"] < free["pv"] - 0.8


def test_switched_off_it_serves_the_load_from_the_grid(desk: Callable[..., Desk]) -> None:
    asked = desk(start=NOON)
    asked.write(PATH, STRING, onOff=0)
    asked.sim.jump(360)
    power = asked.power(STRING)
    assert (power["pv"], power["battery"], power["grid"]) == (0.0, 0.0, -power["load"])
    assert asked.data("hps/data-last-small", deviceSn=STRING)["status"] == 0


def test_a_pbd_can_be_limited_and_switched_off(desk: Callable[..., Desk]) -> None:
    asked = desk("farm", cloud={"limit": 0})
    asked.write("pbd/setting", "SIMPBD0201", outPowerMax=10)
    asked.write("pbd/setting", "SIMPBD0202", onOff=False)
    asked.sim.jump(360)
    first, second = (asked.data("pbd/data-last", deviceSn=sn) for sn in ("SIMPBD0201", "SIMPBD0202"))
    assert 5.0 < first["ppv"] <= 25.0
    assert (second["ppv"], second["status"]) == (0.0, 0)


def test_forced_off_grid_lives_on_sun_and_battery(desk: Callable[..., Desk]) -> None:
    asked = desk(start=NOON, cloud={"limit": 0})
    asked.write(BIG, CENTRAL, forcedOffGridEnable=1)
    asked.sim.jump(600)
    power = asked.power(CENTRAL)
    assert power["grid"] == 0.0
    assert power["load"] > 1.0
    sample = asked.data("hps/data-last", deviceSn=CENTRAL)
    assert (sample["status"], sample["gridFreq"], sample["gvpvuv"], sample["fac"]) == (5, 0.0, 0.0, 50.0)
    asked.write(BIG, CENTRAL, onOff=0)
    asked.sim.jump(120)
    assert asked.power(CENTRAL) == dict.fromkeys(("pv", "battery", "grid", "load", "output"), 0.0)


def test_ems_tells_the_battery_what_to_do(desk: Callable[..., Desk]) -> None:
    asked = desk(start=EVENING, cloud={"limit": 0})
    asked.write(BIG, CENTRAL, emsControlEnable=1, emsDirection=0, emsPower=9)
    asked.sim.jump(360)
    assert asked.power(CENTRAL)["battery"] == pytest.approx(9.0)
    assert asked.data("hps/data-last", deviceSn=CENTRAL)["runModel"] == 8
    asked.write(BIG, CENTRAL, emsDirection=1)
    asked.sim.jump(120)
    assert asked.power(CENTRAL)["battery"] == pytest.approx(-9.0)


def test_battery_first_stores_the_sun_and_battery_protection_does_not_discharge(desk: Callable[..., Desk]) -> None:
    asked = desk(start=NOON - 4 * 3600, cloud={"limit": 0})
    asked.write(PATH, STRING, modeSelection=1, gridPvChargeEnable=0)
    asked.sim.jump(120)
    power = asked.power(STRING)
    assert power["battery"] == pytest.approx(-power["pv"])
    asked.sim.jump(13 * 3600)
    asked.write(PATH, STRING, modeSelection=6)
    asked.sim.jump(120)
    assert asked.power(STRING)["battery"] == 0.0
