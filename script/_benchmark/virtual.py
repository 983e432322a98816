"""Virtual time: an event loop that does not wait but moves its clock on, and clocks that follow it."""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, override
from unittest.mock import patch

from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.storage import Store
from homeassistant.util.json import json_loads
from pytest_homeassistant_custom_component.common import mock_storage

START = datetime(2026, 7, 1, tzinfo=UTC).timestamp()
_IDLE_ROUNDS = 1000


class _Selector(selectors.SelectSelector):
    """Takes what is ready, and lets the time pass at once instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0
        self._idle = 0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; time passes as far as the loop would have waited."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            self._idle += 1
            if self._idle > _IDLE_ROUNDS:
                raise RuntimeError("everything waits for something that never comes")
            return super().select(0.001)
        self._idle = 0
        self.passed += max(timeout, 0.0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, which stands still while another thread works."""

    def __init__(self) -> None:
        self._selected = _Selector()
        self.wall_clock_error = 0.0
        super().__init__(self._selected)

    @override
    def time(self) -> float:
        """Return the virtual seconds since the start."""
        return self._selected.passed

    @override
    def run_in_executor[*Arguments, Result](
        self, executor: Executor | None, func: Callable[[*Arguments], Result], *args: *Arguments
    ) -> asyncio.Future[Result]:
        """Call the function now: in this thread, unless it belongs to an executor of its own."""
        future: asyncio.Future[Result] = self.create_future()
        try:
            future.set_result(func(*args) if executor is None else executor.submit(func, *args).result())
        except Exception as error:  # noqa: BLE001  # it belongs to who awaits the future
            future.set_exception(error)
        return future


@contextmanager
def clocks(loop: VirtualLoop) -> Iterator[None]:
    """Let the clocks of Home Assistant and of the integration show the loop's time, as far as they are right."""

    def now() -> float:
        return START + loop.time() + loop.wall_clock_error

    def utcnow() -> datetime:
        return datetime.fromtimestamp(now(), UTC)

    with (
        patch("homeassistant.util.dt.utcnow", utcnow),
        patch.object(time, "time", now),
        patch.object(time, "monotonic", loop.time),
    ):
        yield


async def _no_server(*_: object) -> None:
    """Take no port: nobody calls, and it may be taken."""


def run[T](main: Callable[[], Coroutine[Any, Any, T]], loop: VirtualLoop | None = None) -> T:
    """Run a coroutine in virtual time, on a loop of its own unless one is given."""
    loop = loop or VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        with clocks(loop), patch("homeassistant.components.http.server.HomeAssistantHTTP.async_bind", _no_server):
            return loop.run_until_complete(main())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@contextmanager
def storage() -> Iterator[dict[str, Any]]:
    """Keep what Home Assistant stores in a dictionary, by key, as it would be on disk.

    Unlike the test plugin's stand-in it does not remember every call: that would be gigabytes in a month.
    """

    async def write(store: Store[Any], data: dict[str, Any]) -> None:
        if "data_func" in data:
            data["data"] = data.pop("data_func")()
        stored[store.key] = json_loads(json_bytes(data))

    with mock_storage() as stored, patch("homeassistant.helpers.storage.Store._async_write_data", write):
        yield stored
