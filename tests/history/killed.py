"""A process that imports history and is killed on the way; run by test_killed.py.

Besides what all lives have, a life has `now`, when it begins, and does one of these: `record` an hour, import `days`,
or go on with what was begun. At the `last` step it is killed; if that is null, the number of steps and the statistics
go to result.json, those after an undo too.
"""

import json
import os
import signal
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import freezegun
import pytest_homeassistant_custom_component.patch_time  # noqa: F401  # isort: split  # before Home Assistant
from aiohttp import ThreadedResolver
from freezegun.api import FrozenDateTimeFactory
from homeassistant import loader
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder as recorder_helper
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_test_home_assistant
from sqlalchemy import event
from sqlalchemy.engine import Engine

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours
from custom_components.atess.enerclo import caller

from ..common import NOON, set_up
from ..control.common import killed_entry
from ..killing import Life, serve
from .common import call, compile_until, dump, set_up_sensors

HOUR = timedelta(hours=1)


class Steps:
    """Count what the process does to database, files, and cloud, and kill it at one of these steps."""

    def __init__(self, last: int | None) -> None:
        """Take the number of the last step, from 1; None for none."""
        self.count = 0
        self.counting = False
        self._last = last
        self._lock = threading.Lock()

    def step(self, *_args: object) -> None:
        """Take a step, from any thread."""
        if not self.counting:
            return
        with self._lock:
            self.count += 1
            if self.count == self._last:
                os.kill(os.getpid(), signal.SIGKILL)


async def live(life: Life) -> None:
    """Live a life of the home, which may end early."""
    folder = Path(life["folder"])
    steps = Steps(life["last"])
    write_data, send = Store._async_write_data, caller.send

    async def stepped_write(*args: Any) -> None:
        steps.step()
        await write_data(*args)
        steps.step()

    async def stepped_send(*args: Any, **kwargs: Any) -> Any:
        steps.step()
        return await send(*args, **kwargs)

    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, moment, steps.step)
    with freezegun.freeze_time(life["now"]) as clock:

        async def sleep(seconds: float) -> None:
            clock.tick(seconds)

        async with async_test_home_assistant(config_dir=str(folder)) as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            recorder_helper.async_initialize_recorder(hass)
            with (
                patch("homeassistant.helpers.aiohttp_client._async_make_resolver", return_value=ThreadedResolver()),
                patch("custom_components.atess.account.sleep", sleep),
                patch.object(Store, "_async_write_data", stepped_write),
                patch.object(caller, "send", stepped_send),
            ):
                database = {"db_url": f"sqlite:///{folder / 'home.db'}"}
                assert await async_setup_component(hass, "recorder", {"recorder": database})
                await recorder_helper.get_instance(hass).async_recorder_ready.wait()
                await set_up_sensors(hass)
                await _live(hass, life, steps, clock)
                await hass.async_stop(force=True)


async def _live(hass: HomeAssistant, life: Life, steps: Steps, clock: FrozenDateTimeFactory) -> None:
    entry = killed_entry(life)
    entry.add_to_hass(hass)
    steps.counting = not life["record"]
    await set_up(hass, entry)
    if life["record"]:
        clock.move_to(NOON + HOUR + timedelta(minutes=1))
        await compile_until(hass, NOON, NOON + HOUR)
        return
    if life["days"] is not None:
        start = NOON - timedelta(days=life["days"])
        await call(hass, "import_history", start=start.isoformat())
        await hass.async_block_till_done(wait_background_tasks=True)
    steps.counting = False
    if life["last"] is None:
        imported = await dump(hass)
        await call(hass, "undo_import")
        result = {"steps": steps.count, "imported": list(imported.items()), "undone": list((await dump(hass)).items())}
        (Path(life["folder"]) / "result.json").write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    serve(live)
