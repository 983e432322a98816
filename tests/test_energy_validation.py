"""What Home Assistant itself says of a dashboard that the action has set up, with its recorder and statistics."""

from datetime import timedelta
from typing import Any

import pytest
from homeassistant.components.energy.validate import async_validate
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from simulator import Simulator

from .common import Advance, add_entry, set_up
from .energy_dashboard import configure, sources
from .test_statistics import compile_statistics


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Record; the recorder must be there before Home Assistant is."""


@pytest.fixture
def plant() -> str:
    return "home"


async def test_home_assistant_has_nothing_to_say(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    assert await async_setup_component(hass, "energy", {})
    assert await async_setup_component(hass, "sensor", {})
    start = dt_util.utcnow()
    await set_up(hass, add_entry(hass, cloud))
    done = await configure(hass)
    assert [item["type"] for item in done["added"]] == ["solar", "battery", "grid"]
    assert len(await sources(hass)) == 3
    await advance(600, 300)
    await compile_statistics(hass, start, start + timedelta(minutes=10))
    found: dict[str, Any] = (await async_validate(hass)).as_dict()
    assert found["energy_sources"] == [[], [], []]
    # What is not recorded makes no statistics.
    assert (await configure(hass, dry_run=True))["skipped"] == []
