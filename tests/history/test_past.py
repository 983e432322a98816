"""What an import tells of the battery, at once, which would take weeks otherwise."""

from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from ..common import NOON, add_entry, restart, set_up
from ..control.common import CENTRAL
from ..test_battery import HOUSE
from .common import compile_until, device_of, set_up_sensors

KEYS = ("measured_capacity", "round_trip_efficiency_30_days")


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Record; the recorder must be there before Home Assistant is."""


@pytest.fixture
def plant(clock: FrozenDateTimeFactory) -> dict[str, Any]:
    """Return a house that has sent a sample each quarter of an hour for a month."""
    return HOUSE | {"history_days": 33, "loggers": [{"sn": "SIMLOG0001", "interval": 900}]}


@pytest.fixture
async def home(hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory) -> MockConfigEntry:
    """Return a home with statistics of its first hour."""
    await set_up_sensors(hass)
    entry = add_entry(hass, cloud, heal_gaps=False)
    clock.move_to(NOON + timedelta(minutes=4))
    await set_up(hass, entry)
    clock.move_to(NOON + timedelta(hours=1, minutes=1))
    await compile_until(hass, NOON, NOON + timedelta(hours=1))
    return entry


def known(entry: MockConfigEntry) -> dict[str, Any]:
    """Return what is known of the battery."""
    [coordinator] = entry.runtime_data.coordinators.values()
    return {key: coordinator.values.get(key) for key in KEYS}


async def import_history(hass: HomeAssistant, **data: Any) -> None:
    """Import two values, and wait for the end."""
    data |= {"device_id": device_of(hass, CENTRAL), "fields": ["load_energy_total", "load_power"]}
    await hass.services.async_call(DOMAIN, "import_history", data, blocking=True)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.campaign
async def test_a_month_of_the_past_tells_of_the_battery(hass: HomeAssistant, home: MockConfigEntry) -> None:
    """Over a restart, and the same if it is imported again."""
    assert known(home) == dict.fromkeys(KEYS)
    await import_history(hass, start=(NOON - timedelta(days=32)).isoformat())
    found = known(home)
    assert found["measured_capacity"] == pytest.approx(0.97 * 20, rel=0.05)
    assert found["round_trip_efficiency_30_days"] == pytest.approx(97.0 * 0.97, abs=2.0)
    await restart(hass, home)
    assert known(home) == found
    await import_history(hass, start=(NOON - timedelta(days=32)).isoformat())
    assert known(home) == found


@pytest.mark.campaign
async def test_what_is_long_ago_tells_nothing(hass: HomeAssistant, home: MockConfigEntry) -> None:
    begin, end = (NOON - timedelta(days=days) for days in (32, 4))
    await import_history(hass, start=begin.isoformat(), end=end.isoformat())
    assert known(home) == dict.fromkeys(KEYS)
