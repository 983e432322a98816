"""The file that holds what the entities of a device had before anything was imported into them."""

from collections.abc import Collection, Mapping
from typing import Any

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..coordinator import AtessCoordinator
from .entities import targets_of
from .job import STORAGE_VERSION, undo_name
from .saved import Saved
from .task import async_write
from .writer import bring_back, remember


def undo_store(hass: HomeAssistant, subentry_id: str) -> Store[dict[str, Any]]:
    """Return the file of a device."""
    return Store(hass, STORAGE_VERSION, undo_name(subentry_id), serialize_in_event_loop=False)


class UndoFile:
    """What is remembered of the entities of a device, by key."""

    def __init__(self, hass: HomeAssistant, coordinator: AtessCoordinator) -> None:
        self._hass = hass
        self._coordinator = coordinator
        self._store = undo_store(hass, coordinator.subentry_id)

    async def async_load(self) -> Mapping[str, Saved]:
        """Return what is remembered, by entity key; raises if the file is damaged, since nothing can replace it."""
        stored = await self._store.async_load()
        return {} if stored is None else {key: Saved.from_dict(item) for key, item in stored["entities"].items()}

    async def async_remember(self, keys: Collection[str]) -> None:
        """Remember the rows of entities as if nothing had been imported, before something is: all, or those of keys."""
        entities = dict(await self.async_load())
        for target in targets_of(self._hass, self._coordinator, keys):
            # In the recorder's thread, so that no hour is compiled between looking at rows and at what is compiled.
            found = await async_write(self._hass, remember(target, entities.get(target.key)))
            if found is not None:
                entities[target.key] = found
        await self._store.async_save({"entities": {key: item.as_dict() for key, item in entities.items()}})

    async def async_undo(self) -> dict[str, int]:
        """Bring everything back, and forget it; return the number of entities and of rows deleted."""
        entities = await self.async_load()
        registry = er.async_get(self._hass)
        deleted = 0
        for key, before in entities.items():
            unique_id = f"{self._coordinator.device_sn}_{key}"
            entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
            if entity_id is not None:
                deleted += await async_write(self._hass, bring_back(entity_id, before))
        await self._store.async_remove()
        return {"entities": len(entities), "rows": deleted}
