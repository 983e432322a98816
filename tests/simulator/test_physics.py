"""Energy is neither made nor lost, and time does what it should."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.physics import (
    BATTERY_LOSS,
    CHARGE,
    DISCHARGE,
    EXPORT,
    IMPORT,
    INVERTER_LOSS,
    LOAD,
    OUTPUT,
    PV,
    PV_LOSS,
    STANDBY,
)
from simulator.plant import load_plant
from simulator.system import System

BERLIN = ZoneInfo("Europe/Berlin")
DAY = 86400.0


def make_system(plant_name: str, *, seed: int = 1, start: datetime) -> System:
    plant = load_plant(plant_name)
    return System(plant.systems[-1], plant, seed=seed, start=start.timestamp())


@pytest.mark.campaign
@settings(max_examples=40, deadline=None)
@given(
    plant=st.sampled_from(["home", "farm", "commercial", "minimal", "demo"]),
    seed=st.integers(0, 10**6),
    day=st.integers(0, 3650),
    changes=st.lists(
        st.fixed_dictionaries(
            {
                "mode": st.integers(0, 12),
                "discharge_cutoff_soc": st.integers(0, 100),
                "out_power_max": st.integers(0, 120),
                "output_power": st.integers(0, 300),
                "anti_reflux": st.integers(0, 1),
                "on_off": st.sampled_from([1, 1, 1, 0]),
                "ems_control": st.sampled_from([0, 0, 1]),
                "ems_power": st.integers(0, 150),
                "forced_off_grid": st.sampled_from([0, 0, 1]),
                "grid_charging_power": st.integers(0, 150),
                "grid_power_limit": st.integers(0, 100),
                "battery_export_power": st.integers(0, 50),
            }
        ),
        max_size=6,
    ),
)
def test_energy_in_equals_energy_out_and_losses(plant: str, seed: int, day: int, changes: list[dict[str, int]]) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day)
    system = make_system(plant, seed=seed, start=start)
    inverter = system.spec.inverter.sn
    for number, change in enumerate(changes, 1):
        system.change_settings(system.start + number * 1.7 * DAY, inverter, change)
    first, last = system.moment(system.start), system.moment(system.start + 14 * DAY)
    flow = [after - before for before, after in zip(first.total, last.total, strict=True)]

    put_in = flow[PV] + flow[IMPORT] + first.stored
    losses = flow[PV_LOSS] + flow[INVERTER_LOSS] + flow[BATTERY_LOSS] + flow[STANDBY]
    assert flow[LOAD] + flow[EXPORT] + last.stored + losses == pytest.approx(put_in, rel=1e-3)

    assert all(value >= -1e-9 for value in flow)
    machine, battery = system.spec.machine, system.spec.battery
    assert flow[OUTPUT] == pytest.approx(flow[PV] * machine.pv_efficiency)
    throughput = flow[OUTPUT] + flow[DISCHARGE] + flow[IMPORT]
    assert flow[INVERTER_LOSS] <= throughput * (1.0 / machine.efficiency - 1.0) + 1e-6
    if battery is not None:
        assert -1e-6 <= last.soc <= 100.0 + 1e-6
        assert last.stored - first.stored == pytest.approx(
            flow[CHARGE] * battery.charge_efficiency - flow[DISCHARGE] / battery.discharge_efficiency, abs=1e-6
        )


@pytest.mark.parametrize("plant", ["home", "farm"])
def test_integrated_power_is_the_counter(plant: str) -> None:
    system = make_system(plant, start=datetime(2026, 6, 24, tzinfo=BERLIN))
    pv = export = discharge = 0.0
    for minute in range(1, 1440):
        moment = system.moment(system.start + 60.0 * minute)
        pv += moment.pv / 60.0
        export += max(0.0, moment.grid) / 60.0
        discharge += max(0.0, moment.battery) / 60.0
    assert moment.today[PV] == pytest.approx(pv)
    assert moment.today[EXPORT] == pytest.approx(export)
    assert moment.today[DISCHARGE] == pytest.approx(discharge)
    assert pv > 20.0


@pytest.mark.parametrize(
    ("date", "hours"),
    [((2026, 6, 24), 24), ((2026, 3, 29), 23), ((2026, 10, 25), 25)],
    ids=["plain", "spring", "autumn"],
)
def test_daily_counters_start_anew_at_local_midnight(date: tuple[int, int, int], hours: int) -> None:
    start = datetime(*date, tzinfo=BERLIN)
    system = make_system("home", start=start - timedelta(days=1))
    midnight = (start + timedelta(days=1)).timestamp()
    assert midnight - start.timestamp() == 3600.0 * hours

    before, after = system.moment(midnight - 1.0), system.moment(midnight)
    assert before.today[LOAD] > 3.0
    assert before.times_today[LOAD] == 60 * hours - 1
    assert set(after.today) == {0.0}
    assert set(after.times_today) == {0}
    assert after.total[LOAD] == pytest.approx(before.total[LOAD] + before.load / 60.0, abs=0.1)
    assert system.moment(midnight + 60.0).today[LOAD] > 0.0


def test_sun_shines_by_day_and_more_in_summer() -> None:
    def pv_of(month: int) -> tuple[float, float]:
        system = make_system("home", start=datetime(2026, month, 1, tzinfo=BERLIN))
        night = max(system.moment(system.start + hour * 3600.0).pv for hour in (0, 1, 2, 23))
        end = system.moment(system.start + 20 * DAY)
        return night, end.total[PV] - system.moment(system.start).total[PV]

    summer, winter = pv_of(6), pv_of(12)
    assert summer[0] == winter[0] == 0.0
    assert summer[1] > 2.0 * winter[1] > 0.0


def test_same_seed_same_plant_other_seed_another() -> None:
    start = datetime(2026, 6, 20, tzinfo=BERLIN)
    end = start.timestamp() + 3 * DAY
    one, same, other = (make_system("home", seed=seed, start=start).moment(end) for seed in (5, 5, 6))
    assert one == same
    assert one.total != other.total


@pytest.mark.campaign
@settings(max_examples=10, deadline=None)
@given(hours=st.lists(st.floats(0, 200), min_size=2, max_size=12))
def test_order_of_asking_does_not_matter(hours: list[float]) -> None:
    start = datetime(2026, 6, 20, tzinfo=BERLIN)
    change = {"mode": 9}

    def ask(places: list[float]) -> dict[float, object]:
        system = make_system("home", start=start)
        system.change_settings(system.start + 50 * 3600.0, system.spec.inverter.sn, change)
        return {hour: system.moment(system.start + 3600.0 * hour) for hour in places}

    assert ask(hours) == ask(sorted(hours)) == ask(sorted(hours, reverse=True))


def test_a_change_leaves_the_past_as_it_was() -> None:
    start = datetime(2026, 6, 20, tzinfo=BERLIN)
    system, untouched = make_system("home", start=start), make_system("home", start=start)
    now = system.start + 3 * DAY + 3600.0 * 2
    system.moment(now + 5 * DAY)
    system.change_settings(now, system.spec.inverter.sn, {"mode": 9})
    for hours in (1.0, 30.0, 73.0, 74.0):
        assert system.moment(system.start + hours * 3600.0) == untouched.moment(untouched.start + hours * 3600.0)
    assert system.moment(now + 600.0).battery < -1.0
    assert untouched.moment(now + 600.0).battery > -1.0
