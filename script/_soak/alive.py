"""Random lives of an account in virtual time: after whatever happens to it, each of its devices is polled again.

The clock runs while code runs: requests, restarts and failures take time, and the wall clock may be set. A life has one
Home Assistant after another, on what the one before has stored or, where it was killed, had stored.
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState

from script._benchmark.home import Home, home_of
from script._benchmark.scenarios import DAY, Scenario
from script._benchmark.virtual import VirtualLoop
from script._benchmark.wire import Wire
from simulator import Simulator

# How late a poll may come, and what its request and the look at it take, in seconds.
SLACK = 60.0 + 6.0
# How long a cloud that was out of reach, or a set-up that failed, may hold the account back, in seconds.
BACK_OFF = 900.0
PERIOD = 300.0
INTERVALS = (5, 5, 5, 6, 10, 30, 60)


class Life:
    """One random life."""

    def __init__(
        self, seed: int, home: Home, cloud: Simulator, wire: Wire, *, loop: VirtualLoop | None, longest: float
    ) -> None:
        """Draw all that happens from a seed, nothing of it longer than `longest` seconds.

        Without the loop of virtual time the clock of the machine runs, and is not set.
        """
        self._chance = random.Random(seed)  # a simulation
        self._home = home
        self._cloud = cloud
        self._wire = wire
        self._virtual = loop
        self._loop = asyncio.get_running_loop()
        self._longest = longest
        self._held = self._late = 0.0
        # Whether polling begins anew, which leaves out nothing.
        self._anew = True
        self.story: list[str] = []
        self.complaints: list[str] = []

    async def live(self, operations: int) -> None:
        """Set up, then do so many things in turn, and hold the law after each."""
        await self._home.start()
        await self._hold("set-up")
        choices: list[Callable[[], Awaitable[str]]] = [
            self._restart,
            self._kill,
            self._reload,
            self._set_interval,
            self._disable,
            self._fail,
            self._cut,
            self._slow_down,
            self._pass_time,
        ]
        if self._virtual is not None:
            choices.append(self._set_clock)
        for _ in range(operations):
            await self._hold(await self._chance.choice(choices)())
        await self._home.stop()
        if self._cloud.violations:
            self.complaints.append(f"{self._cloud.violations} violations after {self.story}")

    async def _hold(self, what: str) -> None:
        """Complain of each device that is not polled within its interval, and what holds it back, from now on."""
        self.story.append(what)
        begun, count = self._loop.time(), len(self._cloud.requests)
        interval = math.ceil(60.0 * self._home.options["scan_interval"] / PERIOD) * PERIOD
        within = max(interval, self._held) + self._late + SLACK
        if not self._anew or self._wire.latency[1] > 1.0:
            # Once in a while a sample is left out, to be in time for the next ones.
            within += PERIOD
        self._held, self._late, self._anew = 0.0, 0.0, False
        missing = {device.sn for device in self._cloud.devices}
        while missing and self._loop.time() - begun < within:
            await asyncio.sleep(5.0)
            missing -= {row.device_sn or "" for row in self._cloud.requests[count:] if row.operation == "latest"}
        if missing:
            state = self._home.entry.state
            self.complaints.append(f"{len(missing)} devices not polled within {within:.0f} s ({state}): {self.story}")

    async def _restart(self) -> str:
        down = self._seconds(0.1, 5.0, 60.0, 290.0, 5 * 3600.0, 12 * 3600.0, DAY, 30 * DAY)
        await self._home.stop()
        await asyncio.sleep(down)
        await self._home.start()
        self._anew = True
        return f"restart after {down:.1f} s"

    async def _kill(self) -> str:
        await self._home.kill()
        await asyncio.sleep(down := self._chance.uniform(0.1, 120.0))
        await self._home.start()
        self._anew = True
        return f"kill, start after {down:.1f} s"

    async def _reload(self) -> str:
        moment = self._chance.choice([0.0, self._chance.uniform(0.0, PERIOD), None])
        if moment is None:
            # Just before a poll is due.
            coordinators = self._home.entry.runtime_data.coordinators.values() if self._loaded else ()
            moment = max(0.0, min((item.schedule.delay for item in coordinators), default=0.0) - self._chance.random())
        await asyncio.sleep(moment)
        await self._home.reload()
        self._anew = True
        return f"reload after {moment:.1f} s"

    async def _set_interval(self) -> str:
        minutes = self._chance.choice([item for item in INTERVALS if 60.0 * item <= max(300.0, self._longest)])
        self._anew = minutes != self._home.options["scan_interval"]
        self._home.set_options(scan_interval=minutes)
        await asyncio.sleep(0.1)
        return f"interval {minutes} min"

    async def _disable(self) -> str:
        entries, entry_id = self._home.hass.config_entries, self._home.entry.entry_id
        await entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
        await asyncio.sleep(pause := self._seconds(0.0, 100.0, 5000.0, 30_000.0))
        await entries.async_set_disabled_by(entry_id, None)
        self._anew = True
        return f"disabled for {pause:.0f} s"

    async def _fail(self) -> str:
        fault: dict[str, Any] = self._chance.choice(
            [
                {"kind": "http_status", "status": 503},
                {"kind": "http_status", "status": 403},
                {"kind": "html"},
                {"kind": "no_data"},
            ]
        )
        self._cloud.inject(**fault)
        await asyncio.sleep(seconds := self._seconds(1.0, 400.0, 5000.0, 30_000.0))
        self._cloud.clear()
        self._held = BACK_OFF
        return f"{fault} for {seconds:.0f} s"

    async def _cut(self) -> str:
        self._wire.cut = True
        await asyncio.sleep(seconds := self._seconds(1.0, 400.0, 5000.0, 30_000.0))
        self._wire.cut = False
        self._held = BACK_OFF
        return f"out of reach for {seconds:.0f} s"

    async def _slow_down(self) -> str:
        self._wire.latency = self._chance.choice([(0.1, 0.3), (2.0, 8.0), (15.0, 25.0)])
        return f"requests take {self._wire.latency} s"

    async def _set_clock(self) -> str:
        error = self._chance.choice([0.0, 0.0, -3600.0, 3600.0, -DAY, DAY, 400.0 * DAY, -30 * DAY, 40.0, -40.0])
        if self._virtual is not None:
            self._virtual.wall_clock_error = error
        # Pacing notices within a minute that its last call seems to lie in the future, and counts from then.
        self._late = 60.0
        return f"wall clock off by {error:.0f} s"

    async def _pass_time(self) -> str:
        await asyncio.sleep(seconds := self._seconds(1.0, 100.0, 1000.0, 10_000.0))
        return f"{seconds:.0f} s"

    def _seconds(self, *choices: float) -> float:
        return self._chance.choice([item for item in choices if item <= self._longest])

    @property
    def _loaded(self) -> bool:
        return self._home.entry.state is ConfigEntryState.LOADED


async def live(loop: VirtualLoop | None, seed: int, operations: int, *, longest: float = math.inf) -> list[str]:
    """Live one life, in virtual time if there is its loop, and return what was wrong with it."""
    scenario = Scenario(name="alive", title="", devices=1 + seed % 3, latency=(0.1, 0.3))
    async with home_of(scenario, seed, now=time.time if loop is None else None) as (home, cloud, wire):
        life = Life(seed, home, cloud, wire, loop=loop, longest=longest)
        await life.live(operations)
    return life.complaints
