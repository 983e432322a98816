"""What an update costs: the integration beside the plainest correct code that shows the same entities.

The plain code polls at a fixed interval through the same client, applies the same guards, stores its state as often,
and has a CoordinatorEntity for each sensor of the integration, which all write their state with each sample. Both live
through the same day in virtual time, with Home Assistant's storage on disk. The simulated cloud counts for neither.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any, cast, override
from unittest.mock import PropertyMock, patch

from aiohttp import ClientSession
from homeassistant import loader
from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigSubentryDataWithId
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_component import DATA_INSTANCES
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator, UpdateFailed
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockPlatform,
    async_test_home_assistant,
    mock_config_flow,
    mock_integration,
    mock_platform,
)

from custom_components.atess.catalogue import definitions
from custom_components.atess.const import DOMAIN, LOGGER, SAVE_DELAY
from custom_components.atess.enerclo import EnercloClient, Kind, Pacer, Token
from custom_components.atess.readings import Interpreter, Reading, Value
from simulator import Simulator
from simulator.cloud import Call
from simulator.replies import Reply

from .scenarios import DAY, Scenario
from .virtual import START, run
from .wire import Wire

PLAIN = "plain"
ADDRESS = "http://localhost/api/v1/"
KIND = Kind.HPS_STRING
UPLOADS = 300.0
ROUNDS = 3
LEARNING = 3600.0  # s from the start that do not count
_SCENARIO = Scenario(name="update", title="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU of an update in ms, of the integration and of the plain code, and the number of entities that show it."""

    entities: int
    ours: float
    plain: float


class _Cloud:
    """The simulated cloud, and the CPU that it takes."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.simulator = Simulator(plant=_SCENARIO.plant(), seed=1, now=lambda: START + loop.time())
        self.wire = Wire(self.simulator, _SCENARIO.latency, 1)
        self.seconds = 0.0
        answer = self.simulator.cloud.answer

        def timed(call: Call) -> Reply:
            began = time.process_time()
            try:
                return answer(call)
            finally:
                self.seconds += time.process_time() - began

        self.simulator.cloud.answer = timed  # type: ignore[method-assign]


class _Plain(DataUpdateCoordinator[Reading]):
    """Polls at a fixed interval through the same client, and reads and stores what the integration does."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, cloud: _Cloud) -> None:
        interval = timedelta(seconds=UPLOADS + 1)
        super().__init__(hass, LOGGER, name=PLAIN, config_entry=entry, update_interval=interval)
        self._serial = cloud.simulator.devices[0].sn
        self._client = EnercloClient(
            cast(ClientSession, cloud.wire),
            Token(cloud.simulator.token),
            base_url=ADDRESS,
            pacer=Pacer(clock=time.time, persist=self._save),
            now=dt_util.utcnow,
        )
        self._store = Store[dict[str, Any]](hass, 1, PLAIN)
        self._interpreter = Interpreter(KIND, zone=dt_util.get_default_time_zone(), nominal_power=10.0)
        self._planned = False

    @override
    async def _async_update_data(self) -> Reading:
        sample = await self._client.latest(KIND, self._serial)
        reading = self._interpreter.read(sample)
        if reading is None:
            raise UpdateFailed
        return reading

    async def _save(self) -> None:
        if not self._planned:
            self._planned = True
            self._store.async_delay_save(self._dump, SAVE_DELAY)

    def _dump(self) -> dict[str, Any]:
        self._planned = False
        return {"interpreter": self._interpreter.dump(), "pacer": self._client.pacer.dump()}


