"""Fault words and alarm texts: worked examples."""

import pytest

from custom_components.atess.catalogue import Severity
from custom_components.atess.enerclo.model import Json, Kind
from custom_components.atess.readings.faults import decode_alarm, decode_alarms

from .common import Device


def test_hps_emergency_stop() -> None:
    reading = Device().read(sysFaultWord5=1024)
    assert [(fault.key, fault.code) for fault in reading.faults] == [("lcd_emergency_stop", "5-110-2")]
    assert reading.values["active_faults"] == 1
    assert reading.values["fault_word_5"] == 1024


def test_hps_alarm_text() -> None:
    fault = decode_alarm(Kind.HPS_STRING, "6-113-5")
    assert fault.key == "battery_undervoltage_fault"
    assert Device().read(sysFaultWord6=32).faults == (fault,)


def test_pcs_words() -> None:
    words: dict[str, Json] = {
        "sysFaultWord2": 10240,
        "sysFaultWord3": "256",
        "sysFaultWord5": 16.0,
        "sysFaultWord6": -1,
    }
    reading = Device(Kind.PCS).read(**words, status=3)
    assert [(fault.key, fault.code) for fault in reading.faults] == [
        ("bms_communication_fault", "2-104-3"),
        ("bms_fault", "2-104-5"),
        ("no_utility_fault", "3-106-0"),
        ("ac_surge_protector_fault", "5-111-4"),
    ]
    assert reading.values["fault_word_6"] is None
    assert reading.values["problem"] is True
    assert reading.values["active_faults"] == 4


def test_pbd_alarms() -> None:
    text = "3-107-4, 3-107-5;6-113-0 6-113-1|6-113-2"
    faults = decode_alarms(Kind.PBD, text)
    assert [fault.key for fault in faults] == [f"dc{number}_surge_protector_fault" for number in range(1, 6)]
    words: dict[str, Json] = {"sysFaultWord3": 16 + 32, "sysFaultWord6": 1 + 2 + 4}
    assert Device(Kind.PBD).read(**words).faults == faults


def test_other_alarms_stay_texts() -> None:
    fault = decode_alarm(Kind.PCS, " 1234 ")
    assert (fault.key, fault.label, fault.code, fault.severity) == ("alarm", "Alarm 1234", "1234", Severity.WARNING)
    assert decode_alarm(Kind.PCS, "2-110-3").key == "alarm"
    assert decode_alarms(Kind.PCS, "") == ()
    assert len(decode_alarms(Kind.PCS, " ".join(str(number) for number in range(5000)))) == 64


def test_reserved_bits_are_warnings() -> None:
    reading = Device().read(sysFaultWord1=2, status=2)
    assert [(fault.key, fault.severity, fault.reserved) for fault in reading.faults] == [
        ("reserved_1_9", Severity.WARNING, True)
    ]
    assert reading.values["problem"] is False


@pytest.mark.parametrize(
    ("members", "problem", "active"),
    [
        ({"status": 2}, False, 0),
        ({"status": 3}, True, 1),
        ({"status": 4}, True, 1),
        ({"status": 99}, None, None),
        ({"sysFaultWord1": -1}, None, 0),
        ({"sysFaultWord1": 0}, False, 0),
        ({"sysFaultWord1": -1, "status": 2}, False, 0),
        ({"sysFaultWord5": -32768}, True, 1),
        ({"sysFaultWord5": 1.5, "status": 1}, False, 0),
        ({"vbat": 52}, "absent", "absent"),
    ],
)
def test_problem(members: dict[str, Json], problem: bool | str | None, active: int | str) -> None:
    values = Device().read(**members).values
    assert values.get("problem", "absent") == problem
    assert values.get("active_faults", "absent") == active


def test_a_battery_has_no_problem_sensor() -> None:
    values = Device(Kind.BCU).read(status="fault", sysFaultWord1=1).values
    assert not {"problem", "active_faults"} & values.keys()
