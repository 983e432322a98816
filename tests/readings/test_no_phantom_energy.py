"""No sequence of good samples and glitches counts energy that did not flow, by Home Assistant's rule for counters."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Json, Kind
from custom_components.atess.readings.daily import DailyCounter
from custom_components.atess.readings.lifetime import LifetimeCounter
from custom_components.atess.readings.plant import Plant
from custom_components.atess.readings.sums import Sums
from custom_components.atess.readings.system import Link, plant_values

from .common import NOON, Device
from .test_counters import at
from .test_system import links, reading

NOMINAL = 10.0


class Counted:
    """What the statistics count: rises, and all of a value that falls below nine tenths."""

    def __init__(self) -> None:
        self.last: float | None = None
        self.sum = 0.0

    def see(self, value: float | None) -> None:
        """Take a value that is shown."""
        if value is None:
            return
        if self.last is not None:
            self.sum += value if value < 0.9 * self.last else value - self.last
        self.last = value


# By name: what a glitch sends instead of a true value; `still` is the value as the glitch began.
GLITCHES: dict[str, Callable[[float, float], float | None]] = {
    "zero": lambda _true, _still: 0.0,
    "null": lambda _true, _still: None,
    "negative": lambda _true, _still: -1.0,
    "tenfold": lambda true, _still: 10 * true,
    "hundredfold": lambda true, _still: 100 * true,
    "watt hours": lambda true, _still: 1000 * true,
    "tenth": lambda true, _still: round(true / 10, 1),
    "thousandth": lambda true, _still: round(true / 1000, 1),
    "frozen": lambda _true, still: still,
    "older": lambda _true, still: 0.8 * still,
    "a lesser meter": lambda true, _still: max(0.0, true - 210.0),
    "a greater meter": lambda true, _still: true + 512.3,
    "far too much": lambda _true, still: still + 777.7,
}
runs = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from(sorted(GLITCHES)), st.integers(1, 8)), min_size=1, max_size=8
)
rates = st.lists(st.floats(0, NOMINAL), min_size=8, max_size=8)


@settings(max_examples=200, deadline=None)
@given(st.floats(300, 50_000), runs, rates, st.booleans())
def test_law_a_lifetime_counter_counts_what_flows(
    start: float, run: list[tuple[int, str, int]], powers: list[float], known: bool
) -> None:
    """Glitches of up to 40 minutes, of any kind, also in the first hour: never more than flows, and soon no less."""
    counter, counted, local, energy = LifetimeCounter(NOMINAL), Counted(), NOON, start
    counted.see(counter.read(round(energy, 1), at(local)))
    local += timedelta(hours=2 if known else 0)
    for (good, glitch, length), power in zip(run, powers, strict=False):
        still = round(energy, 1)
        for number in range(good + length + 8):
            local += timedelta(minutes=5)
            energy += power / 12
            true = round(energy, 1)
            sent = true if not good <= number < good + length else GLITCHES[glitch](true, still)
            counter = LifetimeCounter(NOMINAL, json.loads(json.dumps(counter.dump())))
            counted.see(counter.read(None if sent is None else round(sent, 1), at(local)))
            assert counted.sum <= true - round(start, 1) + 0.11
        assert counted.sum >= round(energy, 1) - round(start, 1) - 0.11 - (0 if known else NOMINAL)


@pytest.mark.campaign
@settings(max_examples=200, deadline=None)
@given(runs, rates, st.integers(0, 23), st.booleans())
def test_law_a_daily_counter_counts_what_flows(
    run: list[tuple[int, str, int]], powers: list[float], hour: int, beside: bool
) -> None:
    """Over midnights, with or without the lifetime counter as a witness."""
    counter, counted = DailyCounter(NOMINAL), Counted()
    local, total, today, days = NOON.replace(hour=hour), 5000.0, 20.0, 0
    day: date = local.date()
    counted.see(counter.read(today, at(local)))
    for (good, glitch, length), power in zip(run, powers, strict=False):
        still = today
        for number in range(good + length + 8):
            local += timedelta(minutes=5)
            total += power / 12
            today += power / 12
            if local.date() != day:
                day, today, days = local.date(), power / 12, days + 1
            true = round(today, 1)
            kind = glitch if today >= still >= 15 else "zero"  # low counters rise by as much as most glitches
            sent = true if not good <= number < good + length else GLITCHES[kind](true, still)
            counter = DailyCounter(NOMINAL, json.loads(json.dumps(counter.dump())))
            counted.see(
                counter.read(
                    None if sent is None else round(sent, 1), at(local), total=round(total, 1) if beside else None
                )
            )
            assert counted.sum <= total - 5000.0 + 0.2 + 0.1 * days
        if day == NOON.date():
            assert counted.sum >= total - 5000.0 - 0.2


@given(
    st.lists(
        st.tuples(st.sampled_from("ABCD"), st.sampled_from(["rise", "join", "leave", "null"]), st.floats(0, 9)),
        max_size=60,
    )
)
def test_law_the_plant_rises_by_what_its_devices_count(steps: list[tuple[str, str, float]]) -> None:
    """Whoever joins, leaves, comes back or has no value: the level follows the members' own rises alone."""
    sums = Sums()
    counters = {"A": 10_083.0, "B": 14_750.0, "C": 14_750.0, "D": 3.0}
    members, silent = {"A", "B"}, set[str]()
    seen = {sn: counters[sn] for sn in members}
    expected = sums.take("pv_energy_total", {sn: (counters[sn], None) for sn in members}, complete=True)
    assert expected == 24_833.0
    for sn, what, amount in steps:
        if what == "join":
            members.add(sn)
        elif what == "leave" and len(members) > 1:
            members.discard(sn)
            seen.pop(sn, None)
        elif what == "null":
            silent ^= {sn}
        else:
            counters[sn] = round(counters[sn] + amount, 1)
        for each in members - silent:
            expected += max(0.0, counters[each] - seen.get(each, counters[each]))
            seen[each] = counters[each]
        sums = Sums(json.loads(json.dumps(sums.dump())))
        found = {each: (None if each in silent else counters[each], None) for each in members}
        assert sums.take("pv_energy_total", found, complete=True) == pytest.approx(expected)


