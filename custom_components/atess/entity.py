"""Provide the base entity, and create entities when their value first appears."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, override

from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .catalogue import Definition
from .const import DOMAIN
from .device.values import ValueCoordinator
from .readings import Value


class AtessEntity(CoordinatorEntity[ValueCoordinator[Any]]):
    """A value of a device or of the whole plant."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: ValueCoordinator[Any], description: EntityDescription) -> None:
        """Tie the entity to its device and, for ever, to its key."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.identifier}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, coordinator.identifier)})

    @property
    def value(self) -> Value:
        """The value last read, None if there is none."""
        return self.coordinator.values.get(self.entity_description.key)

    @property
    @override
    def available(self) -> bool:
        """Whether the value still holds: a failed poll does not end it, age does."""
        return self.coordinator.available(self.entity_description.key)


class AtessValueEntity(AtessEntity):
    """An entity that shows nothing but its value; it writes its state only if that has changed."""

    _shown: tuple[bool, Value, Mapping[str, Any] | None] | None = None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state if it is not the one last written: many values of a sample are those of the one before."""
        shown = self.available, self.value, self.extra_state_attributes
        if shown != self._shown:
            self._shown = shown
            super()._handle_coordinator_update()


def common_description(definition: Definition) -> dict[str, Any]:
    """Return what the descriptions of all platforms have in common."""
    return {
        "key": definition.key,
        "translation_key": definition.key,
        "entity_category": EntityCategory(definition.category) if definition.category else None,
        "entity_registry_enabled_default": definition.enabled,
    }


@callback
def async_of_key(hass: HomeAssistant, entities: Iterable[str], key: str) -> set[str]:
    """Return those of entities, by entity id, that are ours and have a key."""
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entities
        if (found := registry.async_get(entity_id)) is not None
        and found.platform == DOMAIN
        and found.translation_key == key
    }


@callback
def async_add_as_reported(
    coordinator: ValueCoordinator[Any],
    platform: Platform,
    async_add_entities: AddConfigEntryEntitiesCallback,
    new: Callable[[str], Entity | None],
    keys: Callable[[], Iterable[str]],
) -> None:
    """Create the entities of a platform: those there ever were, those reported now, later those that appear.

    `keys` names what is reported now; `new` makes the entity of a key, or None if the platform has none for it.
    """
    known: set[str] = set()
    entry = coordinator.config_entry
    prefix = f"{coordinator.identifier}_"

    @callback
    def add(candidates: Iterable[str]) -> None:
        found = list(candidates)
        if known.issuperset(found):
            return
        fresh = [key for key in dict.fromkeys(found) if key not in known]
        known.update(fresh)
        if entities := [entity for key in fresh if (entity := new(key)) is not None]:
            async_add_entities(entities, config_subentry_id=coordinator.subentry_id)

    registered = er.async_entries_for_config_entry(er.async_get(coordinator.hass), entry.entry_id)
    add(
        item.unique_id.removeprefix(prefix)
        for item in registered
        if item.domain == platform and item.unique_id.startswith(prefix)
    )
    add(keys())
    entry.async_on_unload(coordinator.async_add_listener(lambda: add(keys())))
