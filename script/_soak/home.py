"""A Home Assistant in virtual time with the whole integration and its own recorder, whose threads live in real time."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import override
from unittest.mock import patch

from homeassistant.components.recorder import Recorder
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import recorder as recorder_helper
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from yarl import URL

from script._benchmark.virtual import storage
from script._benchmark.wire import Wire


@contextmanager
def virtual_home(switchboard: Switchboard) -> Iterator[Path]:
    """Let all that Home Assistant bound to the real clock follow the virtual one, and requests the switchboard.

    Yields a folder for its database.
    """
    with ExitStack() as patches:
        for name, stand_in in (
            ("homeassistant.helpers.entity.timer", time.time),
            ("homeassistant.helpers.event.time_tracker_timestamp", time.time),
            ("homeassistant.helpers.event.time_tracker_utcnow", dt_util.utcnow),
            ("custom_components.atess.account.new_session", lambda _hass: switchboard),
            ("custom_components.atess.PLATFORMS", [Platform.SENSOR]),
            # Nothing here depends on settings, and to read them takes long.
            ("custom_components.atess.control.coordinator.INTERVAL", timedelta(days=30)),
        ):
            patches.enter_context(patch(name, stand_in))
        patches.enter_context(storage())
        yield Path(patches.enter_context(TemporaryDirectory()))


async def record(hass: HomeAssistant, folder: Path) -> Recorder:
    """Set up the recorder, with its database in a folder, and sensors; return it when it is ready.

    A database in memory has one connection, for which readers would wait until the recorder commits.
    """
    recorder_helper.async_initialize_recorder(hass)
    config = {"recorder": {"db_url": f"sqlite:///{folder / 'home.db'}", "commit_interval": 300}}
    await real_time(async_setup_component(hass, "recorder", config))
    recorder = recorder_helper.get_instance(hass)
    await real_time(recorder.async_recorder_ready.wait())
    await real_time(async_setup_component(hass, "sensor", {}))
    return recorder


async def keep_pace(recorder: Recorder) -> None:
    """Let the recorder do what is due, every five minutes of virtual time."""
    while True:
        await asyncio.sleep(300)
        await real_time(recorder.async_block_till_done())


async def real_time[T](awaited: Awaitable[T]) -> T:
    """Wait for what the recorder's thread does, while virtual time stands still."""
    task = asyncio.ensure_future(awaited)
    while not task.done():
        time.sleep(0.0005)  # noqa: ASYNC251  # the thread needs the time, nothing else is due
        await asyncio.sleep(0)
    return task.result()


class Switchboard:
    """Stands in for the HTTP session: connects each host with its own cloud."""

    def __init__(self) -> None:
        self.wires: dict[str, Wire] = {}

    def request(
        self, method: str, url: str, *, params: Mapping[str, str], headers: Mapping[str, str], **rest: object
    ) -> object:
        """Return the request to the cloud of the address."""
        return self.wires[URL(url).host or ""].request(method, url, params=params, headers=headers, **rest)


class Complaints(logging.Handler):
    """Hears the errors that are logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.name}: {record.getMessage()}"[:300])

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Listen for a while, and keep the rest of the log quiet."""
        root = logging.getLogger()
        others, root.handlers = root.handlers, [self]
        try:
            yield
        finally:
            root.handlers = others
