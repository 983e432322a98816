"""The work of an import: read the days of devices, newest first, and write them in batches."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from sqlalchemy.exc import SQLAlchemyError

from ..account import async_wait
from ..const import LOGGER
from ..coordinator import AtessCoordinator
from ..enerclo import AuthenticationError, EnercloError, NotFoundError, UnreachableError
from ..enerclo.endpoints import Operation
from ..readings import Reading
from ..readings.health import Past, past_of
from .entities import Target, targets_of
from .gather import Gathered, reduced
from .job import DAY, DeviceJob, Job, hours_in, span_of
from .reader import async_read, zone_of
from .task import async_write
from .undo import UndoFile
from .writer import InvariantError, Outcome, limit_of, write

# So many days of a device are written at once: moving the rows that come after costs more than writing a day.
BATCH_DAYS = 7
# After so many days without data in a row nothing older is looked for.
EMPTY_DAYS = 31
# So many days, from the newest back, tell of the battery.
PAST_DAYS = 31
# What fails is tried again after so many seconds, and what the cloud answers wrongly so often.
PAUSE, TRIES = 900.0, 4

type LearnPast = Callable[[str, Sequence[Past]], Awaitable[None]]


class ImportWork:
    """A job, with what was read for it and is not written yet."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinators: Mapping[str, AtessCoordinator],
        store: Store[dict[str, Any]],
        job: Job,
        learn: LearnPast,
    ) -> None:
        """Take up a job; the devices are known by config subentry. `learn` takes what is read of the last month."""
        self.job = job
        self._hass = hass
        self._coordinators = coordinators
        self._store = store
        self._learn = learn
        self._gathered: dict[str, Gathered] = {}
        self._past: dict[str, list[list[Past]]] = {}

    # how far it is

    @property
    def device(self) -> str | None:
        """The device whose next day is the newest, None if all is read."""
        waiting = [
            (self._next_day(name).toordinal(), -number, name)
            for number, (name, device) in enumerate(self.job.devices.items())
            if device.days_left(self._next_day(name))
        ]
        return max(waiting)[2] if waiting else None

    @property
    def day(self) -> date | None:
        """The day that is read next, None if all is read."""
        return None if (name := self.device) is None else self._next_day(name)

    @property
    def days_left(self) -> int:
        """How many days are still to be read."""
        return sum(self._days_left())

    @property
    def seconds_left(self) -> float:
        """How long reading takes: the devices' requests do not wait for each other."""
        spans = [0.0]
        for days, name in zip(self._days_left(), self.job.devices, strict=True):
            if days and (item := self._coordinators.get(name)) is not None:
                spans.append(days * item.client.interval(item.kind, item.device_sn, Operation.HISTORY))
        return max(spans)

    def _next_day(self, subentry_id: str) -> date:
        gathered = self._gathered.get(subentry_id)
        return self.job.devices[subentry_id].next_day if gathered is None else gathered.next_day

    def _days_left(self) -> list[int]:
        return [device.days_left(self._next_day(name)) for name, device in self.job.devices.items()]

    # what is done

    async def async_day(self, subentry_id: str) -> None:
        """Read one day of a device; write when a batch is full, or the device is done."""
        device = self.job.devices[subentry_id]
        gathered = self._gathered.setdefault(subentry_id, Gathered(device.next_day, empty=device.empty))
        coordinator = self._coordinators.get(subentry_id)
        if coordinator is None:
            device.reason = "removed"
            del self._gathered[subentry_id]
            return
        begin, end = span_of(gathered.next_day, zone_of(coordinator))
        first, last = hours_in(begin, end, self.job)
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
            wanted = self.job.fields
            definitions = [each for key, each in coordinator.definitions.items() if not wanted or key in wanted]
            found = await self._hass.async_add_executor_job(reduced, readings, definitions, first, last)
            gathered.take(found, first, last)
            await self._async_learn(subentry_id, gathered.next_day, readings)
            gathered.empty = 0 if readings else gathered.empty + 1
            if gathered.empty >= EMPTY_DAYS:
                device.reason = "no_more"
        gathered.tries = 0
        gathered.days += 1
        gathered.next_day -= DAY
        if gathered.days >= BATCH_DAYS or not device.days_left(gathered.next_day):
            await self._async_flush(subentry_id)

    async def _async_learn(self, subentry_id: str, day: date, readings: list[Reading]) -> None:
        """Gather the last month from its newest day back, and hand it over in its order; a restart ends that."""
        device = self.job.devices[subentry_id]
        if day == device.last_day:
            self._past[subentry_id] = []
        if (days := self._past.get(subentry_id)) is None:
            return
        days.append(past_of(readings))
        if day == device.first_day or (device.last_day - day).days + 1 >= PAST_DAYS:
            del self._past[subentry_id]
            await self._learn(subentry_id, [each for past in reversed(days) for each in past])

    async def async_flush(self) -> None:
        """Write what was read."""
        for subentry_id in list(self._gathered):
            await self._async_flush(subentry_id)

    def give_up(self) -> None:
        """Forget what was read and end the import of all devices: nobody knows what has failed."""
        self._gathered.clear()
        for device in self.job.devices.values():
            device.reason = device.reason or "failed"

    async def async_save(self) -> None:
        """Store the job."""
        await self._store.async_save(self.job.as_dict())

    async def _async_flush(self, subentry_id: str) -> None:
        """Write the gathered days of a device. What an interruption leaves out is read and written again."""
        gathered, device = self._gathered[subentry_id], self.job.devices[subentry_id]
        coordinator = self._coordinators[subentry_id]
        undo = UndoFile(self._hass, coordinator)
        if not device.remembered:
            await self._persist(lambda: undo.async_remember(self.job.fields))
            device.remembered = True
            await self.async_save()
        remembered = await undo.async_load()
        for target in targets_of(self._hass, coordinator, self.job.fields):
            if (before := remembered.get(target.key)) is None:
                device.left[target.key] = "no_statistics"
            elif gathered.begin is not None and (hours := gathered.hours.get(target.key)) is not None:
                limit = limit_of(target, coordinator.kind, coordinator.nominal_power)
                until = min(before.until, float(self.job.end), float(gathered.end or 0))
                work = write(target, hours, gathered.begin, until, limit)
                await self._async_write(device, target, work)
        device.next_day, device.empty = gathered.next_day, gathered.empty
        device.failed += gathered.failed
        del self._gathered[subentry_id]
        await self.async_save()

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
