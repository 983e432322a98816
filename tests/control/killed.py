"""A process that changes a setting and is killed on the way; run by test_killed.py.

A life has the configuration `folder`, the simulated cloud's `address` and `token` (without `Basic`), `serial` and
`kind` of a device, and the `last` step.
"""

import sys
from datetime import timedelta
from typing import Any

import freezegun
import pytest_homeassistant_custom_component.patch_time  # noqa: F401  # isort: split  # before Home Assistant
from pytest_homeassistant_custom_component.common import async_fire_time_changed

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours
from custom_components.atess.control.coordinator import SettingsCoordinator
from custom_components.atess.enerclo import EnercloClient, caller

from ..common import NOON
from ..killing import Life, Steps, living, serve
from .common import killed_entry

LONGEST = timedelta(minutes=20)


def watched(steps: Steps) -> tuple[Any, ...]:
    """Return patches that make what stores, reads, and writes settings take steps."""
    return (
        steps.around(SettingsCoordinator, "async_save"),
        steps.around(EnercloClient, "settings"),
        steps.around(EnercloClient, "write_settings"),
        steps.around(caller, "send"),
    )


async def change(life: Life) -> None:
    """Change a setting; the process does not come back from it."""
    steps = Steps(life["last"])
    with freezegun.freeze_time(NOON) as clock:

        async def sleep(seconds: float) -> None:
            clock.tick(seconds)

        async with living(life, sleep, *watched(steps)) as hass:
            entry = killed_entry(life)
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
            # The first save is the click's own: before it nothing has been acknowledged.
            writer = next(iter(entry.runtime_data.settings.values())).writer
            writer.change(writer.resolve({"discharge_cut_off_soc": 35}), None)
            await hass.async_block_till_done()
            steps.counting = True
            steps.step()
            end = NOON + LONGEST
            while clock().replace(tzinfo=NOON.tzinfo) < end:
                clock.tick(3)
                async_fire_time_changed(hass)
                await hass.async_block_till_done(wait_background_tasks=True)
    sys.exit("the change was made in fewer steps")


if __name__ == "__main__":
    serve(change)
