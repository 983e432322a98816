"""Child processes, ports, and words for the person who waits."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

STOP_SECONDS = 40


class DemoError(Exception):
    """The demo cannot go on; the message is for the person who started it."""


def say(text: str) -> None:
    """Print one line at once."""
    print(f"demo: {text}", flush=True)


@asynccontextmanager
async def doing(what: str) -> AsyncIterator[None]:
    """Say what is being done, every 10 s that it is still being done, and how many seconds it took."""
    began = time.monotonic()

    async def remind() -> None:
        while True:
            await asyncio.sleep(10)
            say(f"  still at it after {time.monotonic() - began:.0f} s")

    say(f"{what} ...")
    reminder = asyncio.create_task(remind())
    try:
        yield
    finally:
        reminder.cancel()
    say(f"  done in {time.monotonic() - began:.1f} s")


def free_port(host: str) -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def require_free(host: str, port: int, option: str) -> None:
    """Raise DemoError if the port cannot be used, naming the option that chooses another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as err:
            raise DemoError(
                f"port {port} on {host} cannot be used ({err.strerror}): another program listens there. "
                f"Stop it or choose another port with {option}."
            ) from err


class Child:
    """A child process with its own process group; its output goes to a log file."""

    def __init__(self, name: str, log: Path, process: asyncio.subprocess.Process) -> None:
        """Take over a running process."""
        self.name = name
        self.log = log
        self.process = process

    @classmethod
    async def start(
        cls,
        children: list[Child],
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        folder: Path,
        environment: dict[str, str] | None = None,
    ) -> Child:
        """Start a command in a folder, with variables added to the environment, and add it to the children."""
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
            )
        child = cls(name, log, process)
        children.append(child)
        return child

    def output(self) -> str:
        """Return what the process has printed so far."""
        return self.log.read_text(errors="replace")

    def require_alive(self) -> None:
        """Raise DemoError with the end of its output if the process has ended."""
        if self.process.returncode is not None:
            tail = "\n".join(self.output().splitlines()[-25:])
            raise DemoError(f"{self.name} ended with {self.process.returncode}. The end of {self.log}:\n{tail}")

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Wait until `ready` says so; DemoError if the process ends or the time is over."""
        deadline = time.monotonic() + seconds
        while not await ready():
            self.require_alive()
            if time.monotonic() > deadline:
                raise DemoError(f"{self.name} did not get ready within {seconds:.0f} s; its output is in {self.log}")
            await asyncio.sleep(0.2)

    async def stop(self) -> bool:
        """End the process and all that it started; true if it ended by itself when asked."""
        asked = True
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
            except TimeoutError:
                say(f"{self.name} did not stop within {STOP_SECONDS} s and is killed")
                asked = False
        self.kill()
        await self.process.wait()
        return asked

    def kill(self) -> None:
        """Kill what is left of the process group."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
