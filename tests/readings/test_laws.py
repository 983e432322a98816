"""The law of each guard that has none beside its examples, for any value that may come."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.readings import guards
from custom_components.atess.readings.clock import Clock
from custom_components.atess.readings.first_samples import FirstSamples
from custom_components.atess.readings.lifetime import LifetimeCounter
from custom_components.atess.readings.rises import When
from custom_components.atess.readings.selfchecks import UnitCheck

from .common import NOON, Device, sample

numbers = st.floats(-70_000, 70_000).map(lambda value: round(value, 3))
maybe = st.none() | numbers
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


@given(st.dictionaries(st.sampled_from(guards.CELL_KEYS), maybe), maybe)
def test_g8_no_battery_has_no_cells(cells: dict[str, float | None], voltage: float | None) -> None:
    found = {**cells, "battery_voltage": voltage}
    guards.battery_presence(found)
    if voltage is None or voltage >= 10:
        assert found == {**cells, "battery_voltage": voltage}
    else:
        assert found.pop("battery_voltage") == max(0.0, voltage)
        assert set(found.values()) <= {None}


@given(st.lists(st.sampled_from([-30.0, -29.9, 0.0, 25.0, None]), max_size=6))
def test_g9_open_sensors_go_together_or_stay(temperatures: list[float | None]) -> None:
    sent = {f"temperature_{number}": value for number, value in enumerate(temperatures)}
    found = dict(sent)
    guards.open_sensors(found, list(found))
    opened = temperatures.count(-30.0) >= 2
    assert found == {key: None if opened and value == -30.0 else value for key, value in sent.items()}


@given(st.lists(st.tuples(st.floats(0, 260), st.floats(0, 260), st.floats(0, 260)), min_size=1, max_size=30))
def test_g10_a_second_live_phase_is_never_forgotten(samples: list[tuple[float, float, float]]) -> None:
    first, lived = FirstSamples(), False
    for volts in samples:
        found = {f"grid_voltage_l{number}": value for number, value in enumerate(volts, 1)}
        lived |= max(volts[1:]) >= 5
        single = first.single_phase(found, learn=True)
        assert not (single and lived)


@given(numbers)
def test_g11_pv_is_never_negative(value: float) -> None:
    assert guards.pv_voltage(value) >= 0
    power = guards.pv_power(value)
    assert power is None if value < -0.5 else power == max(0.0, value)


@given(numbers, st.floats(1, 700), st.sampled_from([None, "kW", "W"]))
def test_g15_no_power_beyond_three_times_the_nominal_is_shown(raw: float, nominal: float, unit: str | None) -> None:
    """And what is shown is what was sent, a thousandth of it, or a negative value that was read as unsigned."""
    shown, name = UnitCheck(nominal, forced=unit).scale(raw)
    if shown is None:
        assert name is not None
        return
    same = {raw, round(raw / 1000, 6) + 0.0, round(raw - 6553.6, 3) + 0.0}
    assert shown in same
    if unit is not None:
        assert abs(shown) <= 3 * nominal + 0.1
    if unit == "W":
        assert shown == round(raw / 1000, 6) + 0.0


@given(numbers)
def test_g18_a_fault_word_has_16_bits(value: float) -> None:
    word = guards.fault_word(float(int(value)))
    assert word is None or 0 <= word <= 65535
    assert guards.fault_word(-1.0) is None


@given(st.integers(1, 40), st.integers(3, 20), st.integers(0, 180))
def test_g19_stale_after_three_intervals_and_not_before(interval: int, samples: int, silent: int) -> None:
    clock, local, now = Clock(UTC), NOON, NOON.replace(tzinfo=UTC)
    for _ in range(samples):
        local, now = local + timedelta(minutes=interval), now + timedelta(minutes=interval)
        clock.take(local, now, "")
    limit = max(3 * min(30, interval), 20)
    assert clock.stale(now + timedelta(minutes=silent)) is (silent > limit)


@given(st.lists(st.sampled_from(["ppv", "pac", "epvTotal", "vbat", "status", "maxVolt"]), max_size=6), st.booleans())
def test_g20_nothing_but_zeros_without_a_time_is_no_sample(members: list[str], zero: bool) -> None:
    device = Device()
    sent = dict.fromkeys(members, 0 if zero else None)
    assert device.interpreter.read(sample(sent, None)) is None


@given(maybe, maybe)
def test_g21_a_maximum_is_never_below_its_minimum(highest: float | None, lowest: float | None) -> None:
    found = {"cell_voltage_maximum": highest, "cell_voltage_minimum": lowest}
    guards.pairs(found)
    highest, lowest = found.values()
    assert highest is None or lowest is None or highest >= lowest


@given(st.floats(6401, 6553.5), st.floats(0.1, 149), st.lists(st.floats(0, 2), max_size=20))
def test_g14a_a_wrap_is_taken_at_once_and_counted_on(last: float, value: float, rises: list[float]) -> None:
    """If the time explains it; else it is a fall like any other."""
    counter, at = LifetimeCounter(1200, wraps=True), START

    def read(sent: float) -> float | None:
        nonlocal at
        at += timedelta(minutes=5)
        return counter.read(round(sent, 1), When(utc=at, local=at.replace(tzinfo=None)))

    assert read(last) == round(last, 1)
    at += timedelta(hours=1)
    assert read(value) == round(value, 1)
    for rise in rises:
        value += rise
        assert read(value) == round(value, 1)
    other = LifetimeCounter(1.0, wraps=True)
    moment = When(utc=START, local=START.replace(tzinfo=None))
    other.read(6410.0, moment)
    assert other.read(value, moment) == 6410.0
