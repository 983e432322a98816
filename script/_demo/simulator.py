"""The simulated cloud as a process of its own."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from script._demo.home_assistant import ROOT, Json
from script._demo.process import Child

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """What the simulator said when it started."""

    child: Child
    base_url: str
    token: str
    devices: dict[str, str]  # kind by serial number

    async def control(self, session: aiohttp.ClientSession, path: str, order: Json = None) -> Json:
        """Read one of the simulator's own endpoints below /_sim/, or send it an order."""
        root = self.base_url.split("/api/", 1)[0]
        method = "GET" if order is None else "POST"
        async with session.request(method, f"{root}/_sim/{path}", json=order) as answer:
            answer.raise_for_status()
            return await answer.json()


async def start(children: list[Child], log: Path, *, port: int, plant: str, seed: int, more: Sequence[str]) -> Cloud:
    """Start the simulator with more options, and wait until it has said its address, its token and its devices."""
    command = [sys.executable, "-m", "simulator", "--host", HOST, "--port", str(port)]
    command += ["--plant", plant, "--seed", str(seed), "--speed", "1"]
    command += more
    child = await Child.start(children, "the simulator", command, log=log, folder=ROOT)
    said = _Said(child)
    await child.wait_until(said.complete, 60)
    return Cloud(child=child, base_url=said.address, token=said.token, devices=said.devices)


class _Said:
    """What the simulator has printed."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self.address = self.token = ""
        self.devices: dict[str, str] = {}

    async def complete(self) -> bool:
        """Return whether address, token and devices are there and nothing more has come for half a second."""
        if time.time() - self._child.log.stat().st_mtime < 0.5:
            return False
        for line in self._child.output().splitlines():
            name, _, text = line.partition(": ")
            if name == "address":
                self.address = text.strip()
            elif name == "token":
                self.token = text.strip()
            elif name == "device":
                serial, kind, *_ = text.split()
                self.devices[serial] = kind
        return bool(self.address and self.token and self.devices)
