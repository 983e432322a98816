"""What tests of blueprints have around them: the project's blueprints in Home Assistant's folder, time that passes."""

from collections.abc import AsyncGenerator, Iterator
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from simulator import Simulator

from ..common import Advance, add_entry, set_up
from ..control.common import CENTRAL, add_settings_entry
from .common import BLUEPRINTS, SOC, settle


@pytest.fixture(autouse=True)
def blueprints() -> Iterator[None]:
    """Have the project's blueprints where Home Assistant looks for blueprints."""
    with patch("homeassistant.components.blueprint.models.BLUEPRINT_FOLDER", str(BLUEPRINTS)):
        yield


@pytest.fixture
async def advance(hass: HomeAssistant, clock: FrozenDateTimeFactory) -> AsyncGenerator[Advance]:
    """Yield a function that lets so many seconds pass, also while an automation waits; in the end, automations stop."""

    async def advance(seconds: float, step: float = 30) -> None:
        while seconds > 0:
            clock.tick(min(step, seconds))
            seconds -= step
            async_fire_time_changed(hass)
            await settle(hass)

    yield advance
    if hass.services.has_service("automation", "turn_off"):
        await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)


@pytest.fixture
async def central(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """Return an entry with a central inverter that is only watched."""
    entry = add_entry(hass, cloud, [cloud.devices[1]])
    await set_up(hass, entry)
    return entry


@pytest.fixture
async def controlled(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """Return a string and a central inverter whose settings may be changed; the battery of the latter is at 40 %.

    Polling is at rest, so that only settings are asked for.
    """
    cloud.configure(limit=60)
    cloud.inject(kind="members", device=CENTRAL, set={SOC: 40})
    cloud.jump(600)
    entry = add_settings_entry(hass, cloud, devices=2)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await set_up(hass, entry)
    return entry
