"""Import history as a job that survives restarts, one at a time for each account."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..account import Account
from ..const import DOMAIN, LOGGER
from ..coordinator import AtessCoordinator
from ..storage import async_load_cache
from .healer import GapHealer
from .job import DAY, STORAGE_VERSION, YEAR, Job, job_name, new_device_job
from .reader import zone_of
from .requests import ImportRequests
from .summary import TITLE, message_of
from .undo import UndoFile
from .work import ImportWork, LearnPast

# A cancellation or a pause waits so many seconds for what was read to be written.
LONGEST_END = 30.0


def import_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the file of an account's import."""
    return Store(hass, STORAGE_VERSION, job_name(entry_id), serialize_in_event_loop=False)


class HistoryImport:
    """The import of one account; one at a time, and no undo meanwhile."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        account: Account,
        coordinators: Mapping[str, AtessCoordinator],
        learn: LearnPast,
    ) -> None:
        """Know the devices by config subentry, and who learns of batteries from what is read."""
        self._hass = hass
        self._entry = entry
        self._coordinators = coordinators
        self._learn = learn
        self._store = import_store(hass, entry.entry_id)
        self._healer = GapHealer(hass, entry, coordinators)
        self._requests = ImportRequests(
            hass=hass, entry=entry, account=account, coordinators=coordinators, begin=self._async_begin_requested
        )
        self._work: ImportWork | None = None
        self._task: asyncio.Task[None] | None = None
        self._listeners: set[CALLBACK_TYPE] = set()
        self._busy = False

    async def async_start(self) -> None:
        """Go on with what a restart or reload has interrupted, and heal gaps from now on."""
        stored = await async_load_cache(self._store)
        try:
            self._work = self._work_of(Job.from_dict(stored)) if stored else None
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            LOGGER.warning("The state of the history import cannot be read (%s) and is set aside", type(err).__name__)
        if (work := self._unfinished) is not None:
            if work.job.cancelled:
                await self._async_finish(work)
            elif not work.job.paused:
                self._launch(work)
        self._notify()
        self._healer.async_start()
        self._requests.async_start()

    # what people see

    @callback
    def async_add_listener(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call a listener with each day that was read; return what ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    @property
    def running(self) -> bool:
        """Whether an import is under way."""
        return self._task is not None and not self._task.done()

    @property
    def percent(self) -> float | None:
        """How much of the last import is done, None if there never was one."""
        if self._work is None:
            return None
        job = self._work.job
        whole = sum(device.days for device in job.devices.values())
        return 100.0 if job.finished or not whole else round(100.0 * (1.0 - self._work.days_left / whole), 1)

    @property
    def attributes(self) -> dict[str, Any]:
        """The state of the import, the day that is read next, the rows written, and when it should end."""
        if self._work is None:
            return {"status": "waiting"} if self._requests.waiting else {}
        job, work = self._work.job, self._unfinished
        day = None if work is None else work.day
        under_way = work is not None and not job.paused
        return {
            "status": self._status(job),
            "day": None if day is None else day.isoformat(),
            "rows": job.rows,
            "expected_end": dt_util.utcnow() + timedelta(seconds=self._work.seconds_left) if under_way else None,
        }

    def _status(self, job: Job) -> str:
        if not job.finished:
            return "paused" if job.paused else "running"
        if self._requests.waiting:
            return "waiting"
        return "canceled" if job.cancelled else "complete"

    # what people do

    async def async_begin(
        self, coordinators: Iterable[AtessCoordinator], start: datetime, end: datetime, fields: Iterable[str] = ()
    ) -> None:
        """Begin an import, of all fields or some.

        Raises:
            ServiceValidationError: Another is not finished, or an undo is under way.
        """
        self.require_idle()
        job = Job(
            start=int(start.timestamp()),
            end=int(end.timestamp()),
            fields=list(fields),
            devices={item.subentry_id: new_device_job(start, end, zone_of(item)) for item in coordinators},
        )
        self._work = work = self._work_of(job)
        self._busy = True
        try:
            await work.async_save()
        finally:
            self._busy = False
        self._launch(work)
        self._notify()

    async def async_cancel(self) -> None:
        """End the import, and forget those that are requested; what was read is written.

        Raises ServiceValidationError if there is neither.
        """
        self.require_some()
        work = self._unfinished
        await self._requests.async_withdraw()
        if work is not None:
            await self._async_stop()
            work.job.cancelled, work.job.paused = True, False
            await work.async_save()
            await self._async_end(self._async_finish(work))
        self._notify()

    async def async_pause(self) -> None:
        """Pause the import; what was read is written. Raises ServiceValidationError if none is under way."""
        work = self.require_running()
        await self._async_stop()
        work.job.paused = True
        await work.async_save()
        await self._async_end(work.async_flush())
        self._notify()

    async def async_resume(self) -> None:
        """Go on with the import; raises ServiceValidationError if none is paused."""
        work = self.require_paused()
        await self._async_stop()
        work.job.paused = False
        await work.async_save()
        self._launch(work)
        self._notify()

    async def async_undo(self, coordinators: Iterable[AtessCoordinator]) -> dict[str, dict[str, int]]:
        """Undo all imports of devices and the healing of their gaps; return by config subentry how much that was.

        Raises ServiceValidationError while an import is not finished.
        """
        self.require_idle()
        self._busy = True
        try:
            done: dict[str, dict[str, int]] = {}
            for item in coordinators:
                imported = await UndoFile(self._hass, item).async_undo()
                healed = await self._healer.async_undo(item)
                done[item.subentry_id] = {**imported, "healed_rows": healed["rows"]}
            return done
        finally:
            self._busy = False

    async def async_require_imported(self, coordinators: Iterable[AtessCoordinator]) -> None:
        """Raise ServiceValidationError while an import is not finished, or if nothing was written for a device."""
        self.require_idle()
        for item in coordinators:
            if not await UndoFile(self._hass, item).async_load() and not await self._healer.async_has_healed(item):
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="nothing_imported",
                    translation_placeholders={"device": item.name},
                )

    def require_some(self) -> None:
        """Raise ServiceValidationError if no import is under way, paused, or requested."""
        if self._unfinished is None and not self._requests.waiting:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_import")

    def require_running(self) -> ImportWork:
        """Return the import that is under way; raises ServiceValidationError if none is."""
        if (work := self._unfinished) is None or work.job.paused or work.job.cancelled:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_import")
        return work

    def require_paused(self) -> ImportWork:
        """Return the import that is paused; raises ServiceValidationError if none is."""
        if (work := self._unfinished) is None or not work.job.paused:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_paused_import")
        return work

    def require_idle(self) -> None:
        """Raise ServiceValidationError while an import is not finished, or an undo is under way."""
        if self.running or self._busy or self._unfinished is not None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="import_running")

    async def _async_begin_requested(self, coordinators: Collection[AtessCoordinator]) -> bool:
        """Import the past year of devices, within the import under way if that is of today; return False if not yet."""
        end = dt_util.utcnow()
        start = end - YEAR
        if (work := self._unfinished) is None:
            if self.running or self._busy:
                return False
            await self.async_begin(coordinators, start, end)
            return True
        job = work.job
        today = abs(start.timestamp() - job.start) <= DAY.total_seconds()
        if job.cancelled or job.fields or work.device is None or not today:
            return False
        for item in coordinators:
            job.devices.setdefault(item.subentry_id, new_device_job(start, end, zone_of(item)))
        job.end = int(end.timestamp())
        await work.async_save()
        self._notify()
        return True

    # the job

    @property
    def _unfinished(self) -> ImportWork | None:
        """The work that is under way or paused."""
        return None if self._work is None or self._work.job.finished else self._work

    def _work_of(self, job: Job) -> ImportWork:
        return ImportWork(self._hass, self._coordinators, self._store, job, self._learn)

    @callback
    def _launch(self, work: ImportWork) -> None:
        self._task = self._entry.async_create_background_task(
            self._hass, self._async_run(work), f"{DOMAIN} history import"
        )

    async def _async_run(self, work: ImportWork) -> None:
        try:
            while (subentry_id := work.device) is not None:
                await work.async_day(subentry_id)
                self._notify()
        except Exception:  # noqa: BLE001  # whatever it was, people are told, as of any other end
            LOGGER.exception("The history import has failed")
            work.give_up()
        await self._async_finish(work)

    async def _async_finish(self, work: ImportWork) -> None:
        """Write what was read, and tell people."""
        await work.async_flush()
        work.job.finished = True
        await work.async_save()
        self._notify()
        names = {subentry_id: item.name for subentry_id, item in self._coordinators.items()}
        persistent_notification.async_create(
            self._hass, message_of(work.job, names), TITLE, f"{DOMAIN}_history_{self._entry.entry_id}"
        )

    async def _async_stop(self) -> None:
        """Stop what is under way; what it has read stays in memory."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _async_end(self, ending: Coroutine[Any, Any, None]) -> None:
        """Do what is left of work that was stopped; if it takes long, it goes on behind."""
        self._task = self._entry.async_create_background_task(self._hass, ending, f"{DOMAIN} history import end")
        await asyncio.wait([self._task], timeout=LONGEST_END)

    @callback
    def _notify(self) -> None:
        for listener in list(self._listeners):
            listener()
