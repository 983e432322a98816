"""From members as sent to keys: matching, enumerations, texts, unknown members."""

import math

import pytest

from custom_components.atess.catalogue import FIELDS
from custom_components.atess.enerclo.model import Json, Kind

from .common import Device, local_time, sample

DAY = "2026-05-01 12:00:00"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"epvTotal": 1.0, "EPVTOTAL": 2.0, "epvtotal": 3.0}, 1.0),
        ({"EPVTOTAL": 2.0}, 2.0),
        ({"epvTotal": None, "EPVTOTAL": 2.0}, None),
    ],
)
def test_exact_names_go_first(members: dict[str, Json], expected: float | None) -> None:
    assert Device().read(**members).values["pv_energy_total"] == expected


def test_aliases() -> None:
    assert Device(Kind.PBD, 250).read(pbdOutPower=12.0).values["output_power"] == 12
    assert Device(Kind.PBD, 250).read(pbdOutPower=12.0, pbdOutPowe=13.0).values["output_power"] == 13


def test_a_field_of_another_kind_means_the_same() -> None:
    assert Device().read(ibat=12.0).values["battery_current"] == 12.0


def test_absent_null_and_unusable() -> None:
    reading = Device().read(ppv1=None, ppv2="--", ppv3="rubbish", vbat=math.nan)
    values = reading.values
    assert [values[key] for key in ("pv1_power", "pv2_power", "pv3_power", "battery_voltage")] == [None] * 4
    assert "load_energy_today" not in values
    assert reading.corrections == {"pv3_power": ("G1",), "battery_voltage": ("G1",)}


@pytest.mark.parametrize(
    ("sent", "state", "code"),
    [
        (2, "on_grid", None),
        ("2", "on_grid", None),
        (2.0, "on_grid", None),
        ("On grid", "on_grid", None),
        ("on_grid", "on_grid", None),
        (-1, "lost", None),
        (99, None, 99),
        ("rebooting", None, "rebooting"),
        ("x" * 300, None, "x" * 255),
        (2.5, None, 2.5),
        (True, None, True),
        (None, None, None),
        ("--", None, None),
        ([1], None, None),
        (10**400, None, None),
    ],
)
def test_enumerations(sent: Json, state: str | None, code: Json) -> None:
    reading = Device().read(status=sent, vbat=52)
    assert reading.values["operating_state"] == state
    assert reading.codes == ({} if code is None else {"operating_state": code})


@pytest.mark.parametrize(
    ("sent", "state"),
    [(1024, "charging"), (4, "charging"), (1280, "discharging"), (254, None), (65535, None), ("0", "hold")],
)
def test_battery_status_may_be_the_whole_register(sent: Json, state: str | None) -> None:
    assert Device().read(bmsStatus=sent, vbat=52).values["battery_status"] == state


def test_flags() -> None:
    values = Device(Kind.HPS_CENTRAL).read(atsBypass="1", dgGridSelect=0, oilMachineEnable="maybe").values
    assert values["ats_or_bypass_cabinet"] is True
    assert values["generator_selected"] is False
    assert values["generator_present"] is None


def test_plain_numbers_and_texts() -> None:
    reading = Device(Kind.BCU).read(
        address=3, deviceNo="B-07", status="normal", bmsVoltStatus=1.5, maxTempGroup="--", maxVoltCell=True, soc=50
    )
    values = reading.values
    assert (values["bus_address"], values["device_number"], values["status"]) == (3, "B-07", "normal")
    assert isinstance(values["bus_address"], int)
    assert values["bms_voltage_status_word"] == 1.5
    assert values["hottest_cell_group"] is None
    assert values["highest_cell_number"] is None
    assert Device(Kind.BCU).read(status=1, soc=50).values["status"] == "1"
    assert Device().read(checkTime="soon", vbat=52).values["start_up_check_time"] is None
    assert Device().read(checkTime=300).values["start_up_check_time"] == 300


