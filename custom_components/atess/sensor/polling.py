"""Sensors about the polling itself: when, how often, how old the data are when they come."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..coordinator import AtessCoordinator
from ..device.values import ValueCoordinator
from ..enerclo import EnercloClient
from ..entity import AtessEntity
from ..runtime import AtessConfigEntry


@dataclass(frozen=True, kw_only=True)
class PollingDescription(SensorEntityDescription):
    """A sensor of a device, with where its value comes from."""

    read: Callable[[AtessCoordinator], float | datetime | None]


_DURATION: dict[str, Any] = {
    "device_class": SensorDeviceClass.DURATION,
    "native_unit_of_measurement": UnitOfTime.SECONDS,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 0,
}
_COMMON: dict[str, Any] = {"entity_category": EntityCategory.DIAGNOSTIC, "entity_registry_enabled_default": False}

DESCRIPTIONS = (
    PollingDescription(
        key="next_poll",
        translation_key="next_poll",
        device_class=SensorDeviceClass.TIMESTAMP,
        read=lambda device: device.next_poll_at,
        **_COMMON,
    ),
    PollingDescription(
        key="polling_interval",
        translation_key="polling_interval",
        read=lambda device: device.schedule.interval,
        **_DURATION,
        **_COMMON,
    ),
    PollingDescription(
        key="data_age", translation_key="data_age", read=lambda device: device.data_age, **_DURATION, **_COMMON
    ),
)
REQUESTS = SensorEntityDescription(
    key="requests_today",
    translation_key="requests_today",
    state_class=SensorStateClass.TOTAL_INCREASING,
    **_COMMON,
)


@callback
def async_add_polling_sensors(entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    """Add the sensors of every device and of the account."""
    data = entry.runtime_data
    for subentry_id, coordinator in data.coordinators.items():
        async_add_entities(
            [PollingSensor(coordinator, description) for description in DESCRIPTIONS], config_subentry_id=subentry_id
        )
    async_add_entities([RequestsSensor(data.plant, data.client)])


class _AlwaysThere(AtessEntity, SensorEntity):
    """Base class of polling sensors, which stay available while the device is silent."""

    @property
    @override
    def available(self) -> bool:
        """Always."""
        return True


class PollingSensor(_AlwaysThere):
    """Sensor that shows how a device is polled."""

    coordinator: AtessCoordinator
    entity_description: PollingDescription

    @property
    @override
    def native_value(self) -> float | datetime | None:
        """Return the value as of the last poll."""
        return self.entity_description.read(self.coordinator)


class RequestsSensor(_AlwaysThere):
    """Sensor for the number of requests of the account on this UTC day."""

    def __init__(self, coordinator: ValueCoordinator[Any], client: EnercloClient) -> None:
        """Belong to the plant, which knows of every poll."""
        super().__init__(coordinator, REQUESTS)
        self._client = client

    @property
    @override
    def native_value(self) -> int:
        """The number of requests."""
        return self._client.pacer.requests_today()