def test_sums_of_today_begin_when_all_are_on_the_new_day() -> None:
    first, second = date(2026, 7, 15), date(2026, 7, 16)
    sums = Sums()

    def take(found: dict[str, tuple[float | None, date]]) -> float | None:
        return sums.take("pv_energy_today", found, complete=True)

    assert take({"A": (20.5, first), "B": (32.0, first)}) == 52.5
    assert take({"A": (0.0, second), "B": (32.0, first)}) == 52.5
    assert take({"A": (0.3, second), "B": (32.2, first)}) == 52.7
    assert take({"A": (0.3, second), "B": (0.1, second)}) == 0.4
    # Who joins during the day counts from there, who leaves keeps what it has counted.
    assert take({"A": (0.5, second), "B": (0.2, second), "C": (18.0, second)}) == 0.7
    assert take({"A": (0.6, second), "C": (18.5, second)}) == 1.3
    assert take({"A": (None, second), "C": (18.5, second)}) == 1.3


def test_damaged_sums_are_none() -> None:
    states: tuple[Any, ...] = (
        None,
        7,
        {"a": 3},
        {"a": {"sum": {"level": "x"}}},
        {"a": {"sum": {"level": 2}, "last": 4}},
    )
    for state in states:
        assert Sums(state).take("other", {"A": (5.0, None)}, complete=True) == 5.0
    assert Sums().take("key", {"A": (5.0, None)}, complete=False) is None


ZEROED: dict[str, Json] = {
    "ppv": 0,
    "ppv1": 0,
    "pac": 0,
    "gactivePower": 0,
    "loadActivePower": 0,
    "vbat": 0,
    "status": 0,
    "epvTotal": 0,
}
LIVE: dict[str, Json] = {
    "ppv": 3.1,
    "ppv1": 3.1,
    "pac": -1.2,
    "gactivePower": 0.4,
    "loadActivePower": 1.5,
    "vbat": 52.1,
    "status": 2,
    "epvTotal": 6830.1,
}


