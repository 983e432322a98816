"""The interpreter as a whole: what is news, what a first sample gives, what hostile input and damaged state do."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.atess.catalogue import FIELDS
from custom_components.atess.enerclo.model import Json, Kind
from custom_components.atess.readings import Interpreter, Reading

from .common import BERLIN, DELAY, HOME, NOON, SERIAL, Device, local_time, sample


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_a_first_sample_gives_full_values_at_once() -> None:
    device = Device()
    reading = device.read_at(NOON, HOME)
    assert reading is not None
    assert (reading.fresh, reading.sampled_at) == (True, datetime(2026, 5, 1, 10, tzinfo=UTC))
    expected = {
        "pv_power": 5.0,
        "battery_power": -2.4,
        "grid_power": -0.5,
        "load_power": 2.1,
        "pv_energy_today": 21.8,
        "pv_energy_total": 1520.3,
        "operating_state": "on_grid",
        "online": True,
        "problem": False,
        "last_data": reading.sampled_at,
    }
    assert {key: reading.values[key] for key in expected} == expected
    assert reading.corrections == {}
    assert not device.interpreter.stale(reading.received)
    assert not device.interpreter.day_over(reading.received)
    assert (reading.kind, reading.device_sn, reading.members) == (Kind.HPS_STRING, SERIAL, HOME)


@pytest.mark.parametrize(
    ("members", "time", "empty"),
    [
        ({"ppv": 0, "vbat": 0.0, "pac": None, "status": 0, "deviceSn": "string", "systemNo": 0}, "string", True),
        ({"ppv": 0}, None, True),
        ({}, None, True),
        ({"deviceSn": "12345", "lost": True}, None, True),
        ({"ppv": 0}, "2026-05-01 12:00:00", False),
        ({}, "2026-05-01 12:00:00", False),
        ({"ppv": 0.1}, "string", False),
        ({"brandNew": 7}, None, False),
        ({"status": 2}, None, False),
    ],
)
def test_g20_empty_sample(members: dict[str, Json], time: str | None, empty: bool) -> None:
    device = Device()
    before = device.interpreter.dump()
    reading = device.interpreter.read(sample(members, time=time))
    assert (reading is None) is empty
    if empty:
        assert device.interpreter.dump() == before


def test_a_repeated_time_is_not_fresh_and_teaches_nothing() -> None:
    device = Device()
    device.read_at(NOON, {**HOME, "epvTotal": 1520.3})
    device.read_at(NOON + minutes(5), {**HOME, "epvTotal": 15203.0})
    before = device.interpreter.dump()
    # The cloud sends the jump again: that does not confirm it.
    reading = device.interpreter.read(sample({**HOME, "epvTotal": 15203.0}, NOON + minutes(5)))
    assert reading is not None
    assert reading.fresh is False
    assert reading.values["pv_energy_total"] == 1520.3
    assert reading.values["pv_power"] == 5.0
    assert device.interpreter.dump() == before


def test_a_time_that_goes_backwards_keeps_the_newer_values() -> None:
    device = Device()
    newer = device.read_at(NOON, HOME)
    assert newer is not None
    late = sample({**HOME, "ppv": 1.0, "epvTotal": 1519.0}, NOON - minutes(20), received=newer.received + minutes(1))
    reading = device.interpreter.read(late)
    assert reading is not None
    assert (reading.fresh, reading.values, reading.sampled_at) == (False, newer.values, newer.sampled_at)
    assert (reading.members, reading.received) == (newer.members, late.received)


def test_backwards_without_the_newer_sample() -> None:
    device = Device()
    device.read_at(NOON, HOME)
    state = device.interpreter.dump()
    state["sample"] = "damaged"
    other = Interpreter(Kind.HPS_STRING, zone=BERLIN, state=state)
    assert other.restore() is None
    reading = other.read(sample({**HOME, "ppv": 1.0, "ppv1": 1.0, "ppv2": 0.0}, NOON - minutes(20)))
    assert reading is not None
    assert (reading.fresh, reading.values["pv_power"]) == (False, 1.0)


def test_restore() -> None:
    device = Device()
    assert device.interpreter.restore() is None
    reading = device.read_at(NOON, HOME)
    assert reading is not None
    again = Interpreter(Kind.HPS_STRING, zone=BERLIN, nominal_power=10, state=device.interpreter.dump()).restore()
    assert again is not None
    assert (again.values, again.sampled_at, again.fresh) == (reading.values, reading.sampled_at, False)


def test_a_time_from_the_future_is_flagged() -> None:
    device = Device()
    for _ in range(4):
        device.read(ppv=5.0)
    ahead = sample({"ppv": 5.0}, device.local + minutes(90), received=(device.local - minutes(60)).replace(tzinfo=UTC))
    reading = device.interpreter.read(ahead)
    assert reading is not None
    assert reading.corrections["time"] == ("future",)
    assert reading.sampled_at == reading.received
    assert device.interpreter.diagnostics()["guards"] == {"future time": 1}


@pytest.mark.parametrize("lost", [{"lost": True}, {"lost": "1"}, {"status": -1}])
def test_a_lost_device_has_no_instantaneous_values(lost: dict[str, Json]) -> None:
    device = Device(Kind.HPS_CENTRAL, 100)
    members: dict[str, Json] = {
        "ppv": 5.0,
        "pac": -2.4,
        "gridFreq": 50,
        "epvTotal": 100,
        "epvToday": 5,
        "capacity": 70,
        "runModel": 5,
    }
    assert device.read(**members, lost=False, status=2).values["online"] is True
    values = device.read(**members, **lost).values
    assert values["online"] is False
    for key in (
        "pv_power",
        "battery_power",
        "battery_state_of_charge",
        "grid_present",
        "battery_charging",
        "operating_mode",
    ):
        assert values[key] is None, key
    assert (values["pv_energy_total"], values["pv_energy_today"]) == (100, 5)
    assert values.get("operating_state", "lost") == "lost"


def test_lost_may_come_with_the_same_time() -> None:
    device = Device(Kind.BCU)
    device.read_at(NOON, {"soc": 70, "lost": False})
    reading = device.read_at(NOON, {"soc": 70, "lost": True})
    assert reading is not None
    assert (reading.fresh, reading.values["online"]) == (False, False)
    lost = Device(Kind.BCU).read(soc=70, status=-1)
    assert lost.values["online"] is False


def test_a_sample_that_is_stale_already_is_not_online() -> None:
    device = Device()
    received = NOON.replace(tzinfo=UTC) + timedelta(days=2)
    reading = device.interpreter.read(sample(HOME, NOON, received=received))
    assert reading is not None
    assert reading.values["online"] is False
    assert reading.values["pv_energy_total"] == 1520.3
    assert device.interpreter.day_over(received)


def test_g12_unavailable_past_midnight_and_stale() -> None:
    device = Device()
    device.read_at(NOON.replace(hour=23, minute=50), HOME)
    midnight = datetime(2026, 5, 1, 22, tzinfo=UTC)
    assert not device.interpreter.day_over(midnight - minutes(1))
    assert not device.interpreter.day_over(midnight + minutes(5))
    assert device.interpreter.day_over(midnight + minutes(30))


def test_a_device_without_a_time() -> None:
    device = Device()
    first = device.interpreter.read(sample(HOME, time=None))
    same = device.interpreter.read(sample(HOME, NOON + minutes(5), time="soon"))
    changed = device.interpreter.read(sample({**HOME, "ppv": 4.9}, NOON + minutes(10), time=None))
    assert first is not None
    assert same is not None
    assert changed is not None
    assert (first.fresh, same.fresh, changed.fresh) == (True, False, True)
    assert first.sampled_at == same.sampled_at == first.received
    assert changed.sampled_at == changed.received
    assert changed.values["last_data"] == changed.received
    assert device.interpreter.restore() is not None


def test_update_time_of_a_bcu() -> None:
    reading = Device(Kind.BCU).interpreter.read(
        sample({"soc": 70, "updateTime": "2026-05-01T12:00:00"}, kind=Kind.BCU, time="2026-05-01T12:00:00")
    )
    assert reading is not None
    assert reading.values["last_data"] == datetime(2026, 5, 1, 10, tzinfo=UTC)


def test_nominal_power_of_the_model() -> None:
    assert Interpreter(Kind.HPS_STRING, zone=BERLIN, model="HPS7500TL").diagnostics()["nominal_power"] == 7.5
    assert (
        Interpreter(Kind.HPS_STRING, zone=BERLIN, model="HPS7500TL", nominal_power=8).diagnostics()["nominal_power"]
        == 8
    )
    assert Interpreter(Kind.HPS_STRING, zone=BERLIN, model="Box").diagnostics()["nominal_power"] == 50


def test_diagnostics_are_json_and_hold_verdicts() -> None:
    device = Device()
    for _ in range(7):
        device.read(**HOME)
    text = json.dumps(device.interpreter.diagnostics())
    assert SERIAL not in text
    found = json.loads(text)
    assert found["verdicts"]["clock"]["verdict"] == "home"
    assert found["verdicts"]["clock"]["evidence"] == {"ahead_of_utc": 118.0}
    assert found["verdicts"]["pv_layout"]["verdict"] == "ppv"
    assert found["upload_interval"] == 5


@pytest.mark.parametrize("kind", list(Kind))
def test_verdicts_by_kind(kind: Kind) -> None:
    names = {verdict.name for verdict in Device(kind).interpreter.verdicts()}
    assert "clock" in names
    assert ("grid_sign" in names) is (kind in {Kind.HPS_STRING, Kind.HPS_CENTRAL, Kind.PCS})
    assert ("pv_layout" in names) is (kind in {Kind.HPS_STRING, Kind.HPS_CENTRAL})
    assert ("pv_power_unit" in names) is (kind not in {Kind.BCU, Kind.MBMS})
    assert ("power_unit" in names) is (kind not in {Kind.BCU, Kind.MBMS})


# --- hostile input

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["--", "nan", "1e999", "-1", "٣", "2026-05-01 12:00:00", "1" * 5000, 10**400]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=5,
)


def members_of(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    known = st.sampled_from([field.member for field in FIELDS[kind]])
    names = known | known.map(str.lower) | st.text(max_size=12)
    plausible = st.floats(-10, 7000) | st.integers(-5, 70000)
    return st.dictionaries(names, json_values | plausible, max_size=60)


times = (
    st.sampled_from([local_time(NOON + minutes(step)) for step in range(0, 2000, 35)])
    | st.none()
    | st.text(max_size=25)
)
runs = st.sampled_from(list(Kind)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.tuples(members_of(kind), times), min_size=1, max_size=8))
)


def check(reading: Reading | None) -> None:
    if reading is None:
        return
    assert reading.sampled_at <= reading.received
    for value in reading.values.values():
        assert value is None or isinstance(value, bool | int | float | str | datetime)
        assert not isinstance(value, float) or math.isfinite(value)
    assert len(reading.unknown) <= 200
    for other in reading.unknown.values():
        assert isinstance(other, bool | int | float | str)
    assert isinstance(reading.values["online"], bool)


@pytest.mark.campaign
@settings(max_examples=150, deadline=None)
@given(runs)
def test_law_nothing_that_the_cloud_sends_raises_and_state_survives_json(
    run: tuple[Kind, list[tuple[dict[str, Any], str | None]]],
) -> None:
    """A restart between any two samples changes nothing of what is read."""
    kind, sent = run
    lasting = Interpreter(kind, zone=BERLIN, nominal_power=10)
    restarted = Interpreter(kind, zone=BERLIN, nominal_power=10)
    received = NOON.replace(tzinfo=BERLIN).astimezone(UTC) + DELAY
    for members, time in sent:
        received += minutes(5)
        one = sample(members, kind=kind, time=time, received=received)
        reading = lasting.read(one)
        check(reading)
        restarted = Interpreter(kind, zone=BERLIN, nominal_power=10, state=json.loads(json.dumps(restarted.dump())))
        assert _shown(restarted.read(one)) == _shown(reading)
        assert restarted.stale(received) == lasting.stale(received)
        assert restarted.day_over(received) == lasting.day_over(received)
        json.dumps(lasting.diagnostics())


def _shown(reading: Reading | None) -> object:
    if reading is None:
        return None
    return (
        reading.values,
        reading.sampled_at,
        reading.fresh,
        reading.corrections,
        reading.faults,
        repr(reading.codes),
        repr(reading.unknown),
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_state_survives_json_over_an_ordinary_day(kind: Kind) -> None:
    lasting, restarted = Device(kind), Device(kind)
    for index in range(40):
        members: dict[str, Json] = {
            **HOME,
            "epvTotal": 1520 + index * 0.4,
            "ebatChargeTotal": 90 + index * 0.2,
            "ebatDischargeTotal": 50,
            "soc": 50,
            "temp4": 0.0 if index < 5 else 1.0,
            "vbat": 52 + index % 3,
        }
        local = NOON + minutes(5 * index - 10 * (index % 7 == 6))
        state = json.loads(json.dumps(restarted.interpreter.dump()))
        restarted.interpreter = Interpreter(kind, zone=BERLIN, nominal_power=10, state=state)
        assert _shown(lasting.read_at(local, members)) == _shown(restarted.read_at(local, members))
    assert lasting.interpreter.dump() == restarted.interpreter.dump()
    assert lasting.interpreter.verdicts() == restarted.interpreter.verdicts()


def _damage(value: Any, draw: st.DrawFn) -> Any:
    if draw(st.integers(0, 5)) == 0:
        return draw(json_values)
    if isinstance(value, dict):
        return {key: _damage(item, draw) for key, item in value.items()}
    if isinstance(value, list):
        return [_damage(item, draw) for item in value]
    return value


@st.composite
def damaged_states(draw: st.DrawFn) -> Any:
    device = Device()
    for index in range(3):
        device.read(**HOME, ebatChargeTotal=90 + index, ebatDischargeTotal=50, temp4=0.0)
    return _damage(device.interpreter.dump(), draw)


@pytest.mark.campaign
@settings(max_examples=100, deadline=None)
@given(damaged_states())
def test_law_damaged_state_never_raises(state: Any) -> None:
    interpreter = Interpreter(Kind.HPS_STRING, zone=BERLIN, nominal_power=10, state=state)
    interpreter.restore()
    for index in range(2):
        check(interpreter.read(sample(HOME, NOON + minutes(60 + 5 * index))))
    json.dumps(interpreter.diagnostics())
    interpreter.dump()


def test_damaged_parts_are_ignored_and_the_others_kept() -> None:
    device = Device()
    device.read_at(NOON, HOME)
    state = device.interpreter.dump()
    state["clock"], state["daily"], state["checks"] = 3, [1], None
    other = Interpreter(Kind.HPS_STRING, zone=BERLIN, nominal_power=10, state=state)
    reading = other.read(sample({**HOME, "epvTotal": 0.0}, NOON + minutes(5)))
    assert reading is not None
    assert reading.values["pv_energy_total"] == 1520.3
