"""Corrections apply from the next sample on, and counters that change places go on without a step."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Kind
from custom_components.atess.readings import Interpreter, Verdict
from custom_components.atess.readings.clock import offset_of
from custom_components.atess.readings.continuity import Continuity
from custom_components.atess.readings.selfchecks import FlowBalance, Votes

from .common import BERLIN, HOME, NOON, Device, sample

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)


def read(corrections: dict[str, str], state: Any, minutes: int, **members: Any) -> tuple[dict[str, Any], Any]:
    """Return values and state after a sample that an interpreter with these corrections reads."""
    interpreter = Interpreter(Kind.HPS_STRING, zone=BERLIN, nominal_power=10.0, state=state, corrections=corrections)
    reading = interpreter.read(sample({**HOME, **members}, NOON + timedelta(minutes=minutes)))
    assert reading is not None
    return dict(reading.values), json.loads(json.dumps(interpreter.dump()))


def test_swapped_counters_go_on_from_what_was_shown() -> None:
    """Totals and today's energies; taken back, they go on as well; a new day begins at its own value."""
    swapped = {"grid_counters": "swapped"}
    values, state = read({}, None, 0, egridTotal=800.0, etoGridTotal=1200.0, egridToday=3.0, etoGridToday=1.0)
    assert (values["grid_import_energy_total"], values["grid_export_energy_total"]) == (800.0, 1200.0)
    values, state = read(swapped, state, 5, egridTotal=800.2, etoGridTotal=1200.1, egridToday=3.2, etoGridToday=1.1)
    assert (values["grid_import_energy_total"], values["grid_export_energy_total"]) == (800.0, 1200.0)
    assert (values["grid_import_energy_today"], values["grid_export_energy_today"]) == (3.0, 1.0)
    values, state = read(swapped, state, 10, egridTotal=800.5, etoGridTotal=1200.1, egridToday=3.5, etoGridToday=1.1)
    assert (values["grid_import_energy_total"], values["grid_export_energy_total"]) == (800.0, 1200.3)
    assert (values["grid_import_energy_today"], values["grid_export_energy_today"]) == (3.0, 1.3)
    values, state = read({}, state, 15, egridTotal=800.6, etoGridTotal=1200.2, egridToday=3.6, etoGridToday=1.2)
    assert (values["grid_import_energy_total"], values["grid_export_energy_total"]) == (800.0, 1200.3)
    values, state = read(swapped, state, 900, egridTotal=801.0, etoGridTotal=1200.9, egridToday=0.4, etoGridToday=0.2)
    values, _ = read(swapped, state, 905, egridTotal=801.0, etoGridTotal=1200.9, egridToday=0.5, etoGridToday=0.2)
    assert values["grid_export_energy_total"] == 1200.3


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5), st.booleans()), min_size=1, max_size=60))
def test_law_what_changes_places_neither_falls_nor_jumps(steps: list[tuple[float, float, bool]]) -> None:
    """Whatever feeds an entity, it rises by no more than its counters do, and a restart changes nothing."""
    continuity, counters, shown = Continuity(), {"a": 100.0, "b": 900.0}, None
    for first, second, swapped in steps:
        counters = {"a": round(counters["a"] + first, 1), "b": round(counters["b"] + second, 1)}
        source = "b" if swapped else "a"
        continuity = Continuity(json.loads(json.dumps(continuity.dump())))
        value = continuity.show("key", source, counters[source])
        assert value is not None
        if shown is not None:
            assert -0.051 <= value - shown <= max(first, second) + 0.11
        shown = value


def test_damaged_continuity_is_none() -> None:
    for state in (None, 7, {"key": 3}, {"key": {"source": "a"}}, {"key": {"source": 1, "value": 2}}):
        assert Continuity(state).show("key", "a", 5.0) == 5.0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "offset"), [("480", 480), ("-90", -90), ("0", 0), ("7", None), ("", None), ("x", None), (None, None)]
)
def test_offset_of_a_clock(text: str | None, offset: int | None) -> None:
    assert offset_of(text) == offset


def test_a_fixed_clock_is_not_learnt_anew() -> None:
    device = Device(corrections={"clock": "480"})
    for _ in range(10):
        reading = device.read(**HOME)
    assert device.verdict("clock") == "480"
    # Berlin's time is taken for Chinese time, six hours ahead.
    assert reading.sampled_at == device.local.replace(tzinfo=UTC) - timedelta(hours=8)


def test_a_clock_is_told_once_it_has_stood_for_a_day() -> None:
    clock = Verdict(name="clock", verdict="480", expected="home", since=NOW)
    assert not clock.worth_telling(NOW + timedelta(hours=23))
    assert clock.worth_telling(NOW + timedelta(hours=24))
    assert not Verdict(name="clock", verdict="480", expected="home").worth_telling(NOW)
    assert not Verdict(name="clock", verdict="home", expected="home", since=NOW).worth_telling(NOW + timedelta(9))
    assert Verdict(name="grid_sign", verdict="inverted", expected="normal", since=NOW).worth_telling(NOW)