def test_zeros_of_a_zeroed_sample_are_held_until_they_last() -> None:
    device = Device()
    for _ in range(3):
        before = device.read(**LIVE).values
    for _ in range(5):
        values = device.read(**ZEROED).values
        for key in ("pv_power", "load_power", "battery_voltage", "operating_state", "pv_energy_total"):
            assert values[key] == before[key], key
        device.interpreter = device._new(json.loads(json.dumps(device.interpreter.dump())))
    values = device.read(**ZEROED).values
    assert (values["load_power"], values["operating_state"]) == (0.0, "waiting")
    assert values["pv_energy_total"] == 6830.1
    assert device.read(**LIVE).values["load_power"] == 1.5


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ([56, 0, 56], [56, 56, 56]),
        ([56, 0, 0, 0, 0, 0, 0], [56, 56, 56, 56, 56, 56, 0]),
        ([3, 0, 0], [3, 0, 0]),
        ([56, 5, 55], [56, 56, 55]),
        ([70, 100, 100], [70, 70, 100]),
        ([0.94, 0.95, 0.96, 0.96, 0.97, 0.98, 1], [None, None, None, None, None, 98, 100]),
        ([56, 0.5], [56, 56]),
        # One glitch among fractions is none of percentages.
        ([0.8] * 6 + [8, 0.79, 80, 0.78], [None] * 5 + [80, None, 79, None, 78]),
        ([0.8] * 6 + [81] * 7, [None] * 5 + [80] + [None] * 5 + [81] * 2),
    ],
)
def test_states_of_charge(sent: list[float], shown: list[float | None]) -> None:
    device = Device()
    assert [device.read(capacity=each, vbat=52.1).values["battery_state_of_charge"] for each in sent] == shown


def test_an_empty_battery_is_believed_at_once_where_its_voltage_says_so() -> None:
    device = Device()
    device.read(capacity=40, vbat=52.1)
    assert device.read(capacity=0, vbat=46.0, bmsStatus=3).values["battery_state_of_charge"] == 0


def test_a_fraction_is_known_at_once_beside_another_source() -> None:
    values = Device(Kind.HPS_CENTRAL, 100).read(capacity=0.56, soc=56).values
    assert values["battery_state_of_charge"] == 56


def test_a_member_that_is_missing_once_is_null() -> None:
    device = Device()
    members: dict[str, Json] = {**LIVE, "epvToday": 12.0, "gvpvu": 230.0}
    for _ in range(3):
        device.read(**members)
    values = device.read(ppv=3.1, ppv1=3.1).values
    assert (values["pv_energy_total"], values["pv_energy_today"]) == (6830.1, 12.0)
    assert (values["grid_voltage_l1"], values["grid_power"]) == (None, None)


def test_pv_power_is_no_part_of_the_sum() -> None:
    device = Device()
    for _ in range(3):
        assert device.read(ppv1=2.6, ppv2=2.4).values["pv_power"] == 5.0
    assert device.read(ppv1=2.6, ppv2=None).values["pv_power"] is None
    assert device.read(ppv1=2.6, ppv2="--").values["pv_power"] is None
    assert device.read(ppv1=2.6).values["pv_power"] is None
    assert device.read(ppv1=2.6, ppv2=2.4).values["pv_power"] == 5.0
    pbd = Device(Kind.PBD, 250)
    for _ in range(3):
        assert pbd.read(ppv1=20.0, ppv2=30.0).values["pv_power"] == 50.0
    assert pbd.read(ppv1=20.0).values["pv_power"] is None


def test_lost_wins_only_while_nothing_new_comes() -> None:
    device = Device()
    device.read(ppv=3.0, lost=False)
    assert device.read(ppv=3.0, lost=True).values["online"] is False
    assert device.read(ppv=3.1, lost=True).values["online"] is False
    values = device.read(ppv=3.2, lost=True).values
    assert (values["online"], values["pv_power"]) == (True, 3.2)
    assert device.interpreter.diagnostics()["lost_flag_overruled"] is True
    assert device.read(ppv=3.2, lost=True).values["online"] is False


