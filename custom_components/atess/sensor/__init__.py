"""Sensors: of values that devices report, of settings, of changes of these, of battery control, and of the polling."""

from collections.abc import Iterable
from typing import Any

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..battery_control.entities import BatteryControlSensor, async_add_battery_control
from ..control.change import SettingsChangeSensor, async_add_settings_change
from ..control.entity import async_add_settings
from ..coordinator import AtessCoordinator
from ..device.values import ValueCoordinator
from ..entity import async_add_as_reported
from ..raw import RAW_PREFIX, RawKeys
from ..runtime import AtessConfigEntry
from .history import HistoryImportSensor
from .polling import async_add_polling_sensors
from .settings import SettingSensor, async_add_raw_settings
from .values import AtessSensor, RawMemberSensor

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the sensors of every device and of the plant, now and as values appear."""
    raw_keys = {
        subentry_id: RawKeys(hass, entry.entry_id, coordinator.device_sn)
        for subentry_id, coordinator in entry.runtime_data.coordinators.items()
    }
    for subentry_id, coordinator in entry.runtime_data.coordinators.items():
        _add_sensors(coordinator, async_add_entities, raw_keys[subentry_id])
    _add_sensors(entry.runtime_data.plant, async_add_entities)
    async_add_settings(entry, Platform.SENSOR, async_add_entities, SettingSensor)
    async_add_raw_settings(entry, async_add_entities, raw_keys)
    async_add_settings_change(entry, Platform.SENSOR, async_add_entities, SettingsChangeSensor)
    async_add_battery_control(entry, Platform.SENSOR, async_add_entities, BatteryControlSensor)
    async_add_polling_sensors(entry, async_add_entities)
    async_add_entities([HistoryImportSensor(entry.runtime_data.plant, entry.runtime_data.history)])


def _add_sensors(
    coordinator: ValueCoordinator[Any],
    async_add_entities: AddConfigEntryEntitiesCallback,
    raw_keys: RawKeys | None = None,
) -> None:
    def new(key: str) -> SensorEntity | None:
        if key.startswith(RAW_PREFIX) and isinstance(coordinator, AtessCoordinator):
            return RawMemberSensor(coordinator, key.removeprefix(RAW_PREFIX))
        definition = coordinator.definitions.get(key)
        return AtessSensor(coordinator, definition) if definition and definition.platform == "sensor" else None

    def keys() -> Iterable[str]:
        yield from coordinator.reported
        if raw_keys is not None and isinstance(coordinator, AtessCoordinator):
            yield from raw_keys.of(RAW_PREFIX, coordinator.unknown)

    async_add_as_reported(coordinator, Platform.SENSOR, async_add_entities, new, keys)
