"""Base entity for settings; create a control if changes are allowed, else a sensor."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, override

from homeassistant.const import EntityCategory, Platform
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from ..catalogue.settings import Danger, Setting, SettingType
from ..const import DOMAIN
from ..runtime import AtessConfigEntry
from ..settings import Match, SettingValue
from ..settings.values import decode
from .batch import DEFAULT_WAIT
from .coordinator import SettingsCoordinator

EDGES = ("start", "end")
CONTROL_PLATFORMS = {
    SettingType.NUMBER: Platform.NUMBER,
    SettingType.SELECT: Platform.SELECT,
    SettingType.SWITCH: Platform.SWITCH,
    SettingType.WINDOW: Platform.TIME,
}


def entity_keys(setting: Setting, platform: Platform) -> list[str]:
    """Return the keys of the entities that a setting has on a platform: a period has two times."""
    if platform is Platform.TIME:
        return [f"{setting.key}_{edge}" for edge in EDGES]
    return [setting.key]


def setting_description(setting: Setting, key: str, platform: Platform) -> dict[str, Any]:
    """Return what the descriptions of all platforms have in common; only what a homeowner may change is enabled."""
    return {
        "key": key,
        "translation_key": key,
        "entity_category": EntityCategory.DIAGNOSTIC if platform is Platform.SENSOR else EntityCategory.CONFIG,
        "entity_registry_enabled_default": setting.danger is Danger.SAFE,
    }


class SettingEntity(CoordinatorEntity[SettingsCoordinator]):
    """A setting as it was last read; what was asked for and is not confirmed yet is an attribute."""

    _attr_has_entity_name = True
    _unrecorded_attributes = frozenset({"cloud_key"})

    def __init__(self, coordinator: SettingsCoordinator, found: Match, description: EntityDescription) -> None:
        """Tie a setting to its device and, for ever, to its key."""
        super().__init__(coordinator)
        self.setting = found.setting
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.identifier}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, coordinator.identifier)})

    @property
    def current(self) -> SettingValue | None:
        """The value that was last read."""
        return None if self.coordinator.data is None else self.coordinator.data.value(self.setting.key)

    @property
    def asked(self) -> SettingValue | None:
        """The value that was asked for and is not confirmed yet, None if there is none."""
        data = self.coordinator.data
        found = None if data is None else data.matches.get(self.setting.key)
        upcoming = self.coordinator.writer.upcoming
        if found is None or found.cloud_key not in upcoming:
            return None
        return decode(self.setting, upcoming[found.cloud_key])

    @property
    @override
    def available(self) -> bool:
        """Whether the setting was read, and not too long ago."""
        return self.coordinator.available(self.setting.key)

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """The cloud's key, and the value that is pending."""
        attributes = self.coordinator.attributes(self.setting.key)
        if (asked := self.asked) is not None:
            attributes = {**(attributes or {}), "pending": self.shown(asked)}
        return attributes

    def shown(self, value: SettingValue) -> object:
        """Return a value as this entity's states show it."""
        return value

    async def async_change(self, value: SettingValue) -> None:
        """Change the setting, and wait half a minute for what becomes of it.

        Raises:
            ServiceValidationError: The value cannot be set; nothing is sent.
            HomeAssistantError: The change has failed within that time. What is not known by then, the sensor shows.
        """
        writer = self.coordinator.writer
        future = writer.change(writer.resolve({self.setting.key: value}), self._context)
        await asyncio.wait([future], timeout=DEFAULT_WAIT)
        if future.done():
            future.result()


@callback
def async_add_settings[EntityT: SettingEntity](
    entry: AtessConfigEntry,
    platform: Platform,
    async_add_entities: AddConfigEntryEntitiesCallback,
    new: Callable[[SettingsCoordinator, Match, str], EntityT],
) -> None:
    """Create the entities of a platform for the settings of all devices, now and as they are first read."""
    for coordinator in entry.runtime_data.settings.values():
        _add_settings(coordinator, platform, async_add_entities, new)


@callback
def _add_settings[EntityT: SettingEntity](
    coordinator: SettingsCoordinator,
    platform: Platform,
    async_add_entities: AddConfigEntryEntitiesCallback,
    new: Callable[[SettingsCoordinator, Match, str], EntityT],
) -> None:
    known: set[str] = set()

    @callback
    def add() -> None:
        entities = []
        for found in coordinator.matches:
            if (
                found.setting.key in known
                or coordinator.data is None
                or coordinator.data.value(found.setting.key) is None
            ):
                continue
            known.add(found.setting.key)
            control = CONTROL_PLATFORMS[found.setting.type]
            wanted, other = (control, Platform.SENSOR) if coordinator.is_control(found) else (Platform.SENSOR, control)
            if platform is wanted:
                _remove(coordinator, other, entity_keys(found.setting, other))
                entities += [new(coordinator, found, key) for key in entity_keys(found.setting, platform)]
        if entities:
            async_add_entities(entities, config_subentry_id=coordinator.subentry_id)

    add()
    coordinator.config_entry.async_on_unload(coordinator.async_add_listener(add))


@callback
def _remove(coordinator: SettingsCoordinator, platform: Platform, keys: Iterable[str]) -> None:
    """Remove the other form of a setting, which Home Assistant remembers in case it comes back."""
    registry = er.async_get(coordinator.hass)
    for key in keys:
        if entity_id := registry.async_get_entity_id(platform, DOMAIN, f"{coordinator.identifier}_{key}"):
            registry.async_remove(entity_id)
