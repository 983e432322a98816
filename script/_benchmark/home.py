"""A Home Assistant in virtual time, with the integration's own set-up, coordinators, client and pacing.

Only the platforms and the sums of the plant are left out: these follow the coordinators in the same moment, ask for
nothing, and cost most of the time.
"""

import asyncio
import copy
import json
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any
from unittest.mock import patch

from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours
from custom_components.atess.const import DOMAIN
from custom_components.atess.coordinator import AtessCoordinator
from simulator import Simulator

from .measure import Observed
from .memory import size
from .scenarios import DAY, Scenario
from .virtual import START
from .virtual import storage as stored_in_memory
from .wire import Wire


class Home:
    """One Home Assistant that is started, stopped and killed."""

    def __init__(self, scenario: Scenario, cloud: Simulator, wire: Wire, storage: dict[str, Any]) -> None:
        self._scenario = scenario
        self._cloud = cloud
        self._wire = wire
        self._storage = storage
        self._context: AbstractAsyncContextManager[HomeAssistant] | None = None
        self._hass: HomeAssistant | None = None
        self._entries: list[MockConfigEntry] = []
        self.numbers = 1
        self.options: dict[str, int | bool] = {"scan_interval": round(scenario.limit / 60), "allow_changes": False}
        self.observed = Observed()

    async def start(self) -> None:
        """Start with what is stored."""
        self._context = async_test_home_assistant()
        self._hass = await self._context.__aenter__()
        await self._hass.config.async_set_time_zone("UTC")
        self._hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        self._entries = []
        for number in range(self.numbers):
            await self._add(number)

    async def _add(self, number: int) -> None:
        if self._hass is None:
            return
        entry = MockConfigEntry(
            domain=DOMAIN,
            entry_id=f"entry{number}",
            title="Enerclo",
            unique_id=f"entry{number}",
            data={"token": self._cloud.token, "base_url": "http://localhost/api/v1/"},
            options=self.options,
            subentries_data=[
                ConfigSubentryDataWithId(
                    data={"device_sn": device.sn, "kind": device.kind},
                    subentry_id=f"entry{number}_{device.sn}",
                    subentry_type="device",
                    title=device.sn,
                    unique_id=device.sn,
                )
                for device in self._cloud.devices
            ],
        )
        entry.add_to_hass(self._hass)
        self._entries.append(entry)
        await self._hass.config_entries.async_setup(entry.entry_id)
        if number == 0 and entry.state is ConfigEntryState.LOADED:
            self._watch(entry)

    def _watch(self, entry: MockConfigEntry) -> None:
        for coordinator in entry.runtime_data.coordinators.values():
            self.observed.shown.setdefault(coordinator.device_sn, [])
            hass = self._hass
            entry.async_on_unload(
                coordinator.async_add_listener(lambda device=coordinator, hass=hass: self._note(device, hass))
            )
            self._note(coordinator, hass)

    def _note(self, coordinator: AtessCoordinator, hass: HomeAssistant | None) -> None:
        """Note what is shown; timers of a Home Assistant that has ended run on in the same loop and do not count."""
        if coordinator.data is None or hass is not self._hass:
            return
        shown, text = self.observed.shown[coordinator.device_sn], str(coordinator.data.members.get("time"))
        if not shown or shown[-1][1] != text:
            shown.append((asyncio.get_running_loop().time(), text))

    async def stop(self) -> None:
        """Stop as a user does."""
        if self._hass is None or self._context is None:
            return
        # Timers of a process end with it; here the loop goes on, and older versions do not cancel them.
        for entry in self._entries:
            if entry.state is not ConfigEntryState.LOADED:
                continue
            data = entry.runtime_data
            for coordinator in (*data.coordinators.values(), *data.settings.values()):
                await coordinator.async_shutdown()
        await self._hass.async_stop(force=True)
        await self._context.__aexit__(None, None, None)
        self._hass = None

    async def kill(self) -> None:
        """End without a chance to store anything."""
        stored = copy.deepcopy(self._storage)
        await self.stop()
        self._storage.clear()
        self._storage.update(stored)

    @property
    def entry(self) -> MockConfigEntry:
        """Return the first entry."""
        return self._entries[0]

    @property
    def hass(self) -> HomeAssistant:
        """Return the Home Assistant that runs; RuntimeError if none does."""
        if self._hass is None:
            raise RuntimeError("Home Assistant does not run")
        return self._hass

    def set_options(self, **options: int | bool) -> None:
        """Change options of the entries, also of those after the next start."""
        self.options = {**self.options, **options}
        for entry in self._entries:
            self.hass.config_entries.async_update_entry(entry, options=self.options)

    async def reload(self) -> None:
        """Reload the first entry."""
        if self._hass is None:
            return
        await self._hass.config_entries.async_reload(self._entries[0].entry_id)
        if self.entry.state is ConfigEntryState.LOADED:
            self._watch(self.entry)

    async def add_second(self) -> None:
        """Add a second entry with the same token and devices."""
        self.numbers = 2
        await self._add(1)

    async def remove_second(self) -> None:
        """Remove it again."""
        if self._hass is None:
            return
        self.numbers = 1
        await self._hass.config_entries.async_remove(self._entries.pop().entry_id)

    def remembered(self) -> int:
        """Return the bytes in memory of what is known about when to ask, for the device with the most."""
        coordinators = self._entries[0].runtime_data.coordinators.values()
        return max(size(coordinator.schedule.rhythm) for coordinator in coordinators)

    def stored(self) -> int:
        """Return the bytes stored of rhythm, last sample and pacing, for the device with the most."""
        [account] = self._storage[f"{DOMAIN}.accounts"]["data"].values()
        devices = account["devices"].values()
        shared = len(json.dumps({name: account.get(name) for name in ("pacer", "paths")}))
        sizes = [len(json.dumps([device["rhythm"], device["interpreter"]["sample"]])) for device in devices]
        return max(sizes, default=0) + shared // max(1, len(self._cloud.devices))