@pytest.mark.parametrize("alone", [True, False])
def test_what_the_dc_side_of_a_pcs_holds_is_learnt_from_its_counters(alone: bool) -> None:
    """With the battery behind the PBD the difference stays at 0 while the counters move; a gap proves nothing."""
    pcs, pbd, plant = Device(Kind.PCS, 500), Device(Kind.PBD, 500), Plant()
    net = -40.0 if alone else -90.0
    charged = 1000.0
    for index in range(60):
        charged -= net / 12
        power = None if index % 20 == 4 else -40.0
        found = {
            "C": pcs.read(dataLogSn="L", pacToBattery=power, echargeTotal=round(charged, 1), edischargeTotal=500.0),
            "P": pbd.read(dataLogSn="L", pbdOutPowe=-40.0 if alone else 50.0, ppv=60.0, pbdBatPower=-100.0),
        }
        where = links(found)
        plant = Plant(json.loads(json.dumps(plant.dump())))
        plant.learn(found, where)
        if index < 3:
            expected = 0.0 if alone else -90.0
            assert plant.shared(found, where)[0]["C"]["battery_power"] == expected
    (verdict,) = plant.verdicts("C")
    assert verdict.verdict == ("battery" if alone else "dc_side")
    assert plant.shared(found, where)[0]["C"]["battery_power"] == net
    plant.corrections = {"C": {"pcs_battery": "dc_side"}}
    assert plant.shared(found, where)[0]["C"]["battery_power"] == (0.0 if alone else -90.0)


def test_a_plant_without_memory_shows_no_sum_over_two_days() -> None:
    before, after = NOON.replace(hour=23, minute=55), NOON.replace(hour=23, minute=55) + timedelta(minutes=10)
    first, second = Device(), Device()
    found = {"A": first.read_at(before, {"epvToday": 20.5}), "B": second.read_at(before, {"epvToday": 32.0})}
    assert all(found.values())
    values: Any = found
    where = {sn: Link(kind=Kind.HPS_STRING) for sn in found}
    assert plant_values(values, where)["pv_energy_today"] == 52.5
    found["A"] = first.read_at(after, {"epvToday": 0.0})
    assert plant_values(values, where)["pv_energy_today"] is None
    assert isinstance(after, datetime)
    assert reading(Kind.HPS_STRING, epvToday=1.0).days == {"pv_energy_today": NOON.date()}


# By name: what a whole sample of counters looks like in a glitch; `ago` are the counters of an hour ago.
type Shape = Callable[[dict[str, float], dict[str, float]], dict[str, Json]]
SAMPLES: dict[str, Shape] = {
    "all zero": lambda true, _ago: dict.fromkeys(true, 0.0),
    "totals zero": lambda true, _ago: {**true, **{name: 0.0 for name in true if name.endswith("Total")}},
    "today zero": lambda true, _ago: {**true, **{name: 0.0 for name in true if name.endswith("Today")}},
    "null": lambda true, _ago: dict.fromkeys(true),
    "missing": lambda _true, _ago: {},
    "watt hours": lambda true, _ago: {name: 1000 * value for name, value in true.items()},
    "tenths": lambda true, _ago: {name: round(value / 10, 1) for name, value in true.items()},
    "resent": lambda _true, ago: {**ago},
    "texts": lambda true, _ago: dict.fromkeys(true, "--"),
    "far too much": lambda true, _ago: {name: value + 777.7 for name, value in true.items()},
}
FLOWS = {"epv": "pv_energy", "eload": "load_energy", "egrid": "grid_import_energy"}


