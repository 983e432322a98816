"""The one way in which settings of a device are changed: gather, read, send whole, read back, compare, remember."""

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, Context, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .account import async_wait
from .const import DOMAIN, LOGGER
from .enerclo import (
    AuthenticationError,
    EnercloError,
    Json,
    LimitedError,
    NotFoundError,
    PacedError,
    RefusedError,
    UnreachableError,
)
from .settings import DeviceSettings, SettingError, body_of, compare, same
from .settings_batch import Batch, ChangeHistory, Outcome, part, pass_on, retrieve, settle
from .settings_failures import Failure, async_clear_failure, async_report_failure, cause
from .settings_texts import differences, refusal, wishes

if TYPE_CHECKING:
    from .settings_coordinator import SettingsCoordinator

# Changes that follow one another so closely become one request, in seconds.
GATHER = 2.0
# A copy of the settings older than this is read anew before anything is sent.
FRESH_FOR = timedelta(minutes=5)
# The device gets some time before the first read-back, and a second one if it seems not to have noticed, in seconds.
SETTLE = 10.0
READ_BACKS = 2
READ_TRIES = 3
READ_PAUSE = 60.0


class SettingsWriter:
    """Changes the settings of one device, one request at a time."""

    def __init__(self, coordinator: SettingsCoordinator) -> None:
        """Start with nothing to do."""
        self._coordinator = coordinator
        self._hass = coordinator.hass
        self._queue: Batch | None = None
        self._active: Batch | None = None
        # What had gathered when a process was killed.
        self._lost: Batch | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self.history = ChangeHistory()
        # What would have to be there for the last failure to be none.
        self._failed: dict[str, Json] = {}
        coordinator.config_entry.async_on_unload(self._stop)

    # what is stored

    def dump(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            "queued": None if (queued := self._queue or self._lost) is None else queued.dump(),
            "active": None if self._active is None else self._active.dump(),
            "history": self.history.items,
            "failed": self._failed,
        }

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Take up what was stored; damaged pieces are passed over."""
        self.history.load(stored.get("history"))
        failed = stored.get("failed")
        self._failed = failed if isinstance(failed, dict) else {}
        self._active = Batch.load(stored.get("active"))
        self._lost = Batch.load(stored.get("queued"))

    @callback
    def resume(self) -> None:
        """Settle what a restart has interrupted: what may have been sent is read back, what was not is given up."""
        lost, self._lost = self._lost, None
        if lost is not None:
            self._fail(lost, "not_sent")
            self._coordinator.async_save_soon()
        if self._active is None:
            return
        if self._active.sending:
            self._run(self._async_settle(self._active))
        else:
            self._finish(self._active, "not_sent")

    def diagnostics(self) -> dict[str, Any]:
        """Return the changes under way and those made; of a person only that it was one."""
        return {"pending": self.upcoming, "failed": self._failed, "history": self.history.anonymous()}

    # what people ask for

    @property
    def upcoming(self) -> dict[str, Json]:
        """The changes that were asked for and are not confirmed yet, by the cloud's key."""
        return {key: value for batch in (self._active, self._queue) if batch for key, value in batch.asked.items()}

    def check_allowed(self) -> None:
        """Raise ServiceValidationError unless the user has allowed changes and the settings have been read."""
        allowed = self._coordinator.changes_allowed
        if not allowed or self._coordinator.data is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="no_settings" if allowed else "changes_not_allowed",
                translation_placeholders={"device": self._coordinator.device.name},
            )

    def resolve(self, asked: Mapping[str, object], *, allow_unknown: bool = False) -> dict[str, Json]:
        """Return what a change would send, by the cloud's key; raises ServiceValidationError, nothing is sent."""
        self.check_allowed()
        coordinator = self._coordinator
        model: DeviceSettings = coordinator.data  # type: ignore[assignment]  # check_allowed has seen that it is there
        try:
            return model.resolve(asked, self.upcoming, allow_unknown=allow_unknown)
        except SettingError as err:
            raise refusal(self._hass, coordinator.kind, coordinator.device.name, err) from err

    @callback
    def change(
        self, changes: Mapping[str, Json], context: Context | None, *, reverts: bool = False
    ) -> asyncio.Future[Outcome]:
        """Have resolved changes sent with all others of the next seconds; the future tells what became of them.

        What is as asked already is not sent; if that is all, the future is done at once.
        """
        self.check_allowed()
        future: asyncio.Future[Outcome] = self._hass.loop.create_future()
        future.add_done_callback(retrieve)
        upcoming, members = self.upcoming, self._members
        asked = {
            key: value
            for key, value in changes.items()
            if key in upcoming or key not in members or not same(members[key], value)
        }
        if not asked:
            future.set_result(Outcome(status=dict.fromkeys(changes, "unchanged"), before=part(members, changes)))
            return future
        queue = self._queue = self._queue or Batch(reverts=reverts)
        queue.asked |= asked
        queue.reverts = queue.reverts and reverts
        queue.origin = {
            "user_id": None if context is None else context.user_id,
            "context_id": None if context is None else context.id,
            "parent_id": None if context is None else context.parent_id,
        }
        wanted = dict(changes)
        batch_future: asyncio.Future[Outcome] = self._hass.loop.create_future()
        batch_future.add_done_callback(lambda done: pass_on(done, future, wanted))
        queue.waiting.append(batch_future)
        self._restart_timer()
        self._coordinator.async_save_soon()
        self._coordinator.async_update_listeners()
        return future

    @property
    def _members(self) -> Mapping[str, Json]:
        data = self._coordinator.data
        return {} if data is None else data.members

    @callback
    def _restart_timer(self) -> None:
        if self._cancel_timer is not None:
            self._cancel_timer()
        self._cancel_timer = async_call_later(self._hass, GATHER, self._send_queued)

    @callback
    def _send_queued(self, _now: datetime | None = None) -> None:
        """Send what has gathered, unless an earlier change is not settled yet: that one sends it when it is."""
        self._cancel_timer = None
        if self._active is not None or self._queue is None:
            return
        self._active, self._queue = self._queue, None
        self._run(self._async_send(self._active))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._coordinator.config_entry.async_create_background_task(self._hass, work, f"{DOMAIN} settings")

    @callback
    def _stop(self) -> None:
        """Give up what has not been sent; what was sent is settled when the entry is set up again."""
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None
        if (queued := self._queue) is not None:
            self._queue = None
            self._fail(queued, "not_sent")
        if self._active is not None:
            if not self._active.sending:
                active, self._active = self._active, None
                self._fail(active, "not_sent")
            else:
                for future in self._active.waiting:
                    settle(future, Outcome(status=dict.fromkeys(self._active.asked, "pending")))
        if self._coordinator.subentry_id in self._coordinator.config_entry.subentries:
            self._coordinator.async_save_soon()

    # the way of a change

    async def _async_send(self, batch: Batch) -> None:
        """Send a batch and settle it."""
        members = await self._async_prepare(batch)
        if members is not None and await self._async_put(batch, members):
            await self._async_settle(batch)

    async def _async_prepare(self, batch: Batch) -> Mapping[str, Json] | None:
        """Return the settings to merge the changes into, fresh enough; None if there is nothing to send after all."""
        coordinator = self._coordinator
        try:
            if coordinator.age > FRESH_FOR:
                await coordinator.async_read()
        except EnercloError as err:
            self._finish(batch, "not_read", err)
            return None
        model = coordinator.data
        if model is None or any(key not in model.members for key in batch.asked):
            self._finish(batch, "not_read")
            return None
        try:
            model.check_together(batch.asked, {})
        except SettingError as err:
            self._finish(batch, "not_sent", refusal(self._hass, coordinator.kind, coordinator.device.name, err))
            return None
        status = dict.fromkeys(model.unchanged(batch.asked), "unchanged")
        batch.asked = {key: value for key, value in batch.asked.items() if key not in status}
        if not batch.asked:
            self._finish(batch, outcome=Outcome(status=status, before=part(model.members, status)))
            return None
        return model.members

    async def _async_put(self, batch: Batch, members: Mapping[str, Json]) -> bool:
        """Send the whole object; False if it surely was not taken."""
        coordinator = self._coordinator
        batch.before = dict(members)
        batch.sending = True
        await coordinator.async_save()
        try:
            await coordinator.client.write_settings(
                coordinator.kind, coordinator.identifier, body_of(members, batch.asked), max_wait=float("inf")
            )
        except (UnreachableError, PacedError, NotFoundError, ValueError) as err:
            self._finish(batch, "not_sent", err)
            return False
        except (RefusedError, LimitedError, AuthenticationError) as err:
            self._finish(batch, "refused", err)
            return False
        except EnercloError as err:
            # Nobody knows whether it arrived: the read-back tells.
            LOGGER.debug("%s: %s", coordinator.name, err)
        return True

    async def _async_settle(self, batch: Batch) -> None:
        """Read back what was sent until it is clear what became of it."""
        await async_wait(SETTLE)
        for attempt in range(READ_BACKS):
            if not await self._async_read_back():
                self._finish(batch, "unconfirmed")
                return
            verdict = compare(batch.before, batch.asked, self._members)
            if verdict.confirmed:
                self.history.add(batch, dt_util.utcnow())
                before, after = part(batch.before, batch.asked), part(self._members, batch.asked)
                status = dict.fromkeys(batch.asked, "confirmed")
                self._finish(batch, outcome=Outcome(status=status, before=before, after=after))
                return
            if verdict.moved:
                self._finish(batch, "moved", found={**verdict.wrong, **verdict.moved})
                return
            if not verdict.untouched or attempt + 1 == READ_BACKS:
                self._finish(batch, "not_taken", found=verdict.wrong)
                return

    async def _async_read_back(self) -> bool:
        """Read the settings as soon as that is permitted; False if the cloud keeps failing."""
        for _ in range(READ_TRIES):
            try:
                await self._coordinator.async_read()
            except EnercloError as err:
                LOGGER.debug("%s could not be read back: %s", self._coordinator.name, err)
                await async_wait(READ_PAUSE)
            else:
                return True
        return False

    @callback
    def _finish(
        self,
        batch: Batch,
        reason: str | None = None,
        error: Exception | None = None,
        *,
        found: Mapping[str, Json] | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """End a batch well or ill, and go on with what has gathered meanwhile."""
        self._active = None
        if reason is not None:
            self._fail(batch, reason, error, found or {})
        elif outcome is not None:
            self._failed = {key: value for key, value in self._failed.items() if key not in outcome.status}
            self.settings_read()
            for future in batch.waiting:
                settle(future, outcome)
        self._coordinator.async_save_soon()
        self._coordinator.async_update_listeners()
        if self._cancel_timer is None:
            self._send_queued()

    @callback
    def _fail(
        self,
        batch: Batch,
        reason: str,
        error: Exception | None = None,
        found: Mapping[str, Json] | None = None,
    ) -> None:
        """Tell everybody that a change has failed."""
        model = self._coordinator.data
        failure = Failure(
            reason=reason,
            asked=batch.asked,
            found=dict(found or {}),
            wishes=wishes(self._hass, model, batch.asked),
            differences="" if model is None else differences(self._hass, model, batch.asked, found or {}),
            error=cause(error),
        )
        original = {key: batch.before[key] for key in found or {} if key in batch.before}
        self._failed = {**original, **batch.asked}
        exception = async_report_failure(self._coordinator, failure)
        for future in batch.waiting:
            if not future.done():
                future.set_exception(exception)

    @callback
    def settings_read(self) -> None:
        """Take a failure back if what was asked for has come after all, and what else had moved is as before."""
        members = self._members
        if self._active is None and all(
            key in members and same(members[key], self._failed[key]) for key in self._failed
        ):
            self._failed = {}
            async_clear_failure(self._coordinator)
