"""The capacity of a battery by its settings, and what it may take or give."""

import pytest

from custom_components.atess.readings import Value
from custom_components.atess.readings.capacity import HalfVoltage, capacity_by_settings, power_limit


def sample(charge: Value, voltage: Value) -> dict[str, Value]:
    return {"battery_state_of_charge": charge, "battery_voltage": voltage}


def test_the_voltage_at_half_charge_is_known_after_twelve_samples_there_and_stays() -> None:
    half = HalfVoltage()
    for charge, voltage in ((39.0, 100.0), (61.0, 100.0), (None, 100.0), (50.0, None), (50.0, 0.0)):
        half.learn(sample(charge, voltage))
    for number in range(12):
        assert half.volts is None
        half = HalfVoltage.restored(half.dump())
        half.learn(sample(50.0, 400.0 + number))
    assert half.volts == 405.5
    half.learn(sample(50.0, 900.0))
    assert half.volts == 405.5


@pytest.mark.parametrize("state", [None, 7, {"total": "x", "count": -1}, {"total": -5.0, "count": 3}])
def test_damaged_storage_counts_as_nothing_learned(state: object) -> None:
    assert HalfVoltage.restored(state).volts is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amp_hours", "groups", "volts", "capacity"),
    [
        (50.0, 1.0, 316.0, 15.8),
        (310.0, 3.0, 680.0, 632.4),
        (None, 1.0, 316.0, None),
        (50.0, None, 316.0, None),
        (50.0, 1.0, None, None),
        (50000.0, 100.0, 700.0, None),
    ],
)
def test_capacity_by_settings(
    amp_hours: float | None, groups: float | None, volts: float | None, capacity: float | None
) -> None:
    assert capacity_by_settings(amp_hours, groups, volts) == capacity


@pytest.mark.parametrize(
    ("currents", "volts", "most", "limit"),
    [
        ((40.0, None, None), 320.0, None, 12.8),
        ((40.0, 25.0, None), 320.0, None, 8.0),
        ((40.0, 1000.0, 30.0), 320.0, 10.0, 9.6),
        ((40.0, None, None), 320.0, 10.0, 10.0),
        ((0.0, 80.0, None), 320.0, 10.0, 0.0),
        ((40.0, 0.0, None), 320.0, None, 12.8),
        ((None, 80.0, None), 320.0, 10.0, None),
        ((40.0, None, None), None, 10.0, None),
        ((40.0, None, None), -1.5, 10.0, None),
    ],
)
def test_power_limit(
    currents: tuple[float | None, ...], volts: float | None, most: float | None, limit: float | None
) -> None:
    assert power_limit(currents, volts, most) == limit
