"""Each kind sends the members of the specification and no others, and the numbers of one plant agree."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulator.plant import FOLDER

from . import specified
from .conftest import NOON, Desk

CASES = [
    ("demo", "SIMHPS0001", "hps/data-last-small", specified.HPS_STRING),
    ("minimal", "SIMHPS0401", "hps/data-last-small", specified.HPS_STRING),
    ("demo", "SIMHPS0002", "hps/data-last", [name for name in specified.HPS_CENTRAL if name not in specified.HV_ONLY]),
    ("commercial", "SIMHPS0301", "hps/data-last", specified.HPS_CENTRAL),
    ("farm", "SIMPCS0201", "pcs/data-last", specified.PCS),
    ("farm", "SIMPBD0201", "pbd/data-last", specified.PBD),
    ("farm", "SIMBCU0203", "bms/bcu-data-last", specified.BCU),
    ("farm", "SIMMBM0201", "bms/mbms-data-last", specified.MBMS),
]


@pytest.mark.parametrize(("plant", "sn", "path", "expected"), CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_members_are_those_of_the_specification(
    desk: Callable[..., Desk], plant: str, sn: str, path: str, expected: list[str]
) -> None:
    sample = desk(plant).data(path, deviceSn=sn)
    assert sorted(sample) == sorted(expected)
    assert sample["deviceSn"] == sn
    assert not [name for name, value in sample.items() if value is None or isinstance(value, dict | list)]


def test_there_are_97_members_on_a_string_hps() -> None:
    assert len(specified.HPS_STRING) == len(set(specified.HPS_STRING)) == 97


def test_fault_words_are_zero(desk: Callable[..., Desk]) -> None:
    sample = desk().data("hps/data-last", deviceSn="SIMHPS0002")
    assert {sample[f"sysFaultWord{number}"] for number in range(1, 10)} == {0}


def test_string_hps_agrees_with_itself(desk: Callable[..., Desk]) -> None:
    asked = desk()
    day = asked.data(
        "hps/data-list-small",
        deviceSn="SIMHPS0001",
        startDate="2026-06-24 00:00:00",
        endDate="2026-06-24 23:59:59",
        pageSize="500",
    )["datas"]
    assert len(day) > 100
    for row in day:
        loss = row["ppv"] + row["pac"] - row["loadActivePower"] - row["gactivePower"]
        assert -0.03 <= loss <= 0.03 + 0.05 * (row["ppv"] + abs(row["pac"])) + 0.03
        assert row["ppv"] == pytest.approx(row["ppv1"] + row["ppv2"] + row["ppv3"], abs=0.02)
        assert row["mvpv"] * 96 == pytest.approx(row["vbat"], abs=0.2)
        assert row["minVolt"] <= row["mvpv"] <= row["maxVolt"]
        assert row["minTemp"] <= row["maxTemp"]
        assert row["bvbus"] == pytest.approx(row["bvbusPosi"] + row["bvbusNega"], abs=0.11)
        apparent = sum(row[f"loadI{phase}"] * row[f"outv{phase}"] for phase in "uvw") / 1000.0
        assert apparent == pytest.approx(row["loadApparentPower"], abs=0.15)


def test_hv_models_swap_the_pv_powers(desk: Callable[..., Desk]) -> None:
    sample = desk("commercial", start=NOON + 3600).data("hps/data-last", deviceSn="SIMHPS0301")
    assert sample["ppv1"] == pytest.approx(sample["ppv"] + sample["ppv2"] + sample["ppv3"], abs=0.21)
    assert sample["ppv"] > 1.0
    assert sample["pv1Volt"] == pytest.approx(sample["vpv"] + sample["vpv2"], abs=0.11)
    plain = desk(start=NOON).data("hps/data-last", deviceSn="SIMHPS0002")
    assert plain["ppv"] == pytest.approx(plain["ppv1"] + plain["ppv2"], abs=0.11)


def farm(asked: Desk) -> dict[str, Any]:
    paths = {
        "SIMPCS0201": "pcs/data-last",
        "SIMPBD0201": "pbd/data-last",
        "SIMPBD0202": "pbd/data-last",
        "SIMMBM0201": "bms/mbms-data-last",
        "SIMBCU0201": "bms/bcu-data-last",
        "SIMBCU0202": "bms/bcu-data-last",
        "SIMBCU0203": "bms/bcu-data-last",
    }
    return {sn: asked.data(path, deviceSn=sn) for sn, path in paths.items()}


@pytest.mark.parametrize("hours", [-11, -6, -2, 0, 3, 9])
def test_the_numbers_of_a_farm_agree(desk: Callable[..., Desk], hours: int) -> None:
    samples = farm(desk("farm", start=NOON + 3600 * hours))
    pcs, mbms = samples["SIMPCS0201"], samples["SIMMBM0201"]
    pbds = [samples["SIMPBD0201"], samples["SIMPBD0202"]]
    bcus = [samples[f"SIMBCU020{number}"] for number in (1, 2, 3)]
    assert len({sample["time"] for sample in samples.values()}) == 1

    handed_over = sum(pbd["pbdOutPowe"] for pbd in pbds)
    assert pcs["ppv"] == pytest.approx(handed_over, abs=0.16)
    battery = pcs["pacToBattery"] - handed_over
    assert battery == pytest.approx(pcs["bvpv"] * pcs["bipv"] / 1000.0, abs=0.25)
    assert battery == pytest.approx(sum(pbd["pbdBatPower"] for pbd in pbds), abs=0.25)
    assert battery == pytest.approx(mbms["vbat"] * mbms["cbat"] / 1000.0, abs=0.25)
    assert sum(bcu["cbat"] for bcu in bcus) == pytest.approx(mbms["cbat"], abs=0.25)
    assert {mbms["vbat"], pcs["bvpv"], *(bcu["vbat"] for bcu in bcus)} == {mbms["vbat"]}
    for pbd in pbds:
        assert pbd["ppv"] == pytest.approx(sum(pbd[f"ppv{number}"] for number in range(1, 6)), abs=0.31)
        assert pbd["pbdOutPowe"] == pytest.approx(pbd["ppv"] * 0.985, abs=0.11)
    load = pcs["pcsActivePower"] - pcs["bactivePower"]
    assert load == pytest.approx(pcs["loadActivePower"], abs=0.5)

    assert mbms["soc"] == pytest.approx(sum(bcu["soc"] for bcu in bcus) / 3, abs=1.0)
    assert mbms["soc"] == pcs["capacity"] == pbds[0]["capacity"]
    assert mbms["maxVolt"] == max(bcu["maxVolt"] for bcu in bcus)
    assert mbms["minVolt"] == min(bcu["minVolt"] for bcu in bcus)
    assert mbms["maxTemp"] == max(bcu["maxTemp"] for bcu in bcus)
    assert mbms["minTemp"] == min(bcu["minTemp"] for bcu in bcus)
    assert mbms["mvpv"] * 208 == pytest.approx(mbms["vbat"], abs=0.2)


def test_farm_energies_agree(desk: Callable[..., Desk]) -> None:
    samples = farm(desk("farm", start=NOON + 6 * 3600))
    truth = desk("farm", start=NOON + 6 * 3600).sim.truth()
    pbds = [samples["SIMPBD0201"], samples["SIMPBD0202"]]
    assert sum(pbd["epvToday"] for pbd in pbds) > 100.0
    assert sum(pbd["epvTotal"] for pbd in pbds) == pytest.approx(truth["plant"]["total"]["pv"], rel=1e-3)
    assert sum(pbd["echargeToday"] for pbd in pbds) == pytest.approx(samples["SIMPCS0201"]["echargeToday"], abs=0.2)


def test_no_battery_looks_like_one(desk: Callable[..., Desk]) -> None:
    sample = desk("minimal").data("hps/data-last-small", deviceSn="SIMHPS0401")
    assert sample["vbat"] == -1.5
    assert sample["pac"] == 0.0
    assert (sample["gvpvv"], sample["gvpvw"], sample["ipvv"]) == (0.0, 0.0, 0.0)
    assert sample["gvpvu"] > 200.0


def test_a_battery_without_bms_tells_no_cells(desk: Callable[..., Desk]) -> None:
    plant = json.loads((FOLDER / "home.json").read_text())
    plant["systems"][0]["battery"]["bms"] = False
    del plant["systems"][0]["devices"][1:]
    sample = desk(plant).data("hps/data-last-small", deviceSn="SIMHPS0101")
    assert (sample["maxVolt"], sample["maxTemp"], sample["mvpv"], sample["bmsStatus"]) == (0.0, 0.0, 0.0, 254)
    assert sample["vbat"] > 350.0
    assert len(sample) == 97


def test_members_can_be_left_out_for_good(desk: Callable[..., Desk]) -> None:
    plant = json.loads((FOLDER / "home.json").read_text())
    plant["systems"][0]["devices"][0]["omit"] = ["ppv", "time"]
    sample = desk(plant).data("hps/data-last-small", deviceSn="SIMHPS0101")
    assert set(specified.HPS_STRING) - set(sample) == {"ppv", "time"}


def test_numbers_carry_the_noise_of_32_bits(desk: Callable[..., Desk]) -> None:
    sample = desk().data("hps/data-last-small", deviceSn="SIMHPS0001")
    noisy = [value for value in sample.values() if isinstance(value, float) and value != round(value, 3)]
    assert noisy
    assert all(abs(value - round(value, 3)) < 0.01 for value in noisy)


def test_home_bms_shows_the_inverters_battery(desk: Callable[..., Desk]) -> None:
    asked = desk("home")
    inverter = asked.data("hps/data-last-small", deviceSn="SIMHPS0101")
    mbms = asked.data("bms/mbms-data-last", deviceSn="SIMMBM0101")
    assert mbms["vbat"] == inverter["vbat"]
    assert mbms["vbat"] * mbms["cbat"] / 1000.0 == pytest.approx(inverter["pac"], abs=0.03)
    assert mbms["batFlag"] == (0 if abs(inverter["pac"]) < 0.02 else 1 if inverter["pac"] > 0 else -1)
