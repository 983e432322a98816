"""Import history as a job that survives restarts: read the days of devices, newest first, and write them in batches."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from sqlalchemy.exc import SQLAlchemyError

from ..account import async_wait
from ..const import DOMAIN, LOGGER
from ..coordinator import AtessCoordinator
from ..enerclo import AuthenticationError, EnercloError, NotFoundError, UnreachableError
from ..enerclo.endpoints import Operation
from ..storage import async_load_cache
from .entities import Target, targets_of
from .gather import Gathered, reduced
from .healer import GapHealer
from .job import DAY, STORAGE_VERSION, DeviceJob, Job, hours_in, job_name, new_device_job, span_of
from .reader import async_read, zone_of
from .summary import TITLE, message_of
from .task import async_write
from .undo import UndoFile
from .writer import InvariantError, Outcome, limit_of, write

# So many days of a device are written at once: moving the rows that come after costs more than writing a day.
BATCH_DAYS = 7
# After so many days without data in a row nothing older is looked for.
EMPTY_DAYS = 31
# What fails is tried again after so many seconds, and what the cloud answers wrongly so often.
PAUSE, TRIES = 900.0, 4
# A cancellation waits so many seconds for what was read to be written.
LONGEST_END = 30.0


def import_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the file of an account's import."""
    return Store(hass, STORAGE_VERSION, job_name(entry_id), serialize_in_event_loop=False)


