"""Values that need several devices: state of charge by source, PCS with PBDs, sums over the plant."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from custom_components.atess.catalogue import PLANT
from custom_components.atess.enerclo.model import Json, Kind
from custom_components.atess.readings import Reading
from custom_components.atess.readings.system import (
    Link,
    link_of,
    pcs_battery_power,
    plant_values,
    shared_values,
    state_of_charge,
)

from .common import NOON, Device, sample

LOG = "SIMLOG0001"


def reading(
    kind: Kind, minutes: float = 0, corrections: Mapping[str, str] | None = None, /, **members: Json
) -> Reading:
    device = Device(kind, 500, corrections=corrections)
    found = device.interpreter.read(sample({"dataLogSn": LOG, **members}, NOON + timedelta(minutes=minutes), kind=kind))
    assert found is not None
    return found


def links(readings: Mapping[str, Reading]) -> dict[str, Link]:
    return {sn: link_of(each) for sn, each in readings.items()}


def test_links() -> None:
    own = reading(Kind.BCU, soc=50, systemNo="2")
    assert link_of(own) == Link(kind=Kind.BCU, data_log_sn=LOG, system_no=2)
    assert link_of(own, "SIMLOG0002").data_log_sn == "SIMLOG0002"
    assert link_of(reading(Kind.PCS, dataLogSn=None)) == Link(kind=Kind.PCS)
    assert link_of(reading(Kind.PCS, dataLogSn=" ")) == Link(kind=Kind.PCS)


@pytest.mark.parametrize(
    ("others", "stale", "value", "source"),
    [
        ({"M": reading(Kind.MBMS, soc=80), "B": reading(Kind.BCU, soc=71)}, (), 80, "mbms"),
        ({"B1": reading(Kind.BCU, soc=71), "B2": reading(Kind.BCU, soc=74)}, (), 72.5, "bcu"),
        ({"M": reading(Kind.MBMS, soc=80), "B": reading(Kind.BCU, soc=71)}, ("M",), 71, "bcu"),
        ({"M": reading(Kind.MBMS, soc=80, lost=True), "B": reading(Kind.BCU, soc=71)}, (), 71, "bcu"),
        ({"B1": reading(Kind.BCU, soc=71), "B2": reading(Kind.BCU, soc=74, lost=1)}, (), 71, "bcu"),
        ({"B1": reading(Kind.BCU, soc=71), "B2": reading(Kind.BCU, 30, soc=74)}, (), 74, "bcu"),
        ({"M": reading(Kind.MBMS, soc=470)}, (), 60, "own"),
        ({"M": reading(Kind.MBMS, soc=80, dataLogSn="SIMLOG0009")}, (), 60, "own"),
        ({"M": reading(Kind.MBMS, soc=80, dataLogSn="SIMLOG0009", systemNo=1)}, (), 80, "mbms"),
        ({"B": reading(Kind.BCU, soc=71, systemNo=2)}, (), 60, "own"),
        ({"M1": reading(Kind.MBMS, soc=80, systemNo=2), "M2": reading(Kind.MBMS, soc=50, systemNo=1)}, (), 50, "mbms"),
        ({}, (), 60, "own"),
        ({}, ("H",), None, None),
    ],
)
def test_sources_of_state_of_charge(
    others: dict[str, Reading], stale: tuple[str, ...], value: float | None, source: str | None
) -> None:
    readings = {"H": reading(Kind.HPS_CENTRAL, capacity=60, systemNo=1), **others}
    found = state_of_charge("H", readings, links(readings), stale)
    assert (None if found is None else (found.value, found.source)) == (None if value is None else (value, source))
    shared, sources = shared_values(readings, links(readings), stale)
    assert sources.get("H") == source
    assert shared.get("H", {}).get("battery_state_of_charge") == (value if source in {"mbms", "bcu"} else None)


def test_a_battery_keeps_its_own_state_of_charge() -> None:
    readings = {"M": reading(Kind.MBMS, soc=80), "B": reading(Kind.BCU, soc=71)}
    found = state_of_charge("B", readings, links(readings))
    assert found is not None
    assert (found.value, found.source) == (71, "own")
    assert shared_values(readings, links(readings)) == ({}, {})


PCS: dict[str, Json] = {"pacToBattery": 400, "bactivePower": 170, "bvpv": 600, "bipv": 150}
PBD1: dict[str, Json] = {"pbdOutPowe": 200, "ppv": 250, "pbdBatPower": -50}
PBD2: dict[str, Json] = {"ppv": 100, "pbdBatPower": 10}


@pytest.mark.parametrize(
    ("pcs", "others", "stale", "power"),
    [
        (PCS, {"P1": reading(Kind.PBD, **PBD1)}, (), 200),
        (PCS, {"P1": reading(Kind.PBD, **PBD1), "P2": reading(Kind.PBD, **PBD2)}, (), 90),
        (PCS, {"P1": reading(Kind.PBD, ppv=100)}, (), 90),  # unknown output: voltage times current
        (PCS, {"P1": reading(Kind.PBD, **PBD1)}, ("P1",), 90),
        (PCS, {"P1": reading(Kind.PBD, 11, **PBD1)}, (), 90),
        (PCS, {"P1": reading(Kind.PBD, 10, **PBD1)}, (), 200),
        ({**PCS, "pacToBattery": None}, {"P1": reading(Kind.PBD, **PBD1)}, (), 90),
        ({"pacToBattery": None}, {"P1": reading(Kind.PBD, **PBD1)}, (), None),
        ({**PCS, "pbdOutPower": 190}, {"P1": reading(Kind.PBD, **PBD1)}, (), 210),
    ],
)
def test_battery_power_of_a_pcs_with_pbds(
    pcs: dict[str, Json], others: dict[str, Reading], stale: tuple[str, ...], power: float | None
) -> None:
    readings = {"C": reading(Kind.PCS, **pcs), **others}
    shared, _ = shared_values(readings, links(readings), stale)
    assert shared["C"]["battery_power"] == power
    assert shared["C"]["battery_discharging_power"] == power
    assert plant_values(readings, links(readings), stale).get("battery_power") == (None if stale else power) or stale


def test_battery_power_of_a_pcs_with_an_inverted_sign() -> None:
    inverted = reading(Kind.PCS, 0, {"battery_sign": "inverted"}, pacToBattery=-400)
    assert pcs_battery_power(inverted, ["P"], {"P": reading(Kind.PBD, **PBD1)}) == 200
    assert pcs_battery_power(inverted, ["P"], {}) is None
    unusable = reading(Kind.PCS, pacToBattery=None, pbdOutPower=3)
    assert pcs_battery_power(unusable, ["P"], {}) is None


def test_a_pbd_that_could_belong_to_two_pcs_belongs_to_none() -> None:
    readings = {"C1": reading(Kind.PCS, **PCS), "C2": reading(Kind.PCS, **PCS), "P": reading(Kind.PBD, **PBD1)}
    assert shared_values(readings, links(readings))[0] == {}
    apart = {
        "C1": reading(Kind.PCS, systemNo=1, **PCS),
        "C2": reading(Kind.PCS, systemNo=2, **PCS),
        "P": reading(Kind.PBD, systemNo=2, **PBD1),
    }
    assert shared_values(apart, links(apart))[0].keys() == {"C2"}
    unlinked = {"C": reading(Kind.PCS, dataLogSn=None, systemNo=3, **PCS), "P": reading(Kind.PBD, systemNo=3, **PBD1)}
    assert shared_values(unlinked, links(unlinked))[0].keys() == {"C"}


HPS_MEMBERS: dict[str, Json] = {
    "ppv": 5.0,
    "pac": -2.4,
    "gactivePower": 0.5,
    "loadActivePower": 2.1,
    "epvToday": 21.8,
    "epvTotal": 1520.3,
    "ebatChargeTotal": 90,
    "egridTotal": 7,
    "eloadTotal": 8,
    "capacity": 60,
}


def farm() -> dict[str, Reading]:
    members = {**PCS, "ppv": 350000, "toGridTotal": 70, "gridTotal": 9, "echargeTotal": 30, "loadTotal": 55}
    return {
        "C": reading(Kind.PCS, 0, {"grid_counters": "normal"}, **members),
        "P1": reading(Kind.PBD, 1, epvTotal=10.5, echargeTotal=3, **PBD1),
        "P2": reading(Kind.PBD, -1, epvTotal=20.0, echargeTotal=4, **PBD2),
        "M": reading(Kind.MBMS, soc=81, vbat=600, cbat=150, batFlag=1),
        "B": reading(Kind.BCU, soc=70),
    }


def test_plant_of_a_farm() -> None:
    readings = farm()
    values = plant_values(readings, links(readings))
    assert values == {
        "pv_power": 350,
        "battery_power": 90,
        "battery_charging_power": 0,
        "battery_discharging_power": 90,
        "grid_power": -170,
        "grid_import_power": 0,
        "grid_export_power": 170,
        "load_power": 230,
        "battery_state_of_charge": 81,
        "pv_energy_total": 30.5,
        "battery_charge_energy_total": 30,
        "grid_import_energy_total": 70,
        "grid_export_energy_total": 9,
        "load_energy_total": 55,
    }
    assert values.keys() <= {definition.key for definition in PLANT}


def test_plant_of_a_home() -> None:
    readings = {"H": reading(Kind.HPS_STRING, **HPS_MEMBERS), "M": reading(Kind.MBMS, soc=70)}
    values = plant_values(readings, links(readings), capacities={"H": 20})
    assert (values["pv_power"], values["battery_power"], values["grid_power"], values["load_power"]) == (
        5,
        -2.4,
        -0.5,
        2.1,
    )
    assert (values["battery_state_of_charge"], values["battery_energy_stored"]) == (70, 14)
    assert values["pv_energy_today"] == 21.8


def test_a_plant_waits_for_all_its_devices() -> None:
    readings = {"H": reading(Kind.HPS_STRING, **HPS_MEMBERS)}
    both = {**links(readings), "H2": Link(kind=Kind.HPS_STRING)}
    values = plant_values(readings, both)
    assert (values["pv_power"], values["pv_energy_total"]) == (None, None)
    assert (values["battery_charging_power"], values["grid_import_power"]) == (None, None)


def test_a_plant_whose_devices_are_stale_or_apart() -> None:
    readings = {"H": reading(Kind.HPS_STRING, **HPS_MEMBERS), "H2": reading(Kind.HPS_STRING, 11, **HPS_MEMBERS)}
    values = plant_values(readings, links(readings))
    assert (values["pv_power"], values["pv_energy_total"]) == (None, 3040.6)
    readings["H2"] = reading(Kind.HPS_STRING, 9, **HPS_MEMBERS)
    assert plant_values(readings, links(readings))["pv_power"] == 10
    values = plant_values(readings, links(readings), {"H2"}, ended={"H2"})
    assert (values["pv_power"], values["pv_energy_today"], values["pv_energy_total"]) == (None, None, 3040.6)


def test_a_plant_with_an_unusable_counter() -> None:
    readings = {"H": reading(Kind.HPS_STRING, **HPS_MEMBERS), "H2": reading(Kind.HPS_STRING, epvTotal=None, ppv=1)}
    values = plant_values(readings, links(readings))
    assert values["pv_energy_total"] is None
    assert values["grid_import_energy_total"] == 7


@pytest.mark.parametrize(
    ("capacities", "soc", "stored"),
    [
        ({"H1": 10, "H2": 30}, 75, 30),
        ({"H1": 10}, 70, "absent"),
        ({}, 70, "absent"),
        ({"H1": 0, "H2": 0}, 70, "absent"),
    ],
)
def test_state_of_charge_of_a_plant(capacities: dict[str, float], soc: float, stored: float | str) -> None:
    readings = {"H1": reading(Kind.HPS_CENTRAL, capacity=60), "H2": reading(Kind.HPS_CENTRAL, capacity=80)}
    values = plant_values(readings, links(readings), capacities=capacities)
    assert values["battery_state_of_charge"] == soc
    assert values.get("battery_energy_stored", "absent") == stored


def test_inverters_that_share_a_battery_count_it_once() -> None:
    readings = {
        "H1": reading(Kind.HPS_CENTRAL, capacity=60),
        "H2": reading(Kind.HPS_CENTRAL, capacity=80),
        "M": reading(Kind.MBMS, soc=50),
        "H3": reading(Kind.HPS_CENTRAL, capacity=80, dataLogSn="SIMLOG0009"),
    }
    values = plant_values(readings, links(readings), capacities={"H1": 10, "H2": 10, "H3": 20})
    assert values["battery_state_of_charge"] == 65
    assert values["battery_energy_stored"] == 26


def test_a_plant_of_batteries_alone() -> None:
    readings = {"B1": reading(Kind.BCU, soc=70, vbat=500, cbat=10, batFlag=1), "B2": reading(Kind.BCU, soc=80)}
    values = plant_values(readings, links(readings))
    assert (values["battery_state_of_charge"], values["battery_power"]) == (75, 5)
    assert not {"pv_power", "grid_power", "pv_energy_total"} & values.keys()


def test_a_plant_without_a_usable_state_of_charge() -> None:
    readings = {"H": reading(Kind.HPS_CENTRAL, capacity=470)}
    assert plant_values(readings, links(readings))["battery_state_of_charge"] is None
    assert plant_values({}, {}) == {}


def test_pv_of_a_pcs_counts_only_without_its_pbd() -> None:
    readings = {"C": reading(Kind.PCS, **PCS, ppv=100)}
    assert plant_values(readings, links(readings))["pv_power"] == 100
    with_pbd = {**readings, "P": reading(Kind.PBD, **PBD1)}
    assert plant_values(with_pbd, links(with_pbd))["pv_power"] == 250
