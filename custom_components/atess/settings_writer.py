"""Writes the settings of a device: batch changes, read, PUT the whole object, read back, compare, remember."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, Context, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
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
    Operation,
    PacedError,
    Priority,
    RefusedError,
    UnreachableError,
)
from .redaction import redacted
from .settings import DeviceSettings, SettingError, body_of, compare, same
from .settings_batch import Batch, ChangeHistory, LastChange, Outcome, Stage, part
from .settings_failures import MOVED, Failure, Failures
from .settings_texts import change_texts, refusal

if TYPE_CHECKING:
    from .settings_coordinator import SettingsCoordinator

# Changes that follow one another so closely become one request, in seconds.
GATHER = 2.0
# A PUT that has to wait longer than this after the read gives way, so that the settings are read anew, in seconds.
PUT_WAIT = 30.0
# The device gets some time before the first read-back, and a second one if it seems not to have noticed, in seconds.
SETTLE = 10.0
READ_BACKS = 2
READ_TRIES = 3
READ_PAUSE = 60.0
# A change waits so long for a cloud that limits the requests, in seconds.
LONGEST_WAIT = 3600.0

type Teller = Callable[[str, Mapping[str, Any]], None]


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
        self._last: LastChange | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self.history = ChangeHistory()
        self.failures = Failures(coordinator)
        # Set by the event entity: called with the type and the attributes of each event.
        self.teller: Teller | None = None
        coordinator.config_entry.async_on_unload(self.stop)

    # what is stored

    def dump(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            "queued": None if (queued := self._queue or self._lost) is None else queued.dump(),
            "active": None if self._active is None else self._active.dump(),
            "last": None if self._last is None else self._last.dump(),
            "history": self.history.items,
            "failures": self.failures.dump(),
        }

    def restore(self, stored: Mapping[str, Any]) -> None:
        """Take up what was stored; damaged pieces are passed over."""
        self.history.load(stored.get("history"))
        self.failures.restore(stored.get("failures"))
        self._last = LastChange.load(stored.get("last"))
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
            self._run(self._active, self._async_settle(self._active))
        else:
            self._finish(self._active, "not_sent")

    def diagnostics(self) -> dict[str, Any]:
        """Return the changes under way and those made; of a person only that it was one."""
        data = self._coordinator.data
        known = None if data is None else data.is_known
        history = self.history.anonymous()
        return {
            "stage": self.stage.value,
            "pending": redacted(self.upcoming, known),
            "failed": [{"reason": item.reason, "asked": redacted(item.asked, known)} for item in self.failures],
            "history": [
                {**item, "before": redacted(item["before"], known), "after": redacted(item["after"], known)}
                for item in history
            ],
        }

    # what the sensor and the event entity show

    @property
    def stage(self) -> Stage:
        """How far the change under way is, or how the last one ended."""
        if (batch := self._active or self._queue) is not None:
            return batch.stage
        return Stage.IDLE if self._last is None else self._last.stage

    @property
    def change_attributes(self) -> dict[str, Any]:
        """What the change under way, or the last one, is about, and the moment of the next step."""
        batch, model = self._active or self._queue, self._coordinator.data
        if batch is not None:
            before = batch.before or part(self._members, batch.asked)
            return {**change_texts(self._hass, model, batch.asked, before), "until": batch.until}
        if self._last is not None:
            return {**change_texts(self._hass, model, self._last.asked, self._last.before), "until": None}
        return {"what": None, "from": None, "to": None, "until": None}

    @callback
    def tell(self, event_type: str, attributes: Mapping[str, Any]) -> None:
        """Trigger the event entity, if it is enabled."""
        if self.teller is not None:
            self.teller(event_type, attributes)

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
            return model.resolve(asked, self.upcoming, self.history.earlier(), allow_unknown=allow_unknown)
        except SettingError as err:
            raise refusal(self._hass, coordinator.kind, coordinator.device.name, err) from err

    def restorable(self, key: str) -> list[float]:
        """Return the numbers that a setting has now or had before changes from here."""
        model = self._coordinator.data
        if model is None or (found := model.find(key)) is None:
            return []
        earlier = self.history.earlier().get(found.cloud_key, [])
        values = [model.value(key), *(model.value(key, {found.cloud_key: value}) for value in earlier)]
        return [value for value in values if isinstance(value, float)]

    @callback
    def change(
        self, changes: Mapping[str, Json], context: Context | None, *, reverts: bool = False
    ) -> asyncio.Future[Outcome]:
        """Queue resolved changes, to be sent with all others of the next seconds; return the future of the batch.

        What is as asked already is not sent; if that is all, the future is done at once. See Outcome.of.
        """
        self.check_allowed()
        upcoming, members = self.upcoming, self._members
        asked = {
            key: value
            for key, value in changes.items()
            if key in upcoming or key not in members or not same(members[key], value)
        }
        if not asked:
            done = Batch.new()
            done.settle(Outcome(status=dict.fromkeys(changes, "unchanged"), before=part(members, changes)))
            return done.future
        queue = self._queue = self._queue or Batch.new(reverts=reverts)
        queue.asked |= asked
        queue.reverts = queue.reverts and reverts
        queue.origin = {
            "user_id": None if context is None else context.user_id,
            "context_id": None if context is None else context.id,
            "parent_id": None if context is None else context.parent_id,
        }
        self._restart_timer()
        self._coordinator.async_save_soon()
        self._coordinator.async_update_listeners()
        return queue.future

    @callback
    def retry(self, failure: Failure, context: Context | None) -> None:
        """Ask once more for what has failed, and settle the failure; raises ServiceValidationError if it cannot be."""
        model = self._coordinator.data
        asked: dict[str, object] = {}
        for key, value in failure.asked.items():
            found = None if model is None else model.find(key)
            meaning = None if model is None or found is None else model.value(found.setting.key, {key: value})
            asked[key] = value if meaning is None else meaning
        changes = self.resolve(asked, allow_unknown=True)
        self.dismiss(failure)
        self.change(changes, context)

    @callback
    def dismiss(self, failure: Failure) -> None:
        """Settle a failure that a person has taken note of."""
        self.failures.remove(failure)
        self._forget_failure()
        self._coordinator.async_save_soon()
        self._coordinator.async_update_listeners()

    def _forget_failure(self) -> None:
        """Return to idle when the failures are settled."""
        if not self.failures and self._last is not None and self._last.stage is Stage.FAILED:
            self._last = None

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
        """Send the queued batch, or leave it to the active batch, which sends it when it finishes."""
        self._cancel_timer = None
        if self._active is not None or self._queue is None:
            return
        self._active, self._queue = self._queue, None
        self._run(self._active, self._async_send(self._active))

    def _run(self, batch: Batch, work: Coroutine[Any, Any, None]) -> None:
        """Run a step of a batch in the background; whatever it raises ends the batch with a failure."""

        async def run() -> None:
            try:
                await work
            except Exception as err:  # noqa: BLE001  # else nothing could be changed any more
                # The message may hold anything, the places do not.
                places = "".join(traceback.format_tb(err.__traceback__))
                LOGGER.error("%s: unexpected %s\n%s", self._coordinator.name, type(err).__name__, places)
                self._finish(batch, "unconfirmed" if batch.sending else "not_sent", err)

        self._coordinator.config_entry.async_create_background_task(self._hass, run(), f"{DOMAIN} settings")

    @callback
    def stop(self) -> None:
        """Give up what has not been sent; what was sent is settled when the entry is set up again."""
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None
        queued, self._queue = self._queue, None
        active = self._active
        if queued is not None:
            self._fail(queued, "not_sent")
        if active is not None and active.sending:
            active.settle(Outcome(status=dict.fromkeys(active.asked, "pending")))
        elif active is not None:
            self._active = None
            self._fail(active, "not_sent")
        if self._coordinator.subentry_id in self._coordinator.config_entry.subentries:
            self._coordinator.async_save_soon()

    # the way of a change

    @callback
    def _wait_until(self, batch: Batch, moment: float) -> None:
        """Show the moment (unix seconds) of the next step."""
        batch.until = dt_util.utc_from_timestamp(moment)
        self._coordinator.async_update_listeners()

    def _permitted_at(self, operation: Operation) -> float:
        coordinator = self._coordinator
        return coordinator.client.permitted_at(
            coordinator.kind, coordinator.identifier, operation, priority=Priority.PERSON
        )

    async def _async_send(self, batch: Batch) -> None:
        """Send a batch as soon as the settings may be read and written, and settle it."""
        while True:
            members = await self._async_prepare(batch)
            if members is None:
                return
            try:
                sent = await self._async_put(batch, members)
            except PacedError:
                batch.sending = False
                continue
            if sent:
                await self._async_settle(batch)
            return

    async def _async_prepare(self, batch: Batch) -> Mapping[str, Json] | None:
        """Read the settings to merge the changes into; return None if there is nothing to send after all.

        A PUT replaces the whole object, so the copy has to be as new as pacing allows: the PUT must be permitted
        before the settings are read.
        """
        coordinator = self._coordinator
        if (error := await self._async_read_anew(batch)) is not None:
            self._finish(batch, "not_read", error)
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
        if len(status) == len(batch.asked):
            self._finish(batch, outcome=Outcome(status=status, before=part(model.members, status)))
            return None
        batch.asked = {key: value for key, value in batch.asked.items() if key not in status}
        return model.members

    async def _async_read_anew(self, batch: Batch) -> EnercloError | None:
        """Read the settings once they may be read and written; return the error if that fails.

        A cloud that limits the requests is waited for.
        """
        give_up = dt_util.utcnow().timestamp() + LONGEST_WAIT
        while True:
            write = self._permitted_at(Operation.MODIFY_SETTINGS)
            self._wait_until(batch, max(write, self._permitted_at(Operation.SETTINGS)))
            if (pause := write - dt_util.utcnow().timestamp()) > 0:
                await async_wait(pause)
            try:
                await self._coordinator.async_read()
            except LimitedError as err:
                if dt_util.utcnow().timestamp() > give_up:
                    return err
            except EnercloError as err:
                return err
            else:
                return None

    async def _async_put(self, batch: Batch, members: Mapping[str, Json]) -> bool:
        """Send the whole object; return False if it surely was not taken. Raises PacedError if it may not be sent."""
        coordinator = self._coordinator
        batch.before = dict(members)
        batch.sending = True
        await coordinator.async_save()
        try:
            await coordinator.client.write_settings(
                coordinator.kind, coordinator.identifier, body_of(members, batch.asked), max_wait=PUT_WAIT
            )
        except PacedError:
            raise
        except (UnreachableError, NotFoundError, ValueError) as err:
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
        due = max(self._permitted_at(Operation.SETTINGS), dt_util.utcnow().timestamp() + SETTLE)
        self._wait_until(batch, due)
        await async_wait(SETTLE)
        for attempt in range(READ_BACKS):
            if attempt:
                self._wait_until(batch, self._permitted_at(Operation.SETTINGS))
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
                self._finish(batch, MOVED, found={**verdict.wrong, **verdict.moved})
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
        """Finish the active batch, resolve its future and send the next one."""
        if self._active is batch:
            self._active = None
        try:
            if outcome is None:
                self._fail(batch, reason or "not_sent", error, found)
            else:
                self._confirm(batch, outcome)
        finally:
            batch.settle(outcome or HomeAssistantError(reason))
            self._coordinator.async_save_soon()
            if self._cancel_timer is None:
                self._send_queued()
            self._coordinator.async_update_listeners()

    def _confirm(self, batch: Batch, outcome: Outcome) -> None:
        before = part(outcome.before, batch.asked)
        self._last = LastChange(stage=Stage.CONFIRMED, asked=batch.asked, before=before)
        self.failures.settle(self._members, outcome.status)
        self.tell("confirmed", change_texts(self._hass, self._coordinator.data, batch.asked, before))

    @callback
    def _fail(
        self,
        batch: Batch,
        reason: str,
        error: Exception | None = None,
        found: Mapping[str, Json] | None = None,
    ) -> None:
        """Tell everybody that a change has failed."""
        before = batch.before or part(self._members, batch.asked)
        self._last = LastChange(stage=Stage.FAILED, asked=batch.asked, before=part(before, batch.asked))
        batch.settle(self.failures.add(reason, batch.asked, before, found or {}, error))

    @callback
    def settings_read(self, previous: Mapping[str, Json] | None) -> None:
        """Settle failures that the new settings end, and tell of settings that were changed elsewhere."""
        if self._active is not None and self._active.sending:
            return
        members = self._members
        settled = self.failures.settle(members)
        for failure in settled:
            if self._last is not None and self._last.asked == failure.asked and failure.retryable:
                self._last = LastChange(stage=Stage.CONFIRMED, asked=failure.asked, before=self._last.before)
                self.tell("confirmed", change_texts(self._hass, self._coordinator.data, failure.asked, {}))
        self._forget_failure()
        if previous is None:
            return
        expected = {key for failure in settled for key in failure.expected}
        moved = compare(previous, {}, members).moved
        moved = {key: value for key, value in moved.items() if key not in expected and key not in self.upcoming}
        if moved:
            self.tell(MOVED, change_texts(self._hass, self._coordinator.data, moved, previous))
