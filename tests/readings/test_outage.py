"""When the grid counts as lost and as back, and how long a battery would do without it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Json
from custom_components.atess.readings.outage import GridSupply, LastHour, backup_time

from .common import NOON, Device

GRID: dict[str, Json] = {"gvpvu": 231.0, "gvpvv": 230.0, "gvpvw": 232.0, "bypassFreq": 50.0, "vbat": 320.0, "status": 2}
NONE: dict[str, Json] = {**GRID, "gvpvu": 0.0, "gvpvv": 0.0, "gvpvw": 0.0, "bypassFreq": 0.0}
OFF_GRID: dict[str, Json] = {**NONE, "status": 5}


class Supply:
    """A grid as the samples of a device tell of it; stored and restored between each two."""

    def __init__(self) -> None:
        self.device = Device()
        self.grid = GridSupply()

    def read(self, members: dict[str, Json], minutes: float = 5) -> bool | None:
        """Return what is known after a sample some minutes after the last."""
        self.grid = GridSupply.restored(self.grid.dump())
        self.grid.learn(self.device.read(minutes, **members))
        return self.grid.lost


def test_a_state_that_says_so_is_enough() -> None:
    supply = Supply()
    assert supply.read(GRID) is False
    assert supply.read(OFF_GRID) is True
    assert supply.read(OFF_GRID, 45) is True
    assert supply.read(GRID) is False
    assert supply.grid.minutes_before == 50


def test_without_such_a_state_the_second_sample_is() -> None:
    supply = Supply()
    assert [supply.read(GRID), supply.read(NONE), supply.read(NONE)] == [False, False, True]
    back = {**GRID, "status": 5}
    assert [supply.read(back), supply.read(back)] == [True, False]
    # Both moments are those of the first samples that showed it.
    assert supply.grid.minutes_before == 10


@pytest.mark.parametrize(
    "odd",
    [
        {**NONE, "vbat": 0.0, "bvbus": 0.0, "status": 0},
        {**OFF_GRID, "bypassFreq": 50.0},
        {**GRID, "bypassFreq": 0.0, "status": 5},
        {**GRID, "status": 5},
        {"vbat": 320.0, "status": 5},
        {**GRID, "gvpvu": None, "gvpvv": None, "gvpvw": None, "bypassFreq": None, "status": 5},
        {**GRID, "gvpvu": 0.0, "gvpvv": 0.0},
    ],
    ids=["all zero", "frequency", "voltage", "forced off grid", "nothing sent", "nothing usable", "two phases away"],
)
def test_what_is_no_outage(odd: dict[str, Json]) -> None:
    supply = Supply()
    supply.read(GRID)
    assert [supply.read(odd) for _ in range(5)] == [False] * 5


def test_a_glitch_is_no_outage_and_two_far_apart_are_two() -> None:
    supply = Supply()
    supply.read(GRID)
    for _ in range(3):
        assert supply.read(NONE) is False
        assert supply.read(GRID) is False
    assert supply.read(NONE) is False
    assert supply.read(NONE, 31) is False
    assert supply.read(NONE, 5) is True


def test_an_outage_that_was_there_first() -> None:
    supply = Supply()
    assert [supply.read(NONE), supply.read(NONE)] == [None, True]


@pytest.mark.parametrize("state", [None, 3, {"lost": True}, {"lost": True, "since": "yesterday"}, {"since": 5}])
def test_damaged_storage_counts_as_never_seen(state: Json) -> None:
    assert GridSupply.restored(state).lost is None
    assert LastHour.restored(state).mean is None


@given(st.lists(st.booleans(), max_size=40))
def test_two_in_a_row_decide(samples: list[bool]) -> None:
    """Whatever comes: without a state that says it, what is known follows the last two samples that agree."""
    supply, known = Supply(), None
    for before, lost in zip([None, *samples], samples, strict=False):
        found = supply.read({**(NONE if lost else GRID), "status": 0})
        known = lost if before == lost or (known is None and not lost) else known
        assert found is known


@given(power=st.floats(0.1, 100), more=st.floats(0, 100), step=st.integers(2, 15))
def test_the_mean_load_is_that_of_the_last_hour(power: float, more: float, step: int) -> None:
    hour, at = LastHour(), NOON.astimezone()
    for minute in range(0, 240, step):
        hour.learn(at + timedelta(minutes=minute), power + more if minute < 120 else power)
        hour = LastHour.restored(hour.dump())
    assert hour.mean == pytest.approx(power)


def test_the_mean_load_needs_half_an_hour_without_a_gap() -> None:
    hour, at = LastHour(), NOON.astimezone()
    for minute in (0, 25, 30, 35, 40, 45, 50):
        hour.learn(at + timedelta(minutes=minute), 2.0)
        assert hour.mean is None
    hour.learn(at + timedelta(minutes=52), None)
    hour.learn(at + timedelta(minutes=55), 2.0)
    assert hour.mean == 2.0
    # A clock that was set back begins anew.
    hour.learn(at, 2.0)
    assert hour.mean is None
    assert [load.power for load in replace(hour).loads] == [2.0]


@pytest.mark.parametrize(
    ("charge", "cutoff", "capacity", "load", "hours"),
    [
        (60.0, 10.0, 20.0, 2.0, 5.0),
        (8.0, 10.0, 20.0, 2.0, 0.0),
        (60.0, 10.0, 20.0, 0.0, 500.0),
        (100.0, 0.0, 2000.0, 0.0, 999.0),
        (None, 10.0, 20.0, 2.0, None),
        (60.0, None, 20.0, 2.0, None),
        (60.0, 10.0, None, 2.0, None),
        (60.0, 10.0, 20.0, None, None),
    ],
)
def test_backup_time(
    charge: float | None, cutoff: float | None, capacity: float | None, load: float | None, hours: float | None
) -> None:
    assert backup_time(charge, cutoff, capacity, load) == hours
