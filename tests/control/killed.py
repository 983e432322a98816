"""A process that changes a setting and is killed on the way; run by test_killed.py.

A life has the configuration `folder`, the simulated cloud's `address` and `token` (without `Basic`), `serial` and
`kind` of a device, and the `last` step.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import freezegun
import pytest_homeassistant_custom_component.patch_time  # noqa: F401  # isort: split  # before Home Assistant
from aiohttp import ThreadedResolver
from homeassistant import loader
from pytest_homeassistant_custom_component.common import async_fire_time_changed, async_test_home_assistant

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours
from custom_components.atess.control.coordinator import SettingsCoordinator
from custom_components.atess.enerclo import EnercloClient, caller

from ..common import NOON
from ..killing import Life, serve
from .common import killed_entry

LONGEST = timedelta(minutes=20)


class Steps:
    """Counts the steps of a change, and kills the process at one of them."""

    def __init__(self, last: int) -> None:
        """Take the number of the step, from 1."""
        self._last = last
        self._count = 0
        self.counting = False

    def step(self) -> None:
        """Take a step, possibly the last one."""
        if not self.counting:
            return
        self._count += 1
        if self._count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a coroutine function with a step before and one after it."""

        async def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = await call(*args, **kwargs)
            self.step()
            return result

        return stepped


async def change(life: Life) -> None:
    """Change a setting; the process does not come back from it."""
    steps = Steps(life["last"])
    with freezegun.freeze_time(NOON) as clock:

        async def sleep(seconds: float) -> None:
            clock.tick(seconds)

        async with async_test_home_assistant(config_dir=life["folder"]) as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            entry = killed_entry(life)
            entry.add_to_hass(hass)
            with (
                patch("homeassistant.helpers.aiohttp_client._async_make_resolver", return_value=ThreadedResolver()),
                patch("custom_components.atess.account.sleep", sleep),
                patch.object(SettingsCoordinator, "async_save", steps.around(SettingsCoordinator.async_save)),
                patch.object(EnercloClient, "settings", steps.around(EnercloClient.settings)),
                patch.object(EnercloClient, "write_settings", steps.around(EnercloClient.write_settings)),
                patch.object(caller, "send", steps.around(caller.send)),
            ):
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