def test_formatted_texts_stand_in_for_missing_numbers() -> None:
    values = (
        Device(Kind.MBMS)
        .read(maxTempStr="31,5 °C", minTempStr="?", maxVoltStr="3.436V", minVolt=3.3, minVoltStr="9")
        .values
    )
    assert values["battery_temperature_maximum"] == 31.5
    assert values["battery_temperature_minimum"] is None
    assert values["cell_voltage_maximum"] == 3.436
    assert values["cell_voltage_minimum"] == 3.3
    assert values["battery_temperature_maximum_text"] == "31,5 °C"
    assert values["cell_voltage_spread"] == 136


def test_formatted_numbers() -> None:
    """Texts for people are read where they have one meaning; "4,054" has two unless another value shows the commas."""
    reading = Device().read(
        ppv="4,054", ppv1="2.5kW", ppv2="2500 W", vbat="52.1 V", checkTime="300 s", bypassFreq="50,012"
    )
    values = reading.values
    assert [values[key] for key in ("pv1_power", "pv2_power", "battery_voltage")] == [2.5, None, 52.1]
    assert values["start_up_check_time"] == 300
    assert values["grid_frequency"] == 50.012
    assert reading.unreadable == ("ppv", "ppv2")
    assert reading.sent == 6
    reading = Device().read(ppv="4,054", ppv1="2,5", ppv2="1,554", ppv3=0, vbat="52.123", deviceSn="1,5")
    assert [reading.values[key] for key in ("pv_power", "pv1_power", "pv2_power")] == [4.054, 2.5, 1.554]
    assert reading.values["battery_voltage"] is None
    assert reading.unreadable == ("vbat",)


def test_codes_and_lists_are_no_formatted_numbers() -> None:
    """Codes, fault words and numbers without a unit are taken as they are sent."""
    reading = Device(Kind.BCU).read(maxTempGroup="1,2", soc=50)
    assert reading.values["hottest_cell_group"] == "1,2"
    assert reading.unreadable == ()
    reading = Device().read(sysFaultWord1="1,5", status="2,0", vbat=52)
    assert reading.unreadable == ("sysFaultWord1",)
    assert reading.codes == {"operating_state": "2,0"}


def test_what_is_absent_is_not_unreadable() -> None:
    reading = Device().read(ppv1=None, ppv2="--", ppv3=" N/A ", pac="", ppv="?", status=99, vbat=[1])
    assert set(reading.unreadable) == {"ppv", "vbat"}
    assert reading.sent == 3


def test_unknown_members() -> None:
    reading = Device().read(
        newNumber=3,
        newText="  x" * 300,
        newFlag=True,
        newNull=None,
        newNested={"a": 1},
        newList=[1],
        newHuge=10**400,
        newNan=math.nan,
        alias="my inverter",
        dataLogSn="SIMLOG0001",
        vbat=52,
        **{"": 1, "y" * 300: 1},
    )
    assert reading.unknown.keys() == {"newNumber", "newText", "newFlag"}
    assert (reading.unknown["newNumber"], reading.unknown["newFlag"]) == (3, True)
    assert len(str(reading.unknown["newText"])) <= 255
    assert reading.members["newNested"] == {"a": 1}
    assert "SIMLOG0001" not in reading.values.values()


def test_unknown_members_are_bounded() -> None:
    members: dict[str, Json] = {f"raw{number:03}": number for number in reversed(range(500))}
    assert list(Device().read(**members).unknown) == [f"raw{number:03}" for number in range(200)]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_field_with_an_entity_makes_a_key(kind: Kind) -> None:
    for field in FIELDS[kind]:
        reading = Device(kind).interpreter.read(sample({field.member: 3}, kind=kind, time=DAY))
        assert reading is not None
        if field.has_entity:
            assert field.key in reading.values, field.member
        else:
            assert field.key not in reading.values
        assert not reading.unknown


@pytest.mark.parametrize("kind", list(Kind))
def test_every_key_is_in_the_catalogue(kind: Kind) -> None:
    from custom_components.atess.catalogue import definitions  # noqa: PLC0415

    members: dict[str, Json] = {field.member: 3 for field in FIELDS[kind]}
    reading = Device(kind).interpreter.read(sample({**members, "time": local_time(Device().local)}, kind=kind))
    assert reading is not None
    assert reading.values.keys() <= definitions(kind).keys()
