"""A process that imports history and is killed on the way; run by test_killed.py.

Besides what all lives have, a life has `now`, when it begins, and does one of these: `record` an hour, import `days`,
or go on with what was begun. At the `last` step it is killed; if that is null, the number of steps and the statistics
go to result.json, those after an undo too.
"""

import json
from datetime import timedelta
from pathlib import Path

import freezegun
import pytest_homeassistant_custom_component.patch_time  # noqa: F401  # isort: split  # before Home Assistant
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder as recorder_helper
from homeassistant.helpers.storage import Store
from homeassistant.setup import async_setup_component
from sqlalchemy import event
from sqlalchemy.engine import Engine

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours
from custom_components.atess.enerclo import caller

from ..common import NOON, set_up
from ..control.common import killed_entry
from ..killing import Life, Steps, living, serve
from .common import call, compile_until, dump, set_up_sensors

HOUR = timedelta(hours=1)


async def live(life: Life) -> None:
    """Live a life of the home, which may end early."""
    folder = Path(life["folder"])
    steps = Steps(life["last"])
    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, moment, steps.step)
    with freezegun.freeze_time(life["now"]) as clock:

        async def sleep(seconds: float) -> None:
            clock.tick(seconds)

        watched = steps.around(Store, "_async_write_data"), steps.around(caller, "send")
        async with living(life, sleep, *watched) as hass:
            recorder_helper.async_initialize_recorder(hass)
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
