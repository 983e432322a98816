"""Inputs without an array are found after seven sunny days."""

from datetime import date, timedelta

import pytest

from custom_components.atess.enerclo.model import Json
from custom_components.atess.readings import Value
from custom_components.atess.readings.pv_inputs import PvInputs

FIRST = date(2026, 7, 1)


def days(inputs: PvInputs, begin: int, number: int, values: dict[str, Value]) -> PvInputs:
    """Let days pass, each with a night, this sample, and storage."""
    for day in range(begin, begin + number):
        at = FIRST + timedelta(days=day)
        inputs.learn(at, dict.fromkeys(values, 0.0))
        inputs.learn(at, values)
        inputs = PvInputs.restored(inputs.dump())
    return inputs


def test_seven_sunny_days_in_a_row() -> None:
    values: dict[str, Value] = {"pv1_power": 3.0, "pv2_power": 0.0}
    inputs = days(PvInputs(), 0, 7, values)
    assert inputs.unused == frozenset()
    inputs = days(inputs, 7, 1, values)
    assert inputs.unused == {"pv2_power"}
    assert inputs.used == {"pv1_power"}


@pytest.mark.parametrize(
    "values",
    [
        {"pv1_power": 0.0, "pv2_power": 0.0},
        {"pv1_power": 0.1, "pv2_power": 0.0},
        {"pv1_power": 3.0, "pv2_power": 0.0, "pv2_voltage": 400.0},
        {"pv1_power": 3.0, "pv2_power": 0.0, "pv2_voltage_hv": 400.0},
        {"pv1_power": 3.0, "pv2_power": 0.1},
    ],
    ids=["snow", "hardly any sun", "voltage", "voltage of HV", "power"],
)
def test_inputs_that_may_be_used(values: dict[str, Value]) -> None:
    assert days(PvInputs(), 0, 30, values).unused == frozenset()


def test_an_input_that_is_used_again_begins_anew() -> None:
    dark: dict[str, Value] = {"pv1_power": 3.0, "pv2_power": 0.0}
    inputs = days(PvInputs(), 0, 10, dark)
    inputs = days(inputs, 10, 1, {"pv1_power": 3.0, "pv2_power": 1.0})
    assert inputs.used == {"pv1_power", "pv2_power"}
    inputs = days(inputs, 11, 7, dark)
    assert inputs.unused == frozenset()
    assert days(inputs, 18, 1, dark).unused == {"pv2_power"}


@pytest.mark.parametrize("state", [None, 5, {"dark": {"pv1_power": "x"}, "day": "never"}])
def test_damaged_storage_counts_as_never_seen(state: Json) -> None:
    assert PvInputs.restored(state).unused == frozenset()
