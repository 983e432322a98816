"""A process that is killed while the battery is forced to charge: whenever that is, the charging ends in time."""

import json
import time
from collections.abc import AsyncGenerator, Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from ..common import NOON, Advance, assert_sound_writes, set_up
from ..control.common import CENTRAL, issues_of, killed_entry, life_with, shown
from ..killing import Server
from .common import DURATION, FORCED, MODE, TimeFile, shows

# Every third of the first steps; the last of them is one of the way back.
STEPS = range(1, 41, 3)


@pytest.fixture(scope="module")
def server() -> Generator[Server]:
    """Yield what forks the processes that are killed."""
    with Server.started("tests.battery_control.killed") as server:
        yield server


@pytest.fixture
def time_file(tmp_path: Path) -> TimeFile:
    """Return the file that holds the time of the process."""
    file = TimeFile(tmp_path / "clock")
    file.write(NOON)
    return file


@pytest.fixture
async def cloud(socket_enabled: None, clock: FrozenDateTimeFactory, time_file: TimeFile) -> AsyncGenerator[Simulator]:
    """Yield a simulated cloud whose time goes on while the process lives, and after it."""
    simulator = Simulator(plant="demo", seed=1, now=lambda: max(time_file.read().timestamp(), time.time()))
    await simulator.start()
    simulator.configure(limit=0)
    yield simulator
    await simulator.stop()
    assert_sound_writes(simulator)


@pytest.mark.campaign
@pytest.mark.parametrize("last", STEPS)
async def test_killed(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    clock: FrozenDateTimeFactory,
    advance: Advance,
    server: Server,
    time_file: TimeFile,
    last: int,
) -> None:
    """Whatever the step, the next start brings back the settings from before."""
    before = shown(cloud, CENTRAL)
    life = life_with(cloud, time_file.path.parent, CENTRAL)
    assert await server.live(life | {"last": last, "clock": str(time_file.path)}) == -9
    clock.move_to(time_file.read())
    for file in time_file.path.parent.glob(f".storage/{DOMAIN}.*"):
        hass_storage[file.name] = json.loads(file.read_text("utf-8"))
    entry = killed_entry(life)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    await advance(DURATION.total_seconds() + timedelta(minutes=30).total_seconds(), step=30)
    assert shown(cloud, CENTRAL) == before
    assert shows(hass) == "none None"
    forced = [record.json[MODE] == FORCED for record in cloud.requests if record.method == "PUT"]
    told = [item.translation_key for item in issues_of(hass)]
    # What was never sent has failed, which is told; what was sent was taken back, once.
    assert (forced, told) in (([], ["settings_not_sent"]), ([], ["settings_not_taken"]), ([True, False], []))
