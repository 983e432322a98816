"""What all tests share: a cloud to talk to, a clock that tests turn, an entry that is set up."""

import asyncio
import logging
import math
import sys
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from logging.handlers import BufferingHandler
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from hypothesis import settings
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours
from custom_components.atess.control.failures import EVENT_FAILED
from simulator import Simulator

from .common import NOON, Advance, add_entry, assert_sound_writes, set_up
from .control.common import add_settings_entry

# No test depends on how fast the machine is.
settings.register_profile("atess", deadline=None)
settings.load_profile("atess")


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave asyncio's debug mode off, unlike the test plugin: it takes two fifths of the time.

    With PYTHONASYNCIODEBUG=1 it is on.
    """


@pytest.fixture(autouse=True)
def find_integration(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find the integration in the tests that use a Home Assistant."""
    if "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")


@pytest.fixture(autouse=True)
def nothing_is_deprecated() -> Iterator[None]:
    """Fail where Home Assistant says that our code does what it should not.

    Not with caplog, for which the test plugin has everything logged in detail.
    """
    heard = BufferingHandler(sys.maxsize)
    heard.setLevel(logging.WARNING)
    logging.getLogger().addHandler(heard)
    yield
    logging.getLogger().removeHandler(heard)
    assert [text for record in heard.buffer if "integration 'atess'" in (text := record.getMessage())] == []


@pytest.fixture
def clock(freezer: FrozenDateTimeFactory) -> Generator[FrozenDateTimeFactory]:
    """Stop the time at noon of a summer day; what waits for the cloud's pacing moves it on instead."""
    freezer.move_to(NOON)

    async def sleep(seconds: float) -> None:
        freezer.tick(seconds)

    with patch("custom_components.atess.account.sleep", sleep):
        yield freezer


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots without what differs from run to run, such as ids."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def energy(hass: HomeAssistant) -> Iterator[None]:
    """Have the Energy dashboard, without its page and its cost sensors; without a database, take all for recorded."""
    hass.config.components.add("energy")
    with patch("custom_components.atess.energy_dashboard.checks.is_entity_recorded", return_value=True):
        yield


@pytest.fixture
def plant() -> str:
    """Return the plant that the cloud simulates; a test module may name another."""
    return "demo"


@pytest.fixture
async def cloud(socket_enabled: None, clock: FrozenDateTimeFactory, plant: str) -> AsyncGenerator[Simulator]:
    """Yield a simulated cloud with a string and a central inverter; in the end, every write to it has to be sound."""
    loop = asyncio.get_running_loop()
    # Waiting is a jump of the clock here, which asyncio would complain of as a slow callback.
    loop.slow_callback_duration = math.inf
    # Of a clock that stands at unix seconds, nanoseconds are lost: what is due right now would make the loop spin.
    loop._clock_resolution = 1e-6
    simulator = Simulator(plant=plant, seed=1, now=time.time)
    await simulator.start()
    yield simulator
    await simulator.stop()
    assert_sound_writes(simulator)


@pytest.fixture
def advance(hass: HomeAssistant, clock: FrozenDateTimeFactory) -> Advance:
    """Return a function that lets so many seconds pass, in steps that no poll outlasts."""

    async def advance(seconds: float, step: float = 30) -> None:
        while seconds > 0:
            clock.tick(min(step, seconds))
            seconds -= step
            async_fire_time_changed(hass)
            await hass.async_block_till_done(wait_background_tasks=True)

    return advance


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """Return an entry with all devices of the cloud, set up."""
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    return entry


@pytest.fixture
async def settings_entry(hass: HomeAssistant, cloud: Simulator) -> MockConfigEntry:
    """Return a string inverter whose settings may be changed; the cloud may be asked each minute."""
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    return entry


@pytest.fixture
def failures(hass: HomeAssistant) -> list[Event]:
    """Return the events of failed changes."""
    return async_capture_events(hass, EVENT_FAILED)
