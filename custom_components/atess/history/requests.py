"""Import the past year of new devices if their owner asked for it, once they have statistics."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.const import EVENT_RECORDER_5MIN_STATISTICS_GENERATED
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..account import Account
from ..const import DOMAIN, LOGGER
from ..coordinator import AtessCoordinator
from .entities import targets_of
from .task import async_write


@dataclass(slots=True, kw_only=True)
class ImportRequests:
    """The requests of an account; `begin` imports devices, and returns False if they have to wait for an import."""

    hass: HomeAssistant
    entry: ConfigEntry[Any]
    account: Account
    coordinators: Mapping[str, AtessCoordinator]
    begin: Callable[[Collection[AtessCoordinator]], Awaitable[bool]]
    _compiled: set[str] = field(default_factory=set)
    _busy: bool = False

    @callback
    def async_start(self) -> None:
        """Look with each compilation of statistics whether there are enough of them to begin."""
        self.entry.async_on_unload(self.hass.bus.async_listen(EVENT_RECORDER_5MIN_STATISTICS_GENERATED, self._look))

    @property
    def waiting(self) -> list[AtessCoordinator]:
        """The devices that are to be imported."""
        return [item for item in self.coordinators.values() if item.device_sn in self.account.imports]

    async def async_withdraw(self) -> None:
        """Forget all requests."""
        await self.account.async_request_imports(list(self.account.imports), wanted=False)

    @callback
    def _look(self, _event: Event) -> None:
        if self.waiting and not self._busy:
            self.entry.async_create_background_task(self.hass, self._async_look(), f"{DOMAIN} requested imports")

    async def _async_look(self) -> None:
        """Begin with the devices that had statistics at the last look too.

        All entities of a device have some only then: they may have come while statistics were compiled.
        """
        self._busy = True
        try:
            compiled = {item.device_sn for item in self.waiting if await self._has_statistics(item)}
            ready = [item for item in self.waiting if item.device_sn in compiled & self._compiled]
            self._compiled = compiled
            if ready and await self.begin(ready):
                await self.account.async_request_imports([item.device_sn for item in ready], wanted=False)
        except (HomeAssistantError, SQLAlchemyError) as err:
            LOGGER.debug("A requested import cannot begin now: %s", type(err).__name__)
        finally:
            self._busy = False

    async def _has_statistics(self, coordinator: AtessCoordinator) -> bool:
        """Return whether any statistics of a device that has a reading were compiled."""
        entities = {target.entity_id for target in targets_of(self.hass, coordinator)}
        if coordinator.data is None or not entities:
            return False

        def work(instance: Recorder, session: Session) -> bool:
            return bool(instance.statistics_meta_manager.get_many(session, statistic_ids=entities))

        # In the recorder's thread, so that what is being compiled is seen.
        return await async_write(self.hass, work)