class _PlainSensor(CoordinatorEntity[_Plain], SensorEntity):
    """A value of the last reading."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: _Plain, description: SensorEntityDescription) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = description.key

    @property
    @override
    def native_value(self) -> Value:
        return self.coordinator.data.values.get(self.entity_description.key)


@asynccontextmanager
async def _home(entry: MockConfigEntry) -> AsyncIterator[HomeAssistant]:
    """Yield a Home Assistant that stores on disk, before the entry is set up."""
    with TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            await hass.config.async_set_time_zone("UTC")
            hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
            await async_setup_component(hass, "sensor", {})
            entry.add_to_hass(hass)
            yield hass
            await hass.async_stop(force=True)


async def _day(hass: HomeAssistant, entry: MockConfigEntry, cloud: _Cloud) -> float:
    """Set the entry up and return the CPU of an update in ms, of a day without its first hour."""
    if not await hass.config_entries.async_setup(entry.entry_id):
        raise RuntimeError(f"the entry of {entry.domain} is {entry.state}: {entry.reason}")
    await asyncio.sleep(LEARNING)
    began, cloud.seconds = time.process_time(), 0.0
    await asyncio.sleep(DAY)
    return 1000 * (time.process_time() - began - cloud.seconds) / (DAY / UPLOADS)


async def _ours() -> tuple[float, list[SensorEntityDescription]]:
    """Return the cost of an update of the integration, and the sensors that it has."""
    cloud = _Cloud()
    [device] = cloud.simulator.devices
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id="benchmark",
        data={"token": cloud.simulator.token, "base_url": ADDRESS},
        options={"scan_interval": 5, "allow_changes": False},
        subentries_data=[
            ConfigSubentryDataWithId(
                data={"device_sn": device.sn, "kind": KIND},
                subentry_id="device",
                subentry_type="device",
                title="Inverter",
                unique_id=device.sn,
            )
        ],
    )
    with patch("custom_components.atess.account.new_session", lambda _hass: cloud.wire):
        async with _home(entry) as hass:
            cost = await _day(hass, entry, cloud)
            if not (descriptions := list(_descriptions(hass))):
                raise RuntimeError("the integration has no sensors to be compared with")
            return cost, descriptions


def _descriptions(hass: HomeAssistant) -> Iterable[SensorEntityDescription]:
    """Yield what describes each sensor of the device that shows a value."""
    known = definitions(KIND)
    for entity in hass.data[DATA_INSTANCES]["sensor"].entities:
        if isinstance(entity, SensorEntity) and entity.entity_description.key in known:
            yield entity.entity_description


async def _plain(descriptions: list[SensorEntityDescription]) -> float:
    """Return the cost of an update of the plain code with the same sensors."""
    cloud = _Cloud()
    entry = MockConfigEntry(domain=PLAIN)

    async def set_up_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
        coordinator = _Plain(hass, entry, cloud)
        await coordinator.async_config_entry_first_refresh()
        entry.runtime_data = coordinator
        await hass.config_entries.async_forward_entry_setups(entry, [Platform.SENSOR])
        return True

    async def add_sensors(_: HomeAssistant, entry: ConfigEntry, add: AddConfigEntryEntitiesCallback) -> None:
        add(_PlainSensor(entry.runtime_data, each) for each in descriptions)

    with mock_config_flow(PLAIN, ConfigFlow):
        async with _home(entry) as hass:
            mock_integration(hass, MockModule(PLAIN, async_setup_entry=set_up_entry))
            mock_platform(hass, f"{PLAIN}.config_flow")
            mock_platform(hass, f"{PLAIN}.sensor", MockPlatform(async_setup_entry=add_sensors))
            return await _day(hass, entry, cloud)


def update(*, every: bool) -> Cost:
    """Return what an update costs with the entities of default visibility, or with every entity enabled."""
    with ExitStack() as patches:
        patches.enter_context(patch("custom_components.atess.PLATFORMS", [Platform.SENSOR]))
        # The settings are another request, once an hour, which the plain code does not know.
        patches.enter_context(patch("custom_components.atess.control.coordinator.INTERVAL", timedelta(days=30)))
        if every:
            enabled = PropertyMock(return_value=True)
            patches.enter_context(patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", enabled))
        logging.disable(logging.CRITICAL)
        ours, plain = [], []
        for _ in range(ROUNDS):
            cost, descriptions = run(_ours)
            ours.append(cost)
            plain.append(run(lambda descriptions=descriptions: _plain(descriptions)))  # type: ignore[misc]
        logging.disable(logging.NOTSET)
    return Cost(entities=len(descriptions), ours=min(ours), plain=min(plain))
