"""Measure what an import of history costs the recorder's thread, beside a bare insert of the same rows."""

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.db_schema import States, Statistics
from homeassistant.components.recorder.models import StatisticData, StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import STATISTIC_UNIT_TO_UNIT_CONVERTER, async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder as recorder_helper
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_test_home_assistant
from sqlalchemy import func, insert, select

from custom_components.atess.catalogue import definitions
from custom_components.atess.enerclo import Kind
from custom_components.atess.history.entities import Target
from custom_components.atess.history.hours import HOUR, Measured
from custom_components.atess.history.task import HistoryTask, Work, async_write
from custom_components.atess.history.work import BATCH_DAYS
from custom_components.atess.history.writer import Hours, limit_of, write

KIND, NOMINAL, RISE = Kind.HPS_STRING, 10.0, 0.5
# So many rows a bare insert takes at once.
BARE = 10_000


@dataclass(slots=True)
class Cost:
    """What some tasks cost the recorder's thread: seconds of CPU in all, and of the longest one."""

    rows: int = 0
    spent: float = 0.0
    longest: float = 0.0

    @property
    def per_thousand(self) -> float:
        """Milliseconds per 1 000 rows."""
        return 1e6 * self.spent / self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What was measured: entities, the cost of the import and of the bare insert, memory in MiB, states of others."""

    entities: int
    ours: Cost
    bare: Cost
    grown: float
    others: tuple[int, int]


async def import_year(days: int) -> Import:
    """Import so many days into the statistics of a device with all of its entities."""
    with TemporaryDirectory() as folder:
        async with async_test_home_assistant() as hass:
            await _record(hass, Path(folder) / "home.db")
            try:
                return await _measure(hass, days)
            finally:
                await hass.async_stop(force=True)


async def _record(hass: HomeAssistant, file: Path) -> None:
    recorder_helper.async_initialize_recorder(hass)
    await async_setup_component(hass, "recorder", {"recorder": {"db_url": f"sqlite:///{file}"}})
    await recorder_helper.get_instance(hass).async_recorder_ready.wait()


async def _measure(hass: HomeAssistant, days: int) -> Import:
    now = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    end = int(now.timestamp()) - HOUR
    targets = _targets()
    for target in targets:
        first = StatisticData(
            start=now - timedelta(hours=1), state=RISE * end / HOUR, sum=0.0, mean=1.0, min=0.5, max=1.5
        )
        async_import_statistics(hass, _metadata(target), [first])
    ours, bare = Cost(), Cost()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with patch("custom_components.atess.history.writer.compiled_until", lambda _: end + HOUR), _timed(ours):
        for batch in range(-(-days // BATCH_DAYS)):
            until = end - batch * BATCH_DAYS * 24 * HOUR
            begin = max(until - BATCH_DAYS * 24 * HOUR, end - days * 24 * HOUR)
            for target in targets:
                work = write(target, _hours(begin, until), begin, until, limit_of(target, KIND, NOMINAL))
                ours.rows += (await async_write(hass, work)).rows
            hass.states.async_set("sensor.of_others", str(batch))
            await asyncio.sleep(0)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    with _timed(bare):
        await _insert_bare(hass, bare, targets, end, days)
    recorded = await async_write(hass, lambda _, session: session.execute(select(func.count(States.state_id))).scalar())
    return Import(entities=len(targets), ours=ours, bare=bare, grown=grown, others=(recorded or 0, batch + 1))


async def _insert_bare(hass: HomeAssistant, cost: Cost, targets: list[Target], end: int, days: int) -> None:
    """Insert as many rows into the same statistics, of the time before."""
    known = await async_write(hass, lambda instance, session: instance.statistics_meta_manager.get_many(session))
    rows: list[dict[str, Any]] = []
    for target in targets:
        for hour in range(end - 2 * days * 24 * HOUR, end - days * 24 * HOUR, HOUR):
            values = (
                {"state": RISE * hour / HOUR, "sum": RISE * hour / HOUR}
                if target.counter
                else {"mean": 1.0, "min": 0.5, "max": 1.5}
            )
            rows.append(
                {"metadata_id": known[target.entity_id][0], "created_ts": 0.0, "start_ts": float(hour), **values}
            )

    def piece(part: list[dict[str, Any]]) -> Work[object]:
        return lambda _instance, session: session.execute(insert(Statistics), part)

    by_columns = ([row for row in rows if ("sum" in row) is counter] for counter in (True, False))
    for chosen in by_columns:
        for place in range(0, len(chosen), BARE):
            await async_write(hass, piece(chosen[place : place + BARE]))
    cost.rows = len(rows)


def _targets() -> list[Target]:
    """Return the entities of a device that have statistics to import into."""
    return [
        Target(key=key, entity_id=f"sensor.{key}", definition=each)
        for key, each in definitions(KIND).items()
        if each.quantity.state_class is not None and (each.lifetime or each.quantity.state_class != "total_increasing")
    ]


def _metadata(target: Target) -> StatisticMetaData:
    unit = target.definition.quantity.unit
    converter = STATISTIC_UNIT_TO_UNIT_CONVERTER.get(unit)
    return StatisticMetaData(
        source="recorder",
        statistic_id=target.entity_id,
        name=None,
        has_sum=target.counter,
        mean_type=StatisticMeanType.NONE if target.counter else StatisticMeanType.ARITHMETIC,
        unit_class=None if converter is None else converter.UNIT_CLASS,
        unit_of_measurement=unit,
    )


def _hours(begin: int, until: int) -> Hours:
    """Return what the cloud would say of some hours: of a counter and of a measurement."""
    return Hours(
        boundaries={hour: RISE * hour / HOUR for hour in range(begin, until + HOUR, HOUR)},
        measured={hour: Measured(1.0, 0.5, 1.5) for hour in range(begin, until, HOUR)},
    )


@contextmanager
def _timed(cost: Cost) -> Iterator[None]:
    """Add up what the tasks of a while cost, their commits included."""
    run = HistoryTask.run

    def timed(task: HistoryTask, instance: Recorder) -> None:
        begin = time.thread_time()
        run(task, instance)
        spent = time.thread_time() - begin
        cost.spent, cost.longest = cost.spent + spent, max(cost.longest, spent)

    with patch.object(HistoryTask, "run", timed):
        yield
