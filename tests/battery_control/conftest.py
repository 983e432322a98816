"""Fixtures of the tests of battery control."""

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from .common import set_up_pair


@pytest.fixture
async def pair(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """Return a string and a central inverter whose settings may be changed."""
    return await set_up_pair(hass, cloud)