class House:
    """A device whose true energies are known, and what the statistics count of it."""

    def __init__(self, hour: int, powers: list[float]) -> None:
        self.device, self.powers, self.days = Device(), dict(zip(FLOWS, powers, strict=True)), 0
        self.device.local = NOON.replace(hour=hour)
        self.totals = {name: 3000.0 + 700 * number for number, name in enumerate(FLOWS)}
        self.todays = dict.fromkeys(FLOWS, 18.0)
        self.begun = dict(self.totals)
        self.sent: list[dict[str, float]] = []
        self.counted = {key: Counted() for flow in FLOWS.values() for key in (f"{flow}_total", f"{flow}_today")}

    def step(self, shape: Shape | None = None) -> None:
        """Read one more sample, or what a glitch makes of it, and restart; count what is shown."""
        device, day = self.device, self.device.local.date()
        device.local += timedelta(minutes=5)
        if device.local.date() != day:
            self.days += 1
            self.todays = dict.fromkeys(FLOWS, 0.0)
        for name, power in self.powers.items():
            self.totals[name] += power / 12
            self.todays[name] += power / 12
        totals = {f"{name}Total": round(value, 1) for name, value in self.totals.items()}
        self.sent.append(totals | {f"{name}Today": round(value, 1) for name, value in self.todays.items()})
        members = self.sent[-1] if shape is None else shape(self.sent[-1], self.sent[max(0, len(self.sent) - 13)])
        values = device.read(0, **members).values
        device.interpreter = device._new(json.loads(json.dumps(device.interpreter.dump())))
        for key, counted in self.counted.items():
            value = values.get(key)
            assert value is None or isinstance(value, float)
            counted.see(value)

    def flowed(self, name: str) -> float:
        """Return what has flowed since the first sample."""
        return self.totals[name] - self.begun[name] - self.powers[name] / 12


@pytest.mark.campaign
@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(3, 30), st.sampled_from(sorted(SAMPLES)), st.integers(1, 8)), min_size=1, max_size=6
    ),
    st.lists(st.floats(0, NOMINAL), min_size=3, max_size=3),
    st.integers(0, 23),
)
def test_law_no_sample_of_a_device_counts_what_did_not_flow(
    run: list[tuple[int, str, int]], powers: list[float], hour: int
) -> None:
    """All guards together, over midnights and restarts; after each glitch the lifetime totals are whole again."""
    house = House(hour, powers)
    for good, glitch, length in run:
        for shape in (*[None] * good, *[SAMPLES[glitch]] * length, *[None] * 8):
            house.step(shape)
            for name, flow in FLOWS.items():
                most = house.flowed(name) + 0.2
                assert house.counted[f"{flow}_total"].sum <= most
                assert house.counted[f"{flow}_today"].sum <= most + 0.1 * house.days
        for name, flow in FLOWS.items():
            assert house.counted[f"{flow}_total"].sum >= house.flowed(name) - 0.2


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 5)), max_size=6), st.floats(-2, 2), st.integers(15, 90))
def test_law_a_short_fall_to_zero_of_a_charge_is_never_shown(
    runs_of: list[tuple[int, int]], slope: float, start: int
) -> None:
    """And the true value is shown again with the first sample after it."""
    device, charge = Device(), float(start)
    for good, zeros in runs_of:
        for _ in range(good):
            charge = min(100.0, max(15.0, charge + slope))
            assert device.read(capacity=round(charge), vbat=52.1).values["battery_state_of_charge"] == round(charge)
        for _ in range(zeros):
            assert device.read(capacity=0, vbat=52.1).values["battery_state_of_charge"] == round(charge)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=6))
def test_law_zeros_beside_zeroed_counters_are_shown_when_they_last(runs_of: list[tuple[int, int]]) -> None:
    device = Device()
    for good, zeroed in runs_of:
        for _ in range(good):
            values = device.read(**LIVE).values
            assert (values["load_power"], values["pv_power"], values["pv_energy_total"]) == (1.5, 3.1, 6830.1)
        for number in range(1, zeroed + 1):
            values = device.read(**ZEROED).values
            assert values["load_power"] == (1.5 if number < 6 else 0.0)
            assert values["pv_energy_total"] == 6830.1


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40))
def test_law_a_lost_device_is_online_only_while_news_keep_coming(steps: list[tuple[bool, bool]]) -> None:
    device, power, news = Device(), 3.0, 0
    device.read(ppv=power, lost=False)
    for changed, lost in steps:
        power += 0.1 if changed else 0.0
        online = device.read(ppv=round(power, 1), lost=lost).values["online"]
        news = news + 1 if lost and changed else 0
        assert online is (not lost or news >= 2)