@asynccontextmanager
async def home_of(
    scenario: Scenario, seed: int, *, now: Callable[[], float] | None = None
) -> AsyncIterator[tuple[Home, Simulator, Wire]]:
    """Yield a home, its cloud, whose clock is `now` (unix seconds) or virtual, and the wire between them."""
    loop = asyncio.get_running_loop()
    cloud = Simulator(plant=scenario.plant(), seed=seed, now=now or (lambda: START + loop.time()))
    wire = Wire(cloud, scenario.latency, seed)
    logging.disable(logging.CRITICAL)
    with (
        stored_in_memory() as storage,
        patch("custom_components.atess.PLATFORMS", []),
        patch("custom_components.atess.plant.PlantCoordinator._follow", lambda _plant: None),
        patch("custom_components.atess.account.new_session", lambda _hass: wire),
    ):
        yield Home(scenario, cloud, wire, storage), cloud, wire
    logging.disable(logging.NOTSET)


def _disturbances(days: int, seed: int) -> list[tuple[float, str]]:
    """Return what happens when: per 30 days 10 restarts, 5 kills, 3 reloads, a second entry for a day."""
    chance = random.Random(seed)  # a simulation
    kinds = ["restart"] * max(1, days // 3) + ["kill"] * max(1, days // 6) + ["reload"] * max(1, days // 10)
    events = [((0.3 + chance.random() * (days - 0.5)) * DAY, kind) for kind in kinds]
    if days >= 3:
        begin = (1.2 + chance.random() * (days - 2.5)) * DAY
        events += [(begin, "add"), (begin + DAY, "remove")]
    return sorted(events)


async def simulate(scenario: Scenario, days: int, seed: int = 1, *, disturbed: bool = True) -> Observed:
    """Let a home live through a scenario for some days and return what was seen."""
    loop = asyncio.get_running_loop()
    chance = random.Random(seed + 1)  # a simulation
    async with home_of(scenario, seed) as (home, cloud, _wire):
        await home.start()
        kills = 0
        for at, kind in _disturbances(days, seed) if disturbed else []:
            await asyncio.sleep(max(0.0, at - loop.time()))
            begin = loop.time()
            if kind == "kill":
                kills += 1
                if kills % 2:
                    await _until_asked(cloud)
                begin = loop.time()
                await home.kill()
            elif kind == "restart":
                await home.stop()
            elif kind == "reload":
                await home.reload()
            elif kind == "add":
                await home.add_second()
            else:
                await home.remove_second()
            if kind in {"kill", "restart"}:
                await asyncio.sleep(chance.uniform(20, 90))
                await home.start()
                home.observed.down.append((begin, loop.time()))
        await asyncio.sleep(days * DAY - loop.time())
        observed = home.observed
        observed.storage, observed.memory = home.stored(), home.remembered()
        await home.stop()
    observed.violations = cloud.violations
    for device in cloud.devices:
        uploads = cloud.uploads(device.sn, START - DAY / 2, START + days * DAY)
        observed.uploads[device.sn] = [(visible - START, text) for visible, text in uploads]
        observed.asked[device.sn] = [
            record.at - START
            for record in cloud.requests
            if record.device_sn == device.sn and record.operation == "latest"
        ]
    return observed


async def _until_asked(cloud: Simulator) -> None:
    """Wait until a request is on its way, or just was."""
    count = len(cloud.requests)
    with suppress(TimeoutError):
        async with asyncio.timeout(DAY / 4):
            while len(cloud.requests) == count:  # noqa: ASYNC110  # the cloud has no event for it
                await asyncio.sleep(0.05)