powers = st.floats(0.0, 20.0)


@given(powers, powers, powers, st.sampled_from((1, -1)), st.sampled_from((1, -1)), st.floats(0.0, 0.05))
def test_law_the_balance_never_votes_for_a_wrong_sign(
    pv: float, load: float, battery: float, battery_sign: int, grid_sign: int, loss: float
) -> None:
    """Whatever flows, with losses of up to 5 %: the vote is right, or there is none."""
    for charging in (1, -1):
        true = charging * battery
        export = (pv + true) * (1 - loss) - load
        signs = {1: "normal", -1: "inverted"}
        on_battery, on_grid = (
            Votes(("normal", "inverted"), latch=1, change=1),
            Votes(("normal", "inverted"), latch=1, change=1),
        )
        balance = FlowBalance()
        for minutes in range(0, 30, 5):
            sent = {"pv": pv, "battery": battery_sign * true, "grid": grid_sign * export, "load": load}
            balance.learn(sent, on_battery, on_grid, NOW + timedelta(minutes=minutes))
        if pv + true < 0.3 * (pv + battery):  # what comes in is lost nearly whole: not physics
            continue
        assert on_battery.verdict in {None, signs[battery_sign]}
        assert on_grid.verdict in {None, signs[grid_sign]}


def test_watts_show_in_all_powers_of_a_sample() -> None:
    """8 W beside 1500 W are not 8 kW; a voltage and a current tell too."""
    values = Device().read(ppv=8.0, loadActivePower=1500.0, pac=1500.0, gactivePower=0.0).values
    assert (values["pv_power"], values["load_power"]) == (0.008, 1.5)
    device = Device(Kind.PBD, 250.0)
    values = device.read(ppv=30_000.0, ppv1=30.0, vpv1=600.0, ipv1=50.0).values
    assert (values["pv_power"], values["pv1_power"]) == (30.0, 30.0)


def test_a_first_sample_in_watts_shows_none_of_them_as_kilowatts() -> None:
    """A PBD of unknown size sends 300 W of battery power, which 650 kW would allow as 300 kW, beside 2000 W of PV."""
    sample = {"ppv": 2000.0, "ppv1": 1500.0, "vpv1": 587.9, "ipv1": 2.6, "pbdBatPower": 300.0}
    unknown = Device(Kind.PBD, None).read(**sample)
    assert unknown.values["battery_power"] is None
    assert unknown.values["pv_power"] == 2.0
    assert Device(Kind.PBD, None).read(pbdBatPower=300.0).values["battery_power"] == 300.0


def test_pv_power_of_a_pcs_follows_its_other_powers() -> None:
    device = Device(Kind.PCS, 250.0)
    lines = {"vpvuv": 400.0, "vpvvw": 400.0, "vpvwu": 400.0, "loadIa": 100.0, "loadIb": 100.0, "loadIc": 100.0}
    for _ in range(6):
        device.read(loadActivePower=69_000.0, ppv=0.0, **lines)
    assert device.verdict("power_unit") == "W"
    assert device.read(loadActivePower=69_000.0, ppv=300.0, **lines).values["pv_power"] == 0.3


def test_pv_power_of_a_pcs_in_watts_beside_others_in_kilowatts() -> None:
    device = Device(Kind.PCS, 50.0)
    for _ in range(6):
        assert device.read(loadActivePower=20.0, ppv=30_000.0).values["pv_power"] == 30.0
    assert device.read(loadActivePower=20.0, ppv=40.0).values["pv_power"] == 0.04


def test_swapped_counters_of_which_one_stands_at_0_begin_each_day_anew() -> None:
    """A counter that is 0 on both sides of midnight does not fall there, and yet begins anew."""
    swapped = {"grid_counters": "swapped"}
    _, state = read({}, None, 0, egridTotal=3.0, etoGridTotal=500.0, egridToday=0.0, etoGridToday=8.0)
    values, state = read(swapped, state, 5, egridTotal=3.0, etoGridTotal=500.1, egridToday=0.0, etoGridToday=8.1)
    assert (values["grid_import_energy_today"], values["grid_export_energy_today"]) == (0.0, 8.0)
    for minutes in range(12 * 60 + 5, 13 * 60, 5):
        today = round((minutes - 12 * 60) / 60, 1)
        total = round(512 + today, 1)
        values, state = read(
            swapped, state, minutes, egridTotal=3.0, etoGridTotal=total, egridToday=0.0, etoGridToday=today
        )
    assert (values["grid_import_energy_today"], values["grid_export_energy_today"]) == (today, 0.0)
