"""Sensors: each member that a device reports, what is derived from them, and members that nobody knows yet."""

from collections.abc import Iterable
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .catalogue import Definition
from .coordinator import AtessCoordinator, ValueCoordinator
from .entity import AtessEntity, async_add_as_reported, common_description
from .polling_sensors import async_add_polling_sensors
from .raw import NAME_LIMIT, RAW_PREFIX, RawKeys, printable
from .readings import COMPUTED, Value
from .runtime import AtessConfigEntry
from .settings_entity import async_add_settings
from .settings_sensors import SettingSensor, async_add_raw_settings

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
    async_add_polling_sensors(entry, async_add_entities)


def _add_sensors(
    coordinator: ValueCoordinator[Any],
    async_add_entities: AddConfigEntryEntitiesCallback,
    raw_keys: RawKeys | None = None,
) -> None:
    def new(key: str) -> SensorEntity | None:
        if key.startswith(RAW_PREFIX) and isinstance(coordinator, AtessCoordinator):
            return RawSensor(coordinator, key.removeprefix(RAW_PREFIX))
        definition = coordinator.definitions.get(key)
        return AtessSensor(coordinator, definition) if definition and definition.platform == "sensor" else None

    def keys() -> Iterable[str]:
        yield from coordinator.reported
        if raw_keys is not None and isinstance(coordinator, AtessCoordinator):
            yield from raw_keys.of(RAW_PREFIX, coordinator.unknown)

    async_add_as_reported(coordinator, Platform.SENSOR, async_add_entities, new, keys)


class AtessSensor(AtessEntity, SensorEntity):
    """A value of a device or of the whole plant."""

    _unrecorded_attributes = frozenset({"faults", "raw_value", "source"})

    def __init__(self, coordinator: ValueCoordinator[Any], definition: Definition) -> None:
        """Describe the sensor as the catalogue does."""
        quantity = definition.quantity
        common = common_description(definition)
        if (computed := COMPUTED.get(definition.key)) is not None:
            common["entity_registry_enabled_default"] = computed.counter not in coordinator.values
        description = SensorEntityDescription(
            **common,
            device_class=SensorDeviceClass(quantity.device_class) if quantity.device_class else None,
            native_unit_of_measurement=quantity.unit,
            options=list(definition.options) if definition.options else None,
            state_class=SensorStateClass(quantity.state_class) if quantity.state_class else None,
            suggested_display_precision=definition.precision,
        )
        super().__init__(coordinator, description)

    @property
    @override
    def native_value(self) -> Value:
        """The value last read."""
        return self.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What explains the value: the code of an unknown state, the source of a state of charge, active faults."""
        return self.coordinator.attributes(self.entity_description.key)


class RawSensor(AtessEntity, SensorEntity):
    """A member that the catalogue does not know, as it came."""

    coordinator: AtessCoordinator

    def __init__(self, coordinator: AtessCoordinator, member: str) -> None:
        """Name the sensor after the member."""
        self.member = member
        self._attr_translation_placeholders = {"member": printable(member, NAME_LIMIT)}
        description = SensorEntityDescription(
            key=f"{RAW_PREFIX}{member}",
            translation_key="raw",
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
        )
        super().__init__(coordinator, description)

    @property
    @override
    def native_value(self) -> StateType:
        """The member as the cloud sent it."""
        return self.coordinator.unknown.get(self.member)

    @property
    @override
    def available(self) -> bool:
        """Whether the last sample, if it is fresh, had the member."""
        return self.coordinator.online and self.member in self.coordinator.unknown
