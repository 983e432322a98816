"""Energies by integration of power, and the balance of a day."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Kind
from custom_components.atess.readings import COMPUTED, Interpreter
from custom_components.atess.readings.energies import FLOWS, Integral, unaccounted
from custom_components.atess.readings.system import link_of, plant_values

from .common import HOME, Device

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("samples", "energy"),
    [
        ([(0, 4.0), (30, 4.0)], 0.0),  # a gap beyond three intervals of five minutes
        ([(0, 4.0), (15, 4.0)], 1.0),
        ([(0, 4.0), (15, 8.0)], 1.5),
        ([(0, 4.0), (6, None), (12, 4.0)], 0.0),
        ([(0, 4.0), (15, 4.0), (15, 400.0), (10, 400.0), (30, 4.0)], 2.0),
    ],
)
def test_trapezoid(samples: list[tuple[float, float | None]], energy: float) -> None:
    integral = Integral()
    for minutes, power in samples:
        integral.add(power, START + timedelta(minutes=minutes), 5)
    assert integral.energy == pytest.approx(energy)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 60)), min_size=2, max_size=40), st.integers(1, 38))
def test_law_an_integral_never_falls_nor_exceeds_the_greatest_power(
    samples: list[tuple[float, float]], restart: int
) -> None:
    """Restored from its own dump anywhere on the way, it goes on as if nothing had been."""
    integral, other, at, before = Integral(), Integral(), START, 0.0
    for number, (power, minutes) in enumerate(samples):
        at += timedelta(minutes=minutes)
        integral.add(power, at, 5)
        if number == restart:
            other = Integral(json.loads(json.dumps(other.dump())))
        other.add(power, at, 5)
        assert integral.energy >= before
        before = integral.energy
    assert other.energy == integral.energy
    most = max(power for power, _ in samples)
    assert before <= most * (at - START).total_seconds() / 3600 + 1e-6


def test_a_device_without_a_grid_counter() -> None:
    device = Device()
    members = {key: value for key, value in HOME.items() if "Grid" not in key} | {"gactivePower": -3.0, "pac": -1.0}
    for _ in range(13):
        values = device.read(**members).values
    assert values["grid_import_energy_computed"] == 3.0
    assert values["grid_export_energy_computed"] == 0.0
    assert values["battery_charge_energy_computed"] == 1.0
    assert values["pv_energy_computed"] == 5.0
    restored = Interpreter(Kind.HPS_STRING, zone=UTC, nominal_power=10.0, state=device.interpreter.dump()).restore()
    assert restored is not None
    assert restored.values["grid_import_energy_computed"] == 3.0


def test_computed_energies_name_their_power_and_counter() -> None:
    device = Device()
    values = device.read(**HOME, ebatChargeTotal=1, ebatDischargeTotal=1, egridTotal=1, etoGridTotal=1, eloadTotal=1)
    for key, computed in COMPUTED.items():
        assert key in values.values
        assert computed.power in values.values
        assert computed.counter in values.values


@pytest.mark.parametrize(
    ("flows", "share"),
    [
        ((10, 2, 4, 9, 3, 3), 6.2),
        ((10, 0, 0, 5, 5, 0), 0.0),
        ((4, 0, 0, 5, 0, 0), -25.0),
        ((0.2, 0, 0, 0.1, 0, 0), None),
    ],
)
def test_share_that_does_not_add_up(flows: tuple[float, ...], share: float | None) -> None:
    energies = dict(zip(FLOWS, flows, strict=True))
    assert unaccounted(energies) == share
    assert unaccounted({key: energies[key] for key in FLOWS[1:]}) is None


def day(device: Device, hours: int, **more: Any) -> dict[str, Any]:
    """Read some hours in which 5 kW of sun serve 2 kW of load, 2 kW of charging and 0.5 kW of export."""
    values: dict[str, Any] = {}
    for number in range(12 * hours):
        passed = number / 12
        counters = {"epvTotal": 100 + 5 * passed, "eloadTotal": 100 + 2 * passed, "ebatChargeTotal": 100 + 2 * passed}
        still = {"etoGridTotal": 100 + 0.5 * passed, "egridTotal": 100.0, "ebatDischargeTotal": 100.0}
        powers = {"ppv": 5.0, "loadActivePower": 2.0, "pac": -2.0, "gactivePower": 0.5}
        values = dict(device.read(**(counters | still | powers | more)).values)
    return values


def test_balance_of_a_day() -> None:
    """Known after a day, by counters and by powers; a power that is misread shows."""
    assert day(Device(), 20)["unaccounted_energy_by_counters"] is None
    values = day(Device(), 25)
    assert values["unaccounted_energy_by_counters"] == pytest.approx(10.0, abs=0.3)
    assert values["unaccounted_energy_by_powers"] == pytest.approx(10.0, abs=0.3)
    values = day(Device(), 25, loadActivePower=1.0)
    assert values["unaccounted_energy_by_counters"] == pytest.approx(10.0, abs=0.3)
    assert values["unaccounted_energy_by_powers"] == pytest.approx(30.0, abs=0.3)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["integrals", "hours", "counters", "hour", "pv", "pv_energy_computed"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_damaged_state_is_no_state(state: Any) -> None:
    interpreter = Interpreter(Kind.HPS_STRING, zone=UTC, nominal_power=10.0, state={"accounts": state})
    json.dumps(interpreter.dump())


def test_balance_of_a_plant() -> None:
    """What does not add up over all devices; nothing as long as one of them does not know its day."""
    one, other = Device(), Device()
    day(one, 25)
    day(other, 25, loadActivePower=1.0)
    readings = {"one": one.interpreter.restore(), "other": other.interpreter.restore()}
    known = {name: reading for name, reading in readings.items() if reading is not None}
    links = {name: link_of(reading) for name, reading in known.items()}
    values = plant_values(known, links)
    assert values["unaccounted_energy_by_counters"] == pytest.approx(10.0, abs=0.3)
    assert values["unaccounted_energy_by_powers"] == pytest.approx(20.0, abs=0.3)
    new = Device()
    day(new, 3)
    reading = new.interpreter.restore()
    assert reading is not None
    values = plant_values({**known, "new": reading}, {**links, "new": link_of(reading)})
    assert not {"unaccounted_energy_by_counters", "unaccounted_energy_by_powers"} & values.keys()