class HistoryImport:
    """The import of one account; one at a time, and no undo meanwhile."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], coordinators: Mapping[str, AtessCoordinator]
    ) -> None:
        """Know the devices by config subentry."""
        self._hass = hass
        self._entry = entry
        self._coordinators = coordinators
        self._store = import_store(hass, entry.entry_id)
        self._healer = GapHealer(hass, entry, coordinators)
        self._job: Job | None = None
        self._task: asyncio.Task[None] | None = None
        self._gathered: dict[str, Gathered] = {}
        self._listeners: set[CALLBACK_TYPE] = set()
        self._busy = False

    async def async_start(self) -> None:
        """Go on with what a restart or reload has interrupted, and heal gaps from now on."""
        stored = await async_load_cache(self._store)
        try:
            self._job = Job.from_dict(stored) if stored else None
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            LOGGER.warning("The state of the history import cannot be read (%s) and is set aside", type(err).__name__)
        if self._job is not None and not self._job.finished:
            self._launch()
        self._notify()
        self._healer.async_start()

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
        if (job := self._job) is None:
            return None
        whole = sum(device.days for device in job.devices.values())
        return 100.0 if job.finished or not whole else round(100.0 * (1.0 - sum(self._days_left()) / whole), 1)

    @property
    def attributes(self) -> dict[str, Any]:
        """The day that is read now, the rows written, and when the import should end."""
        if (job := self._job) is None:
            return {}
        coming = None if job.finished else self._next()
        return {
            "day": None if coming is None else self._next_day(coming).isoformat(),
            "rows": job.rows,
            "expected_end": self.expected_end,
        }

    @property
    def expected_end(self) -> datetime | None:
        """When the last day should have been read, None if nothing is under way."""
        if self._job is None or self._job.finished:
            return None
        return dt_util.utcnow() + timedelta(seconds=self._seconds_left())

    # what people do

    async def async_begin(self, coordinators: Iterable[AtessCoordinator], start: datetime, end: datetime) -> None:
        """Begin an import; raises ServiceValidationError while another, or an undo, is under way."""
        self.require_idle()
        self._job = Job(
            start=int(start.timestamp()),
            end=int(end.timestamp()),
            devices={item.subentry_id: new_device_job(start, end, zone_of(item)) for item in coordinators},
        )
        self._gathered = {}
        self._busy = True
        try:
            await self._async_save()
        finally:
            self._busy = False
        self._launch()
        self._notify()

    async def async_cancel(self) -> None:
        """End the import; what was read is written. Raises ServiceValidationError if none is under way."""
        if self._task is None or not self.running or self._job is None:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_import")
        self._task.cancel()
        await asyncio.wait([self._task])
        self._job.cancelled = True
        self._task = self._entry.async_create_background_task(
            self._hass, self._async_finish(self._job), f"{DOMAIN} history import end"
        )
        await asyncio.wait([self._task], timeout=LONGEST_END)

    async def async_undo(self, coordinators: Iterable[AtessCoordinator]) -> dict[str, dict[str, int]]:
        """Undo all imports of devices and the healing of their gaps; return by config subentry how much that was.

        Raises ServiceValidationError while an import is under way, or if nothing was written for a device.
        """
        self.require_idle()
        self._busy = True
        try:
            done: dict[str, dict[str, int]] = {}
            for item in coordinators:
                imported = await UndoFile(self._hass, item).async_undo()
                healed = await self._healer.async_undo(item)
                if not imported["entities"] and not healed["entities"]:
                    raise ServiceValidationError(
                        translation_domain=DOMAIN,
                        translation_key="nothing_imported",
                        translation_placeholders={"device": item.name},
                    )
                done[item.subentry_id] = {**imported, "healed_rows": healed["rows"]}
            return done
        finally:
            self._busy = False

    def require_idle(self) -> None:
        """Raise ServiceValidationError while an import or an undo is under way."""
        if self.running or self._busy:
            raise ServiceValidationError(translation_domain=DOMAIN, translation_key="import_running")

    # the job

    @callback
    def _launch(self) -> None:
        self._task = self._entry.async_create_background_task(self._hass, self._async_run(), f"{DOMAIN} history import")

    async def _async_run(self) -> None:
        job = self._job
        assert job is not None  # noqa: S101
        try:
            while (subentry_id := self._next()) is not None:
                await self._async_day(job, subentry_id, job.devices[subentry_id])
                self._notify()
        except Exception:  # noqa: BLE001  # whatever it was, people are told, as of any other end
            LOGGER.exception("The history import has failed")
            self._gathered.clear()
            for device in job.devices.values():
                device.reason = device.reason or "failed"
        await self._async_finish(job)

    async def _async_finish(self, job: Job) -> None:
        """Write what was read, and tell people."""
        for subentry_id in list(self._gathered):
            await self._async_flush(job, subentry_id)
        job.finished = True
        await self._async_save()
        self._notify()
        names = {subentry_id: item.name for subentry_id, item in self._coordinators.items()}
        persistent_notification.async_create(
            self._hass, message_of(job, names), TITLE, f"{DOMAIN}_history_{self._entry.entry_id}"
        )

    def _next(self) -> str | None:
        """Return the device whose next day is the newest."""
        job = self._job
        assert job is not None  # noqa: S101
        waiting = [
            (self._next_day(name).toordinal(), -number, name)
            for number, (name, device) in enumerate(job.devices.items())
            if device.days_left(self._next_day(name))
        ]
        return max(waiting)[2] if waiting else None

    def _next_day(self, subentry_id: str) -> date:
        assert self._job is not None  # noqa: S101
        gathered = self._gathered.get(subentry_id)
        return self._job.devices[subentry_id].next_day if gathered is None else gathered.next_day

    def _days_left(self) -> list[int]:
        assert self._job is not None  # noqa: S101
        return [device.days_left(self._next_day(name)) for name, device in self._job.devices.items()]

    def _seconds_left(self) -> float:
        """Return how long reading takes: the devices' requests do not wait for each other."""
        assert self._job is not None  # noqa: S101
        spans = [0.0]
        for days, name in zip(self._days_left(), self._job.devices, strict=True):
            if days and (item := self._coordinators.get(name)) is not None:
                spans.append(days * item.client.interval(item.kind, item.device_sn, Operation.HISTORY))
        return max(spans)

    async def _async_day(self, job: Job, subentry_id: str, device: DeviceJob) -> None:
        """Read one day of a device; write when a batch is full, or the device is done."""
        gathered = self._gathered.setdefault(subentry_id, Gathered(device.next_day, empty=device.empty))
        coordinator = self._coordinators.get(subentry_id)
        if coordinator is None:
            device.reason = "removed"
            del self._gathered[subentry_id]
            return
        begin, end = span_of(gathered.next_day, zone_of(coordinator))
        first, last = hours_in(begin, end, job)
        try:
            readings = await async_read(coordinator, begin.astimezone(UTC), end.astimezone(UTC))
        except NotFoundError:
            device.reason = "no_history"
        except AuthenticationError, UnreachableError:
            await async_wait(PAUSE)
            return
        except EnercloError:
            gathered.tries += 1
            if gathered.tries < TRIES:
                await async_wait(PAUSE)
                return
            gathered.failed += 1
        else:
            definitions = list(coordinator.definitions.values())
            found = await self._hass.async_add_executor_job(reduced, readings, definitions, first, last)
            gathered.take(found, first, last)
            gathered.empty = 0 if readings else gathered.empty + 1
            if gathered.empty >= EMPTY_DAYS:
                device.reason = "no_more"
        gathered.tries = 0
        gathered.days += 1
        gathered.next_day -= DAY
        if gathered.days >= BATCH_DAYS or not device.days_left(gathered.next_day):
            await self._async_flush(job, subentry_id)

    async def _async_flush(self, job: Job, subentry_id: str) -> None:
        """Write the gathered days of a device. What an interruption leaves out is read and written again."""
        gathered, device = self._gathered[subentry_id], job.devices[subentry_id]
        coordinator = self._coordinators[subentry_id]
        undo = UndoFile(self._hass, coordinator)
        if not device.remembered:
            await self._persist(undo.async_remember)
            device.remembered = True
            await self._async_save()
        remembered = await undo.async_load()
        for target in targets_of(self._hass, coordinator):
            if (before := remembered.get(target.key)) is None:
                device.left[target.key] = "no_statistics"
            elif gathered.begin is not None and (hours := gathered.hours.get(target.key)) is not None:
                limit = limit_of(target, coordinator.kind, coordinator.nominal_power)
                until = min(before.until, float(job.end), float(gathered.end or 0))
                work = write(target, hours, gathered.begin, until, limit)
                await self._async_write(device, target, work)
        device.next_day, device.empty = gathered.next_day, gathered.empty
        device.failed += gathered.failed
        del self._gathered[subentry_id]
        await self._async_save()

    async def _async_write(self, device: DeviceJob, target: Target, work: Callable[..., Outcome]) -> None:
        """Write one entity, and note what became of it."""
        try:
            outcome = await self._persist(lambda: async_write(self._hass, work))
        except InvariantError as err:
            LOGGER.error("The history of %s was not imported: %s", target.key, err)
            outcome = Outcome(reason="inconsistent")
        except SQLAlchemyError:
            outcome = Outcome(reason="database")
        device.rows += outcome.rows
        device.skipped += outcome.skipped
        if outcome.reason is not None:
            device.left[target.key] = outcome.reason

    async def _persist[T](self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what work with the database returns; wait while there is no recorder, or it fails a few times."""
        tries = 0
        while True:
            try:
                return await work()
            except HomeAssistantError:
                await async_wait(PAUSE)
            except SQLAlchemyError:
                tries += 1
                if tries == TRIES:
                    raise
                await async_wait(PAUSE)

    async def _async_save(self) -> None:
        if self._job is not None:
            await self._store.async_save(self._job.as_dict())

    @callback
    def _notify(self) -> None:
        for listener in list(self._listeners):
            listener()
