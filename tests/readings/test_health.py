"""The health of a battery: simulated cycles, whose truth is known, and too little data, of which nothing is said."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Json
from custom_components.atess.readings import Value
from custom_components.atess.readings.health import Capacity, Health, LowestCell, Month, Rests, Run, Turnover
from simulator.physics import CHARGE, DISCHARGE
from simulator.plant import load_plant
from simulator.system import System

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
CAPACITY_TOLERANCE = 0.05
ROUND_TRIP_TOLERANCE = 2.0


class Battery:
    """A battery of which the capacity at its terminals and the efficiency of charging are known."""

    def __init__(self, kwh: float, efficiency: float, seed: int) -> None:
        self.kwh, self.efficiency, self.random = kwh, efficiency, Random(seed)
        self.charge, self.charged, self.discharged = 50.0, 700.0, 650.0
        self.at = BEGIN

    def flow(self, power: float, target: float, minutes: float) -> Iterator[Turnover]:
        """Discharge (positive) or charge to a state of charge, and yield the samples as devices send them."""
        while (self.charge > target) if power > 0 else (self.charge < target):
            strength = power * self.random.uniform(0.4, 1.6)
            energy = strength * minutes / 60
            self.discharged += max(0.0, energy)
            self.charged += max(0.0, -energy)
            self.charge -= 100 * (energy if energy > 0 else energy * self.efficiency) / self.kwh
            self.at += timedelta(minutes=minutes)
            if self.random.random() > 0.03:
                yield self.sample()

    def sample(self) -> Turnover:
        """Return the present state as it is sent."""
        return Turnover(
            at=self.at,
            charge=float(round(self.charge)),
            charged=round(self.charged, 1),
            discharged=round(self.discharged, 1),
        )


def days(battery: Battery, number: int, minutes: float) -> Iterator[Turnover]:
    """Yield the samples of days with a charge and a discharge of various depth and power."""
    for day in range(1, number + 1):
        yield from battery.flow(
            -battery.kwh * battery.random.uniform(0.1, 0.3), battery.random.uniform(80, 98), minutes
        )
        yield from battery.flow(
            battery.kwh * battery.random.uniform(0.04, 0.25), battery.random.uniform(8, 35), minutes
        )
        battery.at = max(battery.at, BEGIN + timedelta(days=day))


batteries = st.builds(Battery, st.floats(5.0, 600.0), st.floats(0.88, 0.99), st.integers(0, 10**6))


@settings(max_examples=60, deadline=None)
@given(battery=batteries, minutes=st.sampled_from([1.0, 5.0, 10.0]))
def test_the_capacity_of_simulated_cycles_is_found(battery: Battery, minutes: float) -> None:
    """Over ten days with rounded counters, dropped samples, and storage in between, within 5 %."""
    capacity = Capacity()
    for number, sample in enumerate(days(battery, 10, minutes)):
        capacity.learn(sample)
        if number % 50 == 0:
            capacity = Health.restored(Health(capacity=capacity).dump()).capacity
    assert capacity.kwh == pytest.approx(battery.kwh, rel=CAPACITY_TOLERANCE)


@settings(max_examples=30, deadline=None)
@given(battery=batteries)
def test_two_discharges_are_too_little(battery: Battery) -> None:
    capacity = Capacity()
    for sample in days(battery, 2, 5.0):
        capacity.learn(sample)
        assert capacity.kwh is None


def test_small_discharges_and_jumps_measure_nothing() -> None:
    """A charge that falls without energy, a BMS that puts itself right, gaps, and counters that begin anew."""
    battery, capacity = Battery(20.0, 0.95, 1), Capacity()
    for _ in range(30):
        for sample in [*battery.flow(2.0, battery.charge - 15, 5.0), *battery.flow(-2.0, battery.charge + 15, 5.0)]:
            capacity.learn(sample)
    for _ in range(10):
        for change in (40.0, -40.0):
            battery.charge += change
            battery.at += timedelta(minutes=5)
            capacity.learn(battery.sample())
    for _ in range(10):
        for charge in (90.0, 50.0, 10.0):
            battery.charge = charge
            battery.discharged += 8.0
            battery.at += timedelta(hours=2)
            capacity.learn(battery.sample())
    assert capacity.runs == []


def test_a_discharge_that_was_something_else_is_left_out() -> None:
    battery, capacity = Battery(20.0, 0.95, 2), Capacity()
    for sample in days(battery, 6, 5.0):
        capacity.learn(sample)
    expected = capacity.kwh
    capacity.runs[2].energy *= 2
    assert capacity.kwh == pytest.approx(expected, rel=CAPACITY_TOLERANCE)


@settings(max_examples=15, deadline=None)
@given(battery=batteries)
def test_the_round_trip_of_simulated_cycles_is_found(battery: Battery) -> None:
    """Over 40 days within 2 points, and nothing in the first 20."""
    month = Month()
    for sample in days(battery, 40, 10.0):
        month.learn(sample)
        found = month.efficiency(sample, battery.kwh)
        if sample.at - BEGIN < timedelta(days=20):
            assert found is None
    assert found == pytest.approx(100 * battery.efficiency, abs=ROUND_TRIP_TOLERANCE)
    assert month.efficiency(sample, None) is None
    assert len(month.days) <= 31


def test_a_battery_that_hardly_works_has_no_round_trip() -> None:
    battery, month = Battery(20.0, 0.95, 3), Month()
    for _ in range(40):
        battery.at += timedelta(days=1)
        battery.charged += 1.0
        month.learn(battery.sample())
    assert month.efficiency(battery.sample(), battery.kwh) is None


def test_the_truth_of_the_simulator_is_found() -> None:
    """A month of a house: what its battery gives is 0.97 of what it holds, and as much is lost when it is charged."""
    plant = load_plant("home")
    system = System(plant.systems[0], plant, seed=1, start=datetime(2026, 4, 1, tzinfo=UTC).timestamp())
    spec = plant.systems[0].battery
    assert spec is not None
    health = Health()
    for number in range(30 * 288):
        at = system.start + 300 * number
        moment = system.moment(at)
        values: dict[str, Value] = {
            "battery_state_of_charge": float(round(moment.soc)),
            "battery_charge_energy_total": round(moment.total[CHARGE], 1),
            "battery_discharge_energy_total": round(moment.total[DISCHARGE], 1),
            "battery_power": round(moment.battery, 2),
        }
        health.learn(datetime.fromtimestamp(at, UTC), values, None)
    found = health.values(values, None)
    assert found["measured_capacity"] == pytest.approx(0.97 * spec.kwh, rel=CAPACITY_TOLERANCE)
    assert found["round_trip_efficiency_30_days"] == pytest.approx(97.0 * 0.97, abs=ROUND_TRIP_TOLERANCE)
    given = values["battery_discharge_energy_total"]
    assert isinstance(given, float)
    assert found["full_cycles"] == pytest.approx(given / (0.97 * spec.kwh), rel=CAPACITY_TOLERANCE)
    # An entered capacity goes first.
    assert health.values(values, 10.0)["full_cycles"] == pytest.approx(given / 10, abs=0.1)


def test_the_spread_at_rest() -> None:
    """The median of at least three rests, each as of its end; what flows, gaps, and short rests say nothing."""
    rests, at = Rests(), BEGIN

    def rest(minutes: int, spread: float, power: float | None = 0.0) -> None:
        nonlocal at
        for _ in range(0, minutes, 5):
            at += timedelta(minutes=5)
            rests.learn(at, power, spread, 20.0)

    for spread in (4.0, 6.0):
        rest(20, 99.0)
        rest(60, 99.0, power=3.0)
        rest(60, 99.0, power=None)
        rest(40, 50.0)
        rest(20, spread)
        rest(10, 99.0, power=-0.5)
    at += timedelta(hours=2)
    rest(30, 99.0)
    assert rests.spread is None
    rest(5, 30.0)
    assert rests.spread == 6.0
    # Of a battery of 20 kWh, 0.2 kW are rest.
    rest(5, 99.0, power=3.0)
    rest(60, 5.0, power=0.2)
    assert rests.spread == 5.5


def test_damaged_parts_of_what_is_learned_raise_nothing() -> None:
    rests = Rests(since=BEGIN, last=BEGIN + timedelta(minutes=60), counted=True)
    rests.learn(BEGIN + timedelta(minutes=65), 0.0, 5.0, 20.0)
    assert [rest.spread for rest in rests.rests] == [5.0]
    assert Capacity(runs=[Run(at=BEGIN, points=0.0, energy=5.0)] * 3).kwh is None


@given(place=st.sampled_from(["1-3-12", "2-1-4"]), share=st.integers(60, 100), per_day=st.integers(1, 288))
def test_the_lowest_cell(place: str, share: int, per_day: int) -> None:
    """Found after a week and 200 samples of the last 30 days."""
    lowest, random = LowestCell(), Random(share)
    for day in range(40):
        for number in range(per_day):
            cell = place if random.random() * 100 < share else f"9-9-{random.randrange(99)}"
            lowest.learn(BEGIN + timedelta(days=day, seconds=number), cell)
        found = lowest.found
        if day < 6 or per_day * min(day + 1, 30) < 200:
            assert found is None
        else:
            assert found is not None
            assert found[0] == place
            assert found[1] == pytest.approx(share, abs=12)
            assert 0 <= found[1] <= 100
    assert len(lowest.days) <= 30


@pytest.mark.parametrize("state", [None, "x", {"capacity": 5}, {"capacity": {"runs": [{"points": "x"}]}, "lowest": []}])
def test_damaged_storage_counts_as_never_learned(state: Json) -> None:
    found = Health.restored(state).values({"battery_discharge_energy_total": 900.0}, None)
    assert set(found.values()) == {None}
