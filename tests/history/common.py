"""What the tests of history share."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from homeassistant.components.recorder.db_schema import Statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from custom_components.atess.const import DOMAIN
from custom_components.atess.history.task import async_write
from simulator import Simulator

SERIAL = "SIMHPS0001"
# A sensor of another integration.
OTHER = "sensor.of_others"

type Dump = dict[tuple[str, float], tuple[float | None, ...]]


def device_of(hass: HomeAssistant, serial: str = SERIAL) -> str:
    """Return the id of a device."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), "atess_test_entry")
    [found] = [item.id for item in devices if (DOMAIN, serial) in item.identifiers]
    return found


async def call(hass: HomeAssistant, name: str, *, respond: bool = True, **data: Any) -> Any:
    """Call an action for the device of the tests."""
    return await hass.services.async_call(
        DOMAIN, name, {"device_id": device_of(hass), **data}, blocking=True, return_response=respond
    )


async def until(condition: Callable[[], bool]) -> None:
    """Let all others run until something is so."""
    while not condition():  # noqa: ASYNC110  # whatever makes it so takes its turn here
        await asyncio.sleep(0)


async def compile_until(hass: HomeAssistant, start: datetime, end: datetime) -> None:
    """Compile the statistics of a time, of five minutes and of hours."""
    await async_wait_recording_done(hass)
    while start < end:
        do_adhoc_statistics(hass, start=start)
        start += timedelta(minutes=5)
    await barrier(hass)


async def assert_others_keep(hass: HomeAssistant, hour: datetime) -> None:
    """Compile an hour that was in progress meanwhile, and assert that no entity has lost it.

    A row of ours for it would be refused by the database, and with it those of all entities.
    """
    assert (OTHER, hour.timestamp()) not in await dump(hass)
    await compile_until(hass, hour, hour + timedelta(hours=1))
    rows = await dump(hass)
    assert (OTHER, hour.timestamp()) in rows
    assert len({entity for entity, start in rows if start == hour.timestamp()}) > 10


async def barrier(hass: HomeAssistant) -> None:
    """Wait until the recorder has done all that is queued, the task under way included."""
    await async_wait_recording_done(hass)
    await async_write(hass, lambda instance, session: None)


async def set_up_sensors(hass: HomeAssistant) -> None:
    """Have the platform there that compiles statistics, and a sensor of another integration."""
    assert await async_setup_component(hass, "sensor", {})
    hass.states.async_set(OTHER, "20", {"state_class": "measurement", "unit_of_measurement": "°C"})


async def dump(hass: HomeAssistant) -> Dump:
    """Return all rows of hours, by entity and start."""
    instance = get_instance(hass)
    await barrier(hass)

    def read() -> Dump:
        with session_scope(session=instance.get_session(), read_only=True) as session:
            return {
                (entity, row[0]): tuple(row[1:])
                for entity, (number, _) in instance.statistics_meta_manager.get_many(session).items()
                for row in _rows(session, number)
            }

    return await instance.async_add_executor_job(read)


def _rows(session: Session, metadata_id: int) -> list[Any]:
    table = Statistics
    columns = (table.start_ts, table.state, table.sum, table.mean, table.min, table.max)
    return list(session.execute(select(*columns).where(table.metadata_id == metadata_id).order_by(table.start_ts)))


def by_entity(rows: Dump) -> dict[str, list[tuple[float, tuple[float | None, ...]]]]:
    """Return the rows of each entity, by time."""
    found: defaultdict[str, list[tuple[float, tuple[float | None, ...]]]] = defaultdict(list)
    for (entity, start), values in sorted(rows.items()):
        found[entity].append((start, values))
    return found


def sums_of(rows: Dump, entity: str) -> list[tuple[float, float]]:
    """Return the sum at the end of each hour, and 0 where they begin."""
    found = [(start + 3600, values[1] or 0.0) for start, values in by_entity(rows)[entity]]
    return [(found[0][0] - 3600, 0.0), *found]


def total(cloud: Simulator, name: str, moment: float) -> float:
    """Return what has flowed by a moment (unix seconds), in kWh."""
    found: float = cloud._world.truth(moment)["devices"][SERIAL]["total"][name]
    return found


def assert_same(rows: Dump, others: Dump) -> None:
    """Assert that two dumps hold the same rows, up to the noise of floating point numbers."""
    assert rows.keys() == others.keys()
    for place, values in rows.items():
        assert values == pytest.approx(others[place], abs=1e-6), place
