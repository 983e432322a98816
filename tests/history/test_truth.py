"""Months and zones of an imported home against the truth of the simulator, as the frontend gets them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.atess.const import DOMAIN
from simulator import Simulator
from simulator.plant import FOLDER

from ..common import LONG, NOON, add_entry, entity_id
from .common import SERIAL, call, compile_until, set_up_sensors, total

ENERGIES = {
    "pv_energy_total": "pv",
    "load_energy_total": "load",
    "battery_charge_energy_total": "battery_charge",
    "battery_discharge_energy_total": "battery_discharge",
    "grid_import_energy_total": "grid_import",
    "grid_export_energy_total": "grid_export",
}
DAYS, INTERVAL = (365, 300) if LONG else (61, 1800)
# A counter has steps of 0.1 kWh, and a recorded hour ends with the last sample that had come.
RESOLUTION = 0.12
HOUR = 3600.0

type Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Record; the recorder must be there before Home Assistant is."""


@pytest.fixture
def zone() -> str:
    """Return the zone of home and plant."""
    return "Europe/Berlin"


@pytest.fixture
def now() -> datetime:
    """Return when the home is set up."""
    return NOON


@pytest.fixture
def days() -> int:
    """Return how many days are imported."""
    return DAYS


@pytest.fixture
def interval() -> int:
    """Return how many seconds lie between two samples."""
    return INTERVAL


@pytest.fixture
def plant(clock: FrozenDateTimeFactory, zone: str, now: datetime, days: int, interval: int) -> dict[str, Any]:
    """Return a home with a string inverter; the clock is set, so that its history begins early enough."""
    clock.move_to(now)
    content: dict[str, Any] = json.loads((FOLDER / "demo.json").read_text(encoding="utf-8"))
    loggers = [{"sn": "SIMLOG0001", "interval": interval}]
    return content | {
        "zone": zone,
        "history_days": days + 1,
        "loggers": loggers,
        "systems": content["systems"][:1],
    }


@pytest.fixture
async def home(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    now: datetime,
    days: int,
) -> MockConfigEntry:
    """Record an hour of the energies of a home, and import the days before.

    Nothing else waits for the cloud meanwhile: the jump of the clock would be a timeout of the request under way.
    """
    await hass.config.async_set_time_zone(zone)
    await set_up_sensors(hass)
    entry = add_entry(hass, cloud, heal_gaps=False)
    registry = er.async_get(hass)
    [subentry_id] = entry.subentries
    for key in ENERGIES:
        registry.async_get_or_create(
            Platform.SENSOR, DOMAIN, f"{SERIAL}_{key}", config_entry=entry, config_subentry_id=subentry_id
        )
    hass.config_entries.async_update_entry(entry, pref_disable_new_entities=True)
    clock.move_to(now + timedelta(minutes=4))
    monkeypatch.setattr("custom_components.atess.control.coordinator.INTERVAL", timedelta(days=30))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    clock.move_to(now + timedelta(minutes=59, seconds=30))
    coordinator = entry.runtime_data.coordinators[subentry_id]
    await coordinator.async_refresh()
    coordinator.timer.async_stop()
    clock.move_to(now + timedelta(hours=1, minutes=1))
    await compile_until(hass, now, now + timedelta(hours=1))
    await call(hass, "import_history", start=(now - timedelta(days=days)).isoformat())
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


@pytest.fixture
def statistics(
    hass: HomeAssistant, home: MockConfigEntry, hass_ws_client: WebSocketGenerator, now: datetime
) -> Callable[[str], Any]:
    """Return a function that asks for the changes of all energies by a period."""

    async def ask(period: str) -> Rows:
        client = await hass_ws_client(hass)
        await client.send_json_auto_id(
            {
                "type": "recorder/statistics_during_period",
                "start_time": (now - timedelta(days=3660)).isoformat(),
                "statistic_ids": [entity_id(hass, f"{SERIAL}_{key}") for key in ENERGIES],
                "period": period,
                "types": ["change"],
            }
        )
        answer = await client.receive_json()
        assert answer["success"]
        rows: Rows = answer["result"]
        return {key: rows[entity_id(hass, f"{SERIAL}_{key}")] for key in ENERGIES}

    return ask


@pytest.mark.campaign
async def test_months_are_what_flowed(
    cloud: Simulator, statistics: Callable[[str], Any], now: datetime, days: int
) -> None:
    """Each month within half a percent, and no hour is negative."""
    begin, end = (now - timedelta(days=days)).timestamp(), (now + timedelta(hours=1)).timestamp()
    assert sum(record.operation == "history" for record in cloud.requests) == days + 1
    for key, rows in (await statistics("month")).items():
        assert len(rows) == len({(each.year, each.month) for each in _days(begin, end)})
        for row in rows:
            first, last = max(begin, row["start"] / 1000), min(end, row["end"] / 1000)
            flowed = total(cloud, ENERGIES[key], last) - total(cloud, ENERGIES[key], first)
            assert row["change"] == pytest.approx(flowed, rel=0.005, abs=RESOLUTION), (key, row["start"])
    for key, rows in (await statistics("hour")).items():
        assert len(rows) == 24 * days + 1
        assert min(row["change"] for row in rows) >= -1e-6, key


def _days(begin: float, end: float) -> list[datetime]:
    zone = ZoneInfo("Europe/Berlin")
    count = int((end - begin) // 86_400)
    moments = [begin + 86_400 * number for number in range(count + 1)]
    return [datetime.fromtimestamp(moment, zone) for moment in [*moments, end - 1]]


@pytest.mark.parametrize(("days", "interval"), [(2, 300)])
@pytest.mark.parametrize(
    ("zone", "now"),
    [
        ("Asia/Kolkata", datetime(2026, 7, 15, 12, tzinfo=UTC)),
        ("America/St_Johns", datetime(2026, 3, 9, 12, tzinfo=UTC)),
        ("America/St_Johns", datetime(2026, 11, 2, 12, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 30, 12, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 26, 12, tzinfo=UTC)),
    ],
)
async def test_hours_are_what_flowed_in_zones_with_half_hours_and_when_clocks_change(
    cloud: Simulator, statistics: Callable[[str], Any], now: datetime, days: int
) -> None:
    """Rows stand on full hours of UTC, one for each, and what flowed in it is in none of its neighbors."""
    begin = (now - timedelta(days=days)).timestamp()
    for key, rows in (await statistics("hour")).items():
        assert [row["start"] / 1000 for row in rows] == [begin + HOUR * number for number in range(24 * days + 1)]
        # Of the last hour a recorded row has what came until its last sample.
        for row in rows[:-1]:
            flowed = total(cloud, ENERGIES[key], row["end"] / 1000) - total(cloud, ENERGIES[key], row["start"] / 1000)
            assert -1e-6 <= row["change"] == pytest.approx(flowed, abs=RESOLUTION), (key, row["start"])
