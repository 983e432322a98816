"""A process that forces a battery to charge for a while and is killed on the way; run by test_killed.py.

A life has what tests.control.killed says, and `clock`, the file that holds the time (unix seconds), also to go on from.
"""

import sys
from datetime import timedelta
from pathlib import Path

import freezegun
import pytest_homeassistant_custom_component.patch_time  # noqa: F401  # isort: split  # before Home Assistant
from pytest_homeassistant_custom_component.common import async_fire_time_changed

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours

from ..control.common import killed_entry
from ..control.killed import watched
from ..killing import Life, Steps, living, serve
from .common import DURATION, TimeFile, call

STEP = 20


async def charge(life: Life) -> None:
    """Force the battery to charge, and let it end; the process does not come back from it."""
    steps, time_file = Steps(life["last"]), TimeFile(Path(life["clock"]))
    with freezegun.freeze_time(time_file.read()) as clock:

        async def sleep(seconds: float) -> None:
            clock.tick(seconds)
            time_file.write(clock())

        async with living(life, sleep, *watched(steps)) as hass:
            entry = killed_entry(life)
            entry.add_to_hass(hass)
            hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
            assert await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
            await call(hass, entry, "force_charge", soc=80, duration={"seconds": DURATION.total_seconds()})
            await hass.async_block_till_done()
            end = clock() + DURATION + timedelta(minutes=20)
            steps.counting = True
            steps.step()
            while clock() < end:
                await sleep(STEP)
                async_fire_time_changed(hass)
                await hass.async_block_till_done(wait_background_tasks=True)
    sys.exit(f"the battery control was over in {steps.count} steps")


if __name__ == "__main__":
    serve(charge)
