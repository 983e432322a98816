"""Writing into statistics that are not there, hold something else, or have no rows yet; on a real recorder."""

from typing import Any

import pytest
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from custom_components.atess.catalogue import definitions
from custom_components.atess.enerclo import Kind
from custom_components.atess.history.entities import Target
from custom_components.atess.history.healing import Cure, Healed, reopen
from custom_components.atess.history.holes import Hole
from custom_components.atess.history.hours import HOUR, Measured, hour_of
from custom_components.atess.history.saved import Saved
from custom_components.atess.history.task import async_write
from custom_components.atess.history.writer import Hours, Outcome, bring_back, limit_of, missing, remember, write

from ..common import NOON
from .common import barrier

BEGIN = int(NOON.timestamp())
HOURS = Hours(
    boundaries={BEGIN + HOUR * number: 10.0 + number for number in range(4)},
    measured={BEGIN + HOUR * number: Measured(1.0, 0.5, 1.5) for number in range(3)},
)
HOLE = Hole(BEGIN + 60.0, BEGIN + 3 * HOUR + 60.0)


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder) -> None:
    """Record; the recorder must be there before Home Assistant is."""


def target(key: str) -> Target:
    return Target(key=key, entity_id=f"sensor.{key}", definition=definitions(Kind.HPS_STRING)[key])


async def describe(hass: HomeAssistant, entity_id: str, **differs: Any) -> None:
    """Have the description of an entity's statistics, and no rows."""
    metadata = {
        "source": "recorder",
        "statistic_id": entity_id,
        "name": None,
        "has_sum": True,
        "mean_type": StatisticMeanType.NONE,
        "unit_class": "energy",
        "unit_of_measurement": "kWh",
        **differs,
    }
    async_import_statistics(hass, StatisticMetaData(**metadata), [])  # type: ignore[typeddict-item]
    await barrier(hass)


async def tried(hass: HomeAssistant, wanted: Target) -> list[Any]:
    """Return what all that reads or writes an entity's statistics says."""
    limit = limit_of(wanted, Kind.HPS_STRING, 10.0)
    cure = Cure(target=wanted, hours=HOURS, hole=HOLE, whole=HOLE.hours, limit=limit)
    return [
        await async_write(hass, work)
        for work in (
            write(wanted, HOURS, BEGIN, BEGIN + 3 * HOUR, limit),
            remember(wanted, None),
            missing(wanted, BEGIN, BEGIN + 3 * HOUR),
            cure.apply,
        )
    ]


@pytest.mark.parametrize("key", ["load_energy_total", "load_power", "load_supply_time_total"])
async def test_nothing_is_written_where_there_are_no_statistics(hass: HomeAssistant, key: str) -> None:
    assert await tried(hass, target(key)) == [Outcome(reason="no_statistics"), None, None, None]
    before = Saved(until=0.0)
    assert await async_write(hass, bring_back(f"sensor.{key}", before)) == 0
    assert await async_write(hass, reopen(f"sensor.{key}", Healed(rows={}, inserted=[BEGIN]), counter=True)) == 0


@pytest.mark.parametrize(
    "differs",
    [
        {"has_sum": False, "mean_type": StatisticMeanType.ARITHMETIC},
        {"unit_class": "volume", "unit_of_measurement": "L"},
        {"unit_class": None, "unit_of_measurement": "marbles"},
    ],
)
async def test_nothing_is_written_into_statistics_of_something_else(
    hass: HomeAssistant, differs: dict[str, Any]
) -> None:
    wanted = target("load_energy_total")
    await describe(hass, wanted.entity_id, **differs)
    assert await tried(hass, wanted) == [Outcome(reason="other_statistics"), None, None, None]


async def test_a_counter_without_rows_has_nothing_to_go_on_from(hass: HomeAssistant) -> None:
    wanted = target("load_energy_total")
    await describe(hass, wanted.entity_id)
    said = await tried(hass, wanted)
    assert said[0] == Outcome(reason="no_statistics")
    assert said[1] is said[3] is None
    assert said[2] == 3


async def test_hours_that_are_not_compiled_yet_are_left_alone(hass: HomeAssistant) -> None:
    """The recorder would lose the hour of all entities if there were a row already."""
    wanted = target("load_power")
    means = {"has_sum": False, "mean_type": StatisticMeanType.ARITHMETIC}
    await describe(hass, wanted.entity_id, **means, unit_class="power", unit_of_measurement="kW")
    present = hour_of(dt_util.utcnow().timestamp())
    hours = Hours(measured={present + HOUR * number: Measured(1.0, 0.5, 1.5) for number in (-2, 0, 1)})
    limit = limit_of(wanted, Kind.HPS_STRING, 10.0)
    begin, until = present - 3 * HOUR, present + 3 * HOUR
    assert await async_write(hass, write(wanted, hours, begin, until, limit)) == Outcome(rows=1)
    assert await async_write(hass, missing(wanted, begin, until)) == 2


def test_what_a_counter_of_hours_may_rise() -> None:
    """No faster than time passes, up to the hour that it may be behind; an energy as far as its device can."""
    assert limit_of(target("load_supply_time_total"), Kind.HPS_STRING, 10.0)(2.0) == 3.0
    assert limit_of(target("load_energy_total"), Kind.HPS_STRING, 10.0)(2.0) == 61.0
