"""Processes that live a life of a home and may be killed in it.

A server imports Home Assistant once, which takes long, and forks for each life: a module whose main part calls serve.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from aiohttp import ThreadedResolver
from homeassistant import loader
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import async_test_home_assistant

ROOT = Path(__file__).parents[1]

type Life = dict[str, Any]


class Steps:
    """Counts the steps that a process takes, while it counts, and kills it at one of them."""

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

    def around(self, owner: Any, name: str) -> Any:
        """Return a patch of a coroutine function, with a step before and one after each call."""
        call = getattr(owner, name)

        async def stepped(*args: Any, **kwargs: Any) -> Any:
            self.step()
            result = await call(*args, **kwargs)
            self.step()
            return result

        return patch.object(owner, name, stepped)


@asynccontextmanager
async def living(life: Life, sleep: Callable[[float], Awaitable[None]], *steps: Any) -> AsyncIterator[HomeAssistant]:
    """Yield the Home Assistant of a life; what waits for the cloud sleeps so, and patches make it take steps."""
    with ExitStack() as patches:
        resolver = patch("homeassistant.helpers.aiohttp_client._async_make_resolver", return_value=ThreadedResolver())
        # Nobody calls, and the port may be taken.
        server = patch("homeassistant.components.http.server.HomeAssistantHTTP.async_bind")
        for each in (resolver, server, patch("custom_components.atess.account.sleep", sleep), *steps):
            patches.enter_context(each)
        async with async_test_home_assistant(config_dir=life["folder"]) as hass:
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            yield hass


def serve(live: Callable[[Life], Coroutine[Any, Any, None]]) -> None:
    """Fork a process for each line of JSON, let it live what the line says, and answer how it ended."""
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            try:
                asyncio.run(live(json.loads(line)))
            except BaseException:  # noqa: BLE001  # it is told, and the process ends
                # Whatever threads are left would be waited for.
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


class Server:
    """The process that forks."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take the process; see started."""
        self._process = process

    @classmethod
    @contextmanager
    def started(cls, module: str) -> Iterator[Self]:
        """Start a module that serves, and end it."""
        command = [sys.executable, "-m", module]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603
            yield cls(process)
            process.kill()

    async def live(self, life: Life) -> int:
        """Let a process live; return its exit code, -9 if it was killed."""
        return await asyncio.to_thread(self._ask, json.dumps(life))

    def _ask(self, line: str) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())
