"""The guards on single values: every example, and a law for each."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Json, Kind
from custom_components.atess.readings import guards
from custom_components.atess.readings.first_samples import FirstSamples, other_phase
from custom_components.atess.readings.rules import RULES, Rule

from .common import Device

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@pytest.mark.parametrize(
    ("guard", "sent", "expected"),
    [
        (guards.signed_tenths, 6523.6, -30.0),
        (guards.signed_tenths, 6553.5, -0.1),
        (guards.signed_tenths, 3276.7, 3276.7),
        (guards.signed_tenths, 7000.0, 7000.0),
        (guards.signed_thousandths, 65.526, -0.010),
        (guards.signed_thousandths, 3.355, 3.355),
        (guards.cell_voltage, 3436.0, 3.436),
        (guards.cell_voltage, 3.36, 3.36),
        (guards.cell_voltage, 65.0, None),
        (guards.cell_voltage, 8.0, None),
        (guards.cell_voltage, 0.0, None),
        (guards.average_cell_voltage, 3.355, 3.355),
        (guards.average_cell_voltage, 65.526, None),
        (guards.average_cell_voltage, 0.46, None),
        (guards.average_cell_voltage_pbd, 33.55, 3.355),
        (guards.average_cell_voltage_pbd, 3.355, 3.355),
        (guards.average_cell_voltage_pbd, 99.0, None),
        (guards.cell_temperature, 32.0, 32.0),
        (guards.cell_temperature, 251.0, -5.0),
        (guards.cell_temperature, 157.0, None),
        (guards.percentage, 99.0, 99.0),
        (guards.percentage, 470.0, None),
        (guards.percentage, 48130.0, None),
        (guards.power_factor, 100.0, 1.0),
        (guards.power_factor, 98.5, 0.985),
        (guards.power_factor, 0.98, 0.98),
        (guards.power_factor, 220.0, None),
        (guards.frequency, 49.98, 49.98),
        (guards.frequency, 4998.0, 49.98),
        (guards.frequency, 0.0, 0.0),
        (guards.frequency, 8.1, None),
        (guards.device_temperature, 160.0, None),
        (guards.device_temperature, -30.0, -30.0),
        (guards.pv_power, -0.1, 0.0),
        (guards.pv_power, -4.0, None),
        (guards.pv_power, 3.2, 3.2),
        (guards.pv_voltage, -0.5, 0.0),
        (guards.fault_word, -1.0, None),
        (guards.fault_word, -32768.0, 32768.0),
        (guards.fault_word, 1024.0, 1024.0),
        (guards.fault_word, 70000.0, None),
        (guards.fault_word, 1.5, None),
        (guards.fault_word, -70000.0, None),
    ],
)
def test_examples(guard: guards.Guard, sent: float, expected: float | None) -> None:
    assert guard(sent) == expected


def test_volt_amperes() -> None:
    assert guards.volt_amperes(9.8, 10) == 9.8
    assert guards.volt_amperes(2350.0, 10) == 2.35


LAWS: list[tuple[guards.Guard, float, float]] = [
    (guards.cell_voltage, 0.5, 5.0),
    (guards.average_cell_voltage, 0.5, 10.0),
    (guards.average_cell_voltage_pbd, 0.5, 10.0),
    (guards.cell_temperature, -40, 100),
    (guards.percentage, 0, 100),
    (guards.power_factor, -1, 1),
    (guards.frequency, 0, 70),
    (guards.device_temperature, -40, 150),
    (guards.pv_power, 0, 1e6),
    (guards.pv_voltage, 0, 1e6),
    (guards.fault_word, 0, 65535),
]


@pytest.mark.parametrize(("guard", "low", "high"), LAWS)
@given(value=numbers)
def test_a_guard_yields_nothing_out_of_range_and_is_stable(
    guard: Callable[[float], float | None], low: float, high: float, value: float
) -> None:
    result = guard(value)
    if result is not None:
        assert low <= result <= high
        assert guard(result) == result


@given(value=st.integers(-32768, 32767))
def test_a_signed_register_read_as_unsigned_is_restored(value: int) -> None:
    assert guards.signed_tenths(round((value % 65536) * 0.1, 3)) == pytest.approx(value * 0.1, abs=1e-6)
    assert guards.signed_thousandths(round((value % 65536) * 0.001, 3)) == pytest.approx(value * 0.001, abs=1e-6)


def test_nominal_power() -> None:
    assert guards.nominal_or_default(Kind.HPS_STRING, None) == 50
    assert guards.nominal_or_default(Kind.PCS, None) == 650
    assert guards.nominal_or_default(Kind.PCS, 100) == 100
    assert guards.nominal_or_default(Kind.PCS, -3) == 650
    assert guards.nominal_or_default(Kind.PCS, 0.1) == 650
    assert guards.nominal_or_default(Kind.PCS, float("nan")) == 650


def test_g8_no_battery() -> None:
    reading = Device().read(vbat=-1.5, capacity=0, maxVolt=3.3, maxTemp=20, soh=90)
    assert reading.values["battery_voltage"] == 0.0
    for key in ("battery_state_of_charge", "cell_voltage_maximum", "battery_temperature_maximum"):
        assert reading.values[key] is None
    assert reading.corrections["battery_voltage"] == ("G8",)
    assert Device().read(vbat=8.0).values["battery_voltage"] == 8.0


def test_g8_leaves_a_battery_alone() -> None:
    values = Device().read(vbat=52.0, capacity=77).values
    assert values["battery_state_of_charge"] == 77


def test_g9_open_sensors() -> None:
    wrapped: dict[str, Json] = dict.fromkeys(("temp", "temp1", "temp2", "temp4"), 6523.6)
    reading = Device().read(**wrapped)
    assert [reading.values[key] for key in ("ambient_temperature", "module_temperature_1")] == [None, None]
    assert reading.corrections["module_temperature_1"] == ("G2", "G9")
    assert Device().read(temp=-30.0, temp1=25.0).values["ambient_temperature"] == -30.0
    assert Device().read(temp=160.0).values["ambient_temperature"] is None


def test_g9_unfitted_sensor_until_it_changes() -> None:
    device = Device()
    for _ in range(14):
        assert device.read(temp4=0.0).values["module_temperature_4"] is None
    assert device.read(temp4=12.5).values["module_temperature_4"] == 12.5
    assert device.read(temp4=0.0).values["module_temperature_4"] == 0.0


def test_g3_truncated_cell_voltages() -> None:
    device = Device()
    shown = [device.read(maxVolt=3, minVolt=3, mvpv=3.355).values["cell_voltage_maximum"] for _ in range(13)]
    assert shown == [3.0] * 11 + [None, None]
    assert device.read(maxVolt=3.36, minVolt=3.3, mvpv=3.355).values["cell_voltage_maximum"] == 3.36
    assert device.read(maxVolt=3, minVolt=3, mvpv=3.355).values["cell_voltage_maximum"] == 3.0


def test_g3_whole_volts_are_no_truncation_beside_a_whole_average() -> None:
    device = Device()
    for _ in range(13):
        reading = device.read(maxVolt=3, minVolt=3, mvpv=3)
    assert reading.values["cell_voltage_maximum"] == 3.0


def test_g10_single_phase_from_the_first_sample() -> None:
    device = Device()
    phases: dict[str, Json] = {"gvpvu": 230.5, "gvpvv": 0, "gvpvw": 0, "ipvu": 3.1, "ipvv": 0, "loadIw": 0}
    for _ in range(13):
        values = device.read(**phases).values
        assert values["grid_voltage_l1"] == 230.5
        assert not {"grid_voltage_l2", "grid_voltage_l3", "grid_current_l2", "load_current_l3"} & values.keys()
    # While the grid is away it stays what it is; a second phase that lives ends it.
    assert "grid_voltage_l2" not in device.read(gvpvu=0, gvpvv=0, gvpvw=0).values
    assert device.read(gvpvu=230, gvpvv=231, gvpvw=229).values["grid_voltage_l2"] == 231
    assert device.read(**phases).values["grid_voltage_l2"] == 0


def test_g10_lines_and_output_tell_too() -> None:
    values = Device(Kind.HPS_CENTRAL).read(gvpvuv=230.5, gvpvvw=0, gvpvwu=0).values
    assert "grid_voltage_l1_l2" in values
    assert not {"grid_voltage_l2_l3", "grid_voltage_l3_l1"} & values.keys()
    values = Device().read(gvpvu=0, gvpvv=0, gvpvw=0, outvu=230, outvv=0, outvw=0).values
    assert "output_voltage_l2" not in values
    assert "grid_voltage_l2" in Device().read(gvpvu=0, gvpvv=0, gvpvw=0).values


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("grid_voltage_l1", False),
        ("grid_voltage_l1_l2", False),
        ("grid_voltage_l2", True),
        ("output_voltage_l2_l3", True),
        ("grid_voltage_l3_l1", True),
        ("load_current_l3", True),
        ("inverter_voltage_l2", True),
        ("load_power", False),
    ],
)
def test_other_phases(key: str, other: bool) -> None:
    assert other_phase(key) is other


def test_g11_pv() -> None:
    values = Device().read(ppv1=-0.1, ppv2=-4.0, vpv=-0.5).values
    assert (values["pv1_power"], values["pv2_power"], values["pv1_voltage"]) == (0.0, None, 0.0)


def test_g21_pairs() -> None:
    reading = Device().read(maxVolt=3.1, minVolt=3.4, maxTemp=20, minTemp=25)
    for key in ("cell_voltage_maximum", "cell_voltage_minimum", "battery_temperature_maximum", "cell_voltage_spread"):
        assert reading.values[key] is None
    assert reading.corrections["cell_voltage_minimum"] == ("G21",)


def test_a_repeated_sample_does_not_make_a_sensor_fitted() -> None:
    device = Device()
    device.read(0, vbat=52)
    assert device.read(0, temp4=20.0, maxVolt=3, minVolt=3).values["module_temperature_4"] == 20.0
    assert device.read(temp4=0.0, maxVolt=3, minVolt=3).values["module_temperature_4"] is None


def test_first_samples_survive_damage() -> None:
    assert FirstSamples("rubbish").dump() == FirstSamples().dump()
    assert FirstSamples({"whole": -1, "fitted": [1, "a"], "single": True, "three": "yes"}).dump() == {
        "whole": 0,
        "fitted": ["a"],
        "single": 0,
        "three": False,
    }


def test_g2_and_g4_of_average_cell_voltage_by_kind() -> None:
    assert Device().read(mvpv=65.526).values["cell_voltage_average"] is None
    assert Device(Kind.PBD).read(mvpv=33.55).values["cell_voltage_average"] == 3.355


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.number)
def test_the_examples_of_the_guards_page(rule: Rule) -> None:
    """And every guard that the code names has its place there."""
    if rule.check is not None:
        assert [rule.check(sent) for sent, _ in rule.examples] == [shown for _, shown in rule.examples]


def test_every_guard_that_is_named_is_explained() -> None:
    root = Path(__file__).parents[2]
    files = [path for place in ("custom_components", "docs", "tests") for path in (root / place).rglob("*.[pm][yd]")]
    texts = [path.read_text("utf-8") for path in files]
    named = {each for text in texts for each in re.findall(r"\bG\d{1,2}a?\b", text)}
    assert named == {rule.number for rule in RULES}
    assert not any(chr(0xA7) in text for text in texts)
