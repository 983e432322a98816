"""Binary sensors: problem, online, and the states that members carry as yes or no."""

from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .catalogue import Definition
from .device.values import ValueCoordinator
from .entity import AtessValueEntity, async_add_as_reported, common_description
from .runtime import AtessConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the binary sensors of every device and of the plant, now and as values appear."""
    for coordinator in entry.runtime_data.all_coordinators:
        _add_binary_sensors(coordinator, async_add_entities)


def _add_binary_sensors(coordinator: ValueCoordinator[Any], async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    def new(key: str) -> AtessBinarySensor | None:
        definition = coordinator.definitions.get(key)
        if definition is None or definition.platform != "binary_sensor":
            return None
        return AtessBinarySensor(coordinator, definition)

    async_add_as_reported(coordinator, Platform.BINARY_SENSOR, async_add_entities, new, lambda: coordinator.reported)


class AtessBinarySensor(AtessValueEntity, BinarySensorEntity):
    """A yes or no of a device or of the whole plant."""

    def __init__(self, coordinator: ValueCoordinator[Any], definition: Definition) -> None:
        """Describe the binary sensor as the catalogue does."""
        device_class = definition.quantity.device_class
        description = BinarySensorEntityDescription(
            **common_description(definition),
            device_class=BinarySensorDeviceClass(device_class) if device_class else None,
        )
        super().__init__(coordinator, description)

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the value last read is yes."""
        return value if isinstance(value := self.value, bool) else None
