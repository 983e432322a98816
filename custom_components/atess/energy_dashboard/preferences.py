"""The one place that reads and writes the Energy dashboard's preferences, which belong to the whole home."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.helpers.singleton import singleton
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ..access import validation_error
from ..const import DOMAIN
from ..storage import async_load_cache, part
from .plan import Source

if TYPE_CHECKING:
    from homeassistant.components.energy.data import EnergyManager

STORAGE_VERSION = 1
SOURCES: Final = "energy_sources"
CONSUMPTION: Final = "device_consumption"
# So many changes can be taken back, the last one first.
KEPT_CHANGES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The preferences as they were read; changing it changes nothing else."""

    data: Mapping[str, list[dict[str, Any]]]

    @property
    def sources(self) -> list[Source]:
        """The sources: grid, solar, battery, and others."""
        return self.data.get(SOURCES, [])

    @property
    def consumption(self) -> list[dict[str, Any]]:
        """The individual devices."""
        return self.data.get(CONSUMPTION, [])

    @property
    def fingerprint(self) -> str:
        """A short text that is the same as long as the preferences are."""
        held = {name: items for name, items in self.data.items() if items}
        return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:16]


class EnergyPreferences:
    """The preferences, what they were before each change, and what has to be remembered for them."""

    def __init__(self, hass: HomeAssistant, stored: Mapping[str, Any], store: Store[dict[str, Any]]) -> None:
        """Restore the stored state; what is damaged counts as none."""
        self._hass = hass
        self._store = store
        self._lock = asyncio.Lock()
        changes = stored.get("changes")
        self._changes: list[dict[str, Any]] = [
            item
            for item in (changes if isinstance(changes, list) else [])
            if isinstance(item, dict) and isinstance(item.get("before"), dict) and isinstance(item.get("after"), str)
        ]
        self.known: dict[str, str] = {name: str(unique_id) for name, unique_id in part(stored, "known").items()}
        """The unique ids of our sensors that the preferences name, by the name that they had then."""
        requested = stored.get("requested")
        self.requested = {str(serial) for serial in requested} if isinstance(requested, list) else set[str]()
        """The serial numbers of devices to add as soon as they have a reading."""

    @property
    def available(self) -> bool:
        """Return whether the Energy dashboard is set up."""
        return "energy" in self._hass.config.components

    async def async_read(self) -> Snapshot:
        """Return the preferences.

        Raises:
            ServiceValidationError: The Energy dashboard is not set up.
        """
        data = (await self._async_manager()).data
        return Snapshot(data={} if data is None else deepcopy(dict(data)))  # type: ignore[arg-type]

    async def async_write(self, read: Snapshot, changed: Mapping[str, list[dict[str, Any]]]) -> None:
        """Write lists in place of those that were read, which are kept for an undo.

        Raises:
            ServiceValidationError: The preferences are no longer as they were read, Home Assistant would not accept
                them with the change, or the Energy dashboard is not set up.
        """
        async with self._lock:
            await self._async_check(read)
            self._validate(changed)
            # Nothing may wait between the comparison above and this.
            await (await self._async_manager()).async_update(deepcopy(dict(changed)))  # type: ignore[arg-type]
            before = {name: read.data.get(name, []) for name in changed}
            change = {"before": before, "after": (await self.async_read()).fingerprint}
            self._changes = [*self._changes, change][-KEPT_CHANGES:]
            await self.async_save()

    async def async_undo(self) -> None:
        """Put the lists of the last change back as they were before it.

        Raises:
            ServiceValidationError: There is no change, or somebody has changed the preferences since.
        """
        async with self._lock:
            read = await self.async_read()
            if not self._changes:
                raise validation_error("energy_nothing_to_undo")
            if self._changes[-1]["after"] != read.fingerprint:
                raise validation_error("energy_changed_since")
            before = self._changes.pop()["before"]
            await (await self._async_manager()).async_update(before)
            await self.async_save()

    async def async_request(self, serials: Iterable[str], *, wanted: bool) -> None:
        """Note that devices are to be added as soon as they have a reading, or no longer are."""
        if wanted:
            self.requested.update(serials)
        else:
            self.requested.difference_update(serials)
        await self.async_save()

    async def async_listen(self, listener: Callable[[], Awaitable[None]]) -> None:
        """Call a listener after each change of the preferences, for ever.

        Raises:
            ServiceValidationError: The Energy dashboard is not set up.
        """
        (await self._async_manager()).async_listen_updates(listener)

    async def async_save(self) -> None:
        """Store what has to survive a restart."""
        await self._store.async_save(
            {"changes": self._changes, "known": self.known, "requested": sorted(self.requested)}
        )

    async def async_forget(self) -> None:
        """Forget all changes, names, and wishes: no account is left."""
        self._changes, self.known, self.requested = [], {}, set()
        await self._store.async_remove()

    async def _async_check(self, read: Snapshot) -> None:
        if (await self.async_read()).fingerprint != read.fingerprint:
            raise validation_error("energy_changed")

    @staticmethod
    def _validate(changed: Mapping[str, list[dict[str, Any]]]) -> None:
        """Let Home Assistant's own schemas look at whole lists, which its manager does not."""
        from homeassistant.components.energy.data import (  # noqa: PLC0415
            DEVICE_CONSUMPTION_SCHEMA,
            ENERGY_SOURCE_SCHEMA,
        )

        try:
            ENERGY_SOURCE_SCHEMA(deepcopy(changed.get(SOURCES, [])))
            vol.Schema([DEVICE_CONSUMPTION_SCHEMA])(deepcopy(changed.get(CONSUMPTION, [])))
        except vol.Invalid as err:
            raise validation_error("energy_refused", error=str(err)) from err

    async def _async_manager(self) -> EnergyManager:
        """Return Home Assistant's manager, which is internal: imported here, a change there stops nothing else."""
        if not self.available:
            raise validation_error("energy_not_set_up")
        from homeassistant.components.energy.data import async_get_manager  # noqa: PLC0415

        manager: EnergyManager = await async_get_manager(self._hass)
        return manager


@singleton(HassKey[EnergyPreferences](f"{DOMAIN}_energy_dashboard"), async_=True)
async def async_get_preferences(hass: HomeAssistant) -> EnergyPreferences:
    """Return the preferences of this Home Assistant."""
    store: Store[dict[str, Any]] = Store(hass, STORAGE_VERSION, f"{DOMAIN}.energy_dashboard")
    return EnergyPreferences(hass, await async_load_cache(store), store)
