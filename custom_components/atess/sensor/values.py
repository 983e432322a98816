"""Sensors: each member that a device reports, what is derived from them, and members that nobody knows yet."""

from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.helpers.typing import StateType

from ..catalogue import Definition
from ..control.coordinator import SettingsCoordinator
from ..coordinator import AtessCoordinator
from ..device.values import ValueCoordinator
from ..entity import AtessEntity, AtessValueEntity, common_description
from ..raw import NAME_LIMIT, RAW_PREFIX, printable, raw_state
from ..readings import COMPUTED, Value


class AtessSensor(AtessValueEntity, SensorEntity):
    """A value of a device or of the whole plant."""

    _unrecorded_attributes = frozenset({"codes", "faults", "raw_value", "source"})

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
        """Return attributes: the code of an unknown state, the source of a state of charge, or the active faults."""
        return self.coordinator.attributes(self.entity_description.key)


class RawSensor(AtessEntity, SensorEntity):
    """What the cloud sent under a name that the catalogue does not know, as it came."""

    coordinator: AtessCoordinator | SettingsCoordinator
    prefix: str
    name_key: str

    def __init__(self, coordinator: AtessCoordinator | SettingsCoordinator, member: str) -> None:
        """Name the sensor after the member."""
        self.member = member
        self._attr_translation_placeholders = {"member": printable(member, NAME_LIMIT)}
        description = SensorEntityDescription(
            key=f"{self.prefix}{member}",
            translation_key=self.name_key,
            entity_category=EntityCategory.DIAGNOSTIC,
            entity_registry_enabled_default=False,
        )
        super().__init__(coordinator, description)

    @property
    @override
    def native_value(self) -> StateType:
        """The value as the cloud sent it."""
        return raw_state(self.coordinator.unknown.get(self.member))

    @property
    @override
    def available(self) -> bool:
        """Whether the last answer had it."""
        return self.member in self.coordinator.unknown


class RawMemberSensor(RawSensor):
    """A member of samples that the catalogue does not know."""

    coordinator: AtessCoordinator
    prefix = RAW_PREFIX
    name_key = "raw"

    @property
    @override
    def available(self) -> bool:
        """Whether the last sample, if it is fresh, had the member."""
        return self.coordinator.online and super().available
