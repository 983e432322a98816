"""A home whose statistics begin at noon."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import NOON, add_entry, set_up
from .common import compile_until, set_up_sensors

# The test plugin logs every statement, which takes longer than the statements do.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)


@pytest.fixture(autouse=True)
def minute_of_healing() -> Iterator[None]:
    """Have gaps looked at seven and a half minutes after each hour, which chance decides elsewhere."""
    chance = SimpleNamespace(randrange=lambda *bounds: sum(bounds) // 2)
    with patch("custom_components.atess.history.healer.random", chance):
        yield


@pytest.fixture
async def young_home(hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory) -> MockConfigEntry:
    """Return a home that was polled once and has statistics of one hour, the one from noon."""
    await set_up_sensors(hass)
    entry = add_entry(hass, cloud, devices=cloud.devices[:1])
    clock.move_to(NOON + timedelta(minutes=4))
    await set_up(hass, entry)
    clock.move_to(NOON + timedelta(hours=1, minutes=1))
    await compile_until(hass, NOON, NOON + timedelta(hours=1))
    return entry
