"""Show the progress of a change of settings, as a sensor and as events of each device."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from ..catalogue.settings import Danger, settings_of
from ..const import DOMAIN
from ..entity import AtessEntity
from ..runtime import AtessConfigEntry
from .batch import Stage
from .coordinator import SettingsCoordinator
from .writer import Teller

KEY = "settings_change"
EVENT_TYPES = ["confirmed", "failed", "moved"]


class OfSettings(AtessEntity):
    """Base entity for what is done with the settings of a device; available once they were read."""

    coordinator: SettingsCoordinator

    @property
    @override
    def available(self) -> bool:
        """Whether the settings have been read."""
        return self.coordinator.data is not None


class SettingsChangeSensor(OfSettings, SensorEntity):
    """Show the stage of the active change, or the result of the last one."""

    _unrecorded_attributes = frozenset({"until"})

    def __init__(self, coordinator: SettingsCoordinator) -> None:
        """Describe the sensor."""
        description = SensorEntityDescription(
            key=KEY,
            translation_key=KEY,
            device_class=SensorDeviceClass.ENUM,
            options=[stage.value for stage in Stage],
            entity_category=EntityCategory.DIAGNOSTIC,
        )
        super().__init__(coordinator, description)

    @property
    @override
    def native_value(self) -> str:
        """The stage of the change."""
        return self.coordinator.writer.stage.value

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """The settings, their values before and after, and the moment of the next step."""
        return self.coordinator.writer.change_attributes


class Telling(Protocol):
    """What tells an event entity of events, with their types and attributes."""

    teller: Teller | None


class ToldEvent(OfSettings, EventEntity):
    """Base entity for events that something tells."""

    def __init__(self, coordinator: SettingsCoordinator, telling: Telling, description: EventEntityDescription) -> None:
        """Know who tells the events."""
        super().__init__(coordinator, description)
        self._telling = telling

    @override
    async def async_added_to_hass(self) -> None:
        """Listen."""
        await super().async_added_to_hass()
        self._telling.teller = self._tell

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Stop listening."""
        self._telling.teller = None
        await super().async_will_remove_from_hass()

    @callback
    def _tell(self, event_type: str, attributes: Mapping[str, Any]) -> None:
        self._trigger_event(event_type, dict(attributes))
        self.async_write_ha_state()


class SettingsChangeEvent(ToldEvent):
    """A change that was confirmed or has failed, or settings that were changed elsewhere."""

    def __init__(self, coordinator: SettingsCoordinator) -> None:
        """Describe the event."""
        description = EventEntityDescription(
            key=KEY, translation_key=KEY, entity_category=EntityCategory.DIAGNOSTIC, event_types=EVENT_TYPES
        )
        super().__init__(coordinator, coordinator.writer, description)


@callback
def async_add_settings_change(
    entry: AtessConfigEntry,
    platform: Platform,
    async_add_entities: AddConfigEntryEntitiesCallback,
    new: Callable[[SettingsCoordinator], Entity],
) -> None:
    """Create the entity of every device whose settings may be changed, now or once they are read; else remove it."""
    for coordinator in entry.runtime_data.settings.values():
        if any(setting.danger is not Danger.SAFETY for setting in settings_of(coordinator.kind).values()):
            async_add_when_changeable(coordinator, platform, async_add_entities, partial(new, coordinator), KEY)


@callback
def async_add_when_changeable(
    coordinator: SettingsCoordinator,
    platform: Platform,
    async_add_entities: AddConfigEntryEntitiesCallback,
    new: Callable[[], Entity],
    key: str,
) -> None:
    """Create an entity if settings may be changed, now or once they are read; else remove it."""
    if not coordinator.changes_allowed:
        registry = er.async_get(coordinator.hass)
        if entity_id := registry.async_get_entity_id(platform, DOMAIN, f"{coordinator.identifier}_{key}"):
            registry.async_remove(entity_id)
        return
    added = False

    @callback
    def add() -> None:
        nonlocal added
        if not added and coordinator.data is not None:
            added = True
            async_add_entities([new()], config_subentry_id=coordinator.subentry_id)

    add()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add))
