"""The action that reads history."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import NOON, add_entry, set_up
from .common import SERIAL, call

FIELDS = ["load_power", "load_energy_total", "operating_state"]
START = NOON - timedelta(hours=3)


@pytest.fixture
async def home(hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory) -> MockConfigEntry:
    entry = add_entry(hass, cloud, devices=cloud.devices[:1])
    await set_up(hass, entry)
    return entry


async def get(hass: HomeAssistant, start: datetime = START, **data: Any) -> Any:
    answer = await call(hass, "get_history", start=start.isoformat(), **data)
    [found] = answer["devices"].values()
    return found


async def test_rows_by_our_keys_and_units(hass: HomeAssistant, cloud: Simulator, home: MockConfigEntry) -> None:
    found = await get(hass, fields=FIELDS, resolution="raw")
    assert found["units"] == {"load_power": "kW", "load_energy_total": "kWh", "operating_state": None}
    rows = found["rows"]
    assert len(rows) in {35, 36}
    assert all(set(row) == {"time", *FIELDS} for row in rows)
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    assert rows[0]["time"].endswith("+02:00")
    for row in rows:
        truth = cloud._world.truth(datetime.fromisoformat(row["time"]).timestamp())["devices"][SERIAL]
        assert row["load_energy_total"] == pytest.approx(truth["total"]["load"], abs=0.06)


async def test_means_and_last_values_of_periods(hass: HomeAssistant, home: MockConfigEntry) -> None:
    raw = (await get(hass, fields=FIELDS, resolution="raw"))["rows"]
    hours = (await get(hass, fields=FIELDS, resolution="hour", wait=600))["rows"]
    assert [row["time"][11:19] for row in hours] == ["11:00:00", "12:00:00", "13:00:00"]
    first = [row for row in raw if row["time"] < hours[1]["time"]]
    assert hours[0]["load_power"] == pytest.approx(sum(row["load_power"] for row in first) / len(first))
    assert hours[0]["load_energy_total"] == first[-1]["load_energy_total"]
    assert hours[0]["operating_state"] == first[-1]["operating_state"]
    minutes = await get(hass, wait=900)
    assert len(minutes["units"]) > 30
    begun = {datetime.fromisoformat(row["time"]) for row in raw}
    expected = sorted({each.replace(minute=each.minute // 5 * 5, second=0, microsecond=0) for each in begun})
    # Another sample may have come while pacing was waited for.
    assert [datetime.fromisoformat(row["time"]) for row in minutes["rows"]][: len(expected)] == expected


async def test_a_day_whose_list_moves_is_read_again(
    hass: HomeAssistant, cloud: Simulator, home: MockConfigEntry
) -> None:
    """Small pages, newest first: rows come while they are read, and push others onto the next page."""
    cloud.configure(page_max=20, history_order="desc")
    found = await get(hass, NOON - timedelta(hours=6), resolution="raw", fields=FIELDS)
    times = [row["time"] for row in found["rows"]]
    assert len(times) == len(set(times))
    assert len(times) in {71, 72, 73}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"start": NOON - timedelta(days=3)}, "takes about 15 minutes"),
        ({"start": NOON - timedelta(days=32)}, "maximum is 31 days"),
        ({"start": NOON - timedelta(days=367), "resolution": "hour"}, "maximum is 366 days"),
        ({"start": NOON + timedelta(hours=1)}, "has no past"),
        ({"fields": ["nonsense"]}, "has no value `nonsense`"),
    ],
)
async def test_what_is_refused(hass: HomeAssistant, home: MockConfigEntry, data: dict[str, Any], said: str) -> None:
    with pytest.raises(ServiceValidationError, match=said):
        await get(hass, **{"wait": 600, **data})


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "code", "code": 404}, "provides no history"),
        ({"kind": "http_status"}, "could not be reached"),
    ],
)
async def test_the_cloud_fails(
    hass: HomeAssistant, cloud: Simulator, home: MockConfigEntry, fault: dict[str, Any], said: str
) -> None:
    cloud.inject(operation="history", **fault)
    with pytest.raises(HomeAssistantError, match=said):
        await get(hass)


async def test_an_unload_ends_reading(hass: HomeAssistant, cloud: Simulator, home: MockConfigEntry) -> None:
    waiting = asyncio.Event()

    async def forever(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    with patch("custom_components.atess.account.sleep", forever):
        task = hass.async_create_task(get(hass, NOON - timedelta(days=1)))
        await waiting.wait()
        assert await hass.config_entries.async_unload(home.entry_id)
        with pytest.raises(HomeAssistantError, match="was stopped while"):
            await task


@pytest.mark.parametrize("name", ["import_history", "undo_import"])
async def test_without_recorder_nothing_is_imported(hass: HomeAssistant, home: MockConfigEntry, name: str) -> None:
    with pytest.raises(HomeAssistantError, match="recorder is not running"):
        await call(hass, name)


async def test_the_hour_that_a_clock_shows_twice(
    hass: HomeAssistant, cloud: Simulator, home: MockConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    """At the end of summer time each sample is where it was taken, by what the counters show."""
    clock.move_to(datetime(2026, 10, 25, 6, tzinfo=UTC))
    start, end = datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC)
    found = await get(hass, start, end=end.isoformat(), resolution="raw", fields=FIELDS)
    times = [datetime.fromisoformat(row["time"]) for row in found["rows"]]
    assert len(times) in {35, 36}
    assert all(later - before < timedelta(minutes=6) for before, later in pairwise(times))
    totals = [row["load_energy_total"] for row in found["rows"]]
    assert totals == sorted(totals)
    for moment, total in zip(times, totals, strict=True):
        truth = cloud._world.truth(moment.timestamp())["devices"][SERIAL]
        assert total == pytest.approx(truth["total"]["load"], abs=0.06)


async def test_no_data_is_no_row(hass: HomeAssistant, cloud: Simulator, home: MockConfigEntry) -> None:
    cloud.inject(operation="history", kind="no_data")
    assert (await get(hass, resolution="raw"))["rows"] == []
