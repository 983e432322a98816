"""Fill the holes that outages leave in the statistics, once the cloud has the samples and the hours are compiled."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_utc_time_change
from homeassistant.helpers.storage import Store
from sqlalchemy.exc import SQLAlchemyError

from ..const import CONF_HEAL_GAPS, DOMAIN, LOGGER
from ..coordinator import AtessCoordinator
from ..enerclo import EnercloError, MalformedAnswerError, NotFoundError, TemporaryError
from ..readings import Reading
from ..storage import async_load_cache
from .entities import targets_of
from .gather import reduced
from .healing import Cure, Healed, reopen, whole_hours
from .holes import Hole
from .hours import HOUR, hour_of
from .job import STORAGE_VERSION
from .reader import async_read
from .tables import compiled_until
from .task import async_read as async_read_rows
from .task import async_write
from .writer import InvariantError, limit_of

# A hole is looked at again so long after its end, since a data logger may deliver later what it has kept.
LOOKS = (timedelta(0), timedelta(hours=6), timedelta(hours=24))
# What could not be read for so many hours is tried again once in so many.
PATIENCE = 24
# So many seconds of a hole, and the hour after them, are read and written at once.
PIECE = 86_400
# So many pieces that were healed can be undone.
MOST = 40


def healed_store(hass: HomeAssistant, subentry_id: str) -> Store[dict[str, Any]]:
    """Return the file that holds what the statistics of a device had before they were healed."""
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.history_healed.{subentry_id}", serialize_in_event_loop=False)


@dataclass(slots=True)
class GapHealer:
    """Heals the holes of the devices of an account, one after the other; `coordinators` by config subentry."""

    hass: HomeAssistant
    entry: ConfigEntry[Any]
    coordinators: Mapping[str, AtessCoordinator]
    _task: asyncio.Task[None] | None = None

    @callback
    def async_start(self) -> None:
        """Look every hour, some minutes after it, for holes that can be healed."""
        minute, second = random.randrange(2, 12), random.randrange(60)  # noqa: S311  # spreads the load, hides nothing
        self.entry.async_on_unload(async_track_utc_time_change(self.hass, self._look, minute=minute, second=second))

    @callback
    def _look(self, now: datetime) -> None:
        if not self.hass.is_running or not self.entry.options.get(CONF_HEAL_GAPS, True):
            return
        if self._task is not None and not self._task.done():
            return
        if any(_due(hole, now) for item in self.coordinators.values() for hole in item.holes):
            self._task = self.entry.async_create_background_task(
                self.hass, self._async_heal_all(now), f"{DOMAIN} healing of gaps"
            )

    async def _async_heal_all(self, now: datetime) -> None:
        for coordinator in self.coordinators.values():
            for hole in coordinator.holes:
                if not _due(hole, now):
                    continue
                try:
                    await self._async_heal(coordinator, hole)
                except (EnercloError, HomeAssistantError, SQLAlchemyError) as err:
                    LOGGER.debug("%s: a gap cannot be healed now: %s", coordinator.name, type(err).__name__)
                coordinator.account.save_soon()

    async def _async_heal(self, coordinator: AtessCoordinator, hole: Hole) -> None:
        """Heal a hole piece by piece, the newest first; what is whole leaves it at once."""
        if await async_read_rows(self.hass, lambda _, session: compiled_until(session)) < hole.hours.stop:
            return
        rest: Hole | None = hole
        while rest is not None:
            piece, older = rest.split(PIECE)
            begin, end = piece.hours.start, piece.hours.stop
            readings: list[Reading] = []
            try:
                readings = await async_read(
                    coordinator, datetime.fromtimestamp(begin, UTC), datetime.fromtimestamp(end, UTC)
                )
            except NotFoundError:
                coordinator.holes.replace(hole, None)
                return
            except TemporaryError as err:
                if err.code is None and not isinstance(err, MalformedAnswerError):
                    raise
                LOGGER.debug("%s: a gap was not healed: %s", coordinator.name, err)
            await self._async_write(coordinator, hole, readings, begin, end)
            seen = {hour_of(reading.sampled_at.timestamp()) for reading in readings}
            if rest is hole and seen >= piece.dead_hours:
                coordinator.holes.replace(hole, older)
                if older is None:
                    return
                hole = older
            rest = older
        coordinator.holes.replace(hole, hole.looked_at(len(LOOKS)))

    async def _async_write(
        self, coordinator: AtessCoordinator, hole: Hole, readings: list[Reading], begin: int, end: int
    ) -> None:
        """Write one piece; what is there is stored before."""
        definitions = list(coordinator.definitions.values())
        found = await self.hass.async_add_executor_job(reduced, readings, definitions, begin, end)
        whole = whole_hours(reading.sampled_at.timestamp() for reading in readings)
        cures = [
            Cure(
                target=target,
                hours=hours,
                hole=hole,
                whole=whole,
                limit=limit_of(target, coordinator.kind, coordinator.nominal_power),
            )
            for target in targets_of(self.hass, coordinator)
            if (hours := found.get(target.key)) is not None
        ]
        piece: dict[str, Healed] = {}
        for cure in cures:
            if (healed := await async_read_rows(self.hass, cure.foresee)) is not None:
                piece[cure.target.key] = healed
        if not piece:
            return
        store = healed_store(self.hass, coordinator.subentry_id)
        pieces = await _async_pieces(store)
        pieces.append({key: healed.as_dict() for key, healed in piece.items()})
        await store.async_save({"pieces": pieces[-MOST:]})
        for cure in cures:
            try:
                await async_write(self.hass, cure.apply)
            except InvariantError as err:
                LOGGER.error("%s: a gap of %s was not healed: %s", coordinator.name, cure.target.key, err)

    async def async_has_healed(self, coordinator: AtessCoordinator) -> bool:
        """Return whether there is something to bring back."""
        return bool(await _async_pieces(healed_store(self.hass, coordinator.subentry_id)))

    async def async_undo(self, coordinator: AtessCoordinator) -> dict[str, int]:
        """Bring back what the statistics of a device had, and heal its holes no more.

        Return how many entities and how many rows that were.
        """
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        coordinator.holes.clear()
        store = healed_store(self.hass, coordinator.subentry_id)
        registry = er.async_get(self.hass)
        rows, keys = 0, set()
        for piece in reversed(await _async_pieces(store)):
            for key, stored in piece.items():
                unique_id = f"{coordinator.device_sn}_{key}"
                entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
                definition = coordinator.definitions.get(key)
                if entity_id is None or definition is None:
                    continue
                keys.add(key)
                healed = Healed.from_dict(stored)
                rows += await async_write(self.hass, reopen(entity_id, healed, counter=definition.lifetime))
        await store.async_remove()
        return {"entities": len(keys), "rows": rows}


async def _async_pieces(store: Store[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was healed, the oldest first."""
    return list((await async_load_cache(store)).get("pieces", []))


def _due(hole: Hole, now: datetime) -> bool:
    """Return whether it is time for the next look at a hole; it is asked about once an hour."""
    age = now.timestamp() - max(hole.end, hole.back)
    hours = age // HOUR
    return age >= LOOKS[min(hole.tries, len(LOOKS) - 1)].total_seconds() and (hours < PATIENCE or hours % PATIENCE == 0)
