"""Writes the settings of a device: batches changes, has them sent, and tells what became of them."""

import asyncio
import traceback
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, Context, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..enerclo import Json
from ..redaction import redacted
from ..settings import DeviceSettings, SettingError, compare, same
from .batch import NO_GUARD, Batch, ChangeHistory, ChangeResult, LastChange, Managed, Stage, managed_keys, part
from .failures import MOVED, Failure, Failures
from .sender import BatchSender
from .texts import change_texts, refusal

if TYPE_CHECKING:
    from .hardware import Hardware

# Changes that follow one another so closely become one request, in seconds.
GATHER = 2.0
NOTHING: Mapping[str, Json] = MappingProxyType({})
type Teller = Callable[[str, Mapping[str, Any]], None]


class SettingsWriter:
    """Changes the settings of one device, one request at a time."""

    def __init__(self, hardware: Hardware) -> None:
        """Start with nothing to do."""
        self._hardware = hardware
        self._hass = hardware.hass
        self._queue: Batch | None = None
        self._active: Batch | None = None
        # What had gathered when a process was killed.
        self._lost: Batch | None = None
        self._last: LastChange | None = None
        self._cancel_timer: CALLBACK_TYPE | None = None
        self.history = ChangeHistory()
        self.failures = Failures(hardware, self.tell)
        self._sender = BatchSender(hardware, self._finish)
        # Set by the event entity: called with the type and the attributes of each event.
        self.teller: Teller | None = None
        hardware.config_entry.async_on_unload(self.stop)

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
            self._hardware.async_save_soon()
        if self._active is None:
            return
        if self._active.sending:
            self._run(self._active, self._sender.async_settle(self._active))
        else:
            self._finish(self._active, "not_sent")

    def diagnostics(self) -> dict[str, Any]:
        """Return the changes under way and those made; of a person only that it was one."""
        data = self._hardware.data
        known = None if data is None else data.is_known
        return {
            "stage": self.stage.value,
            "pending": redacted(self.upcoming, known),
            "failed": [{"reason": item.reason, "asked": redacted(item.asked, known)} for item in self.failures],
            "history": self.history.anonymous(lambda members: redacted(members, known)),
        }

    # what the sensor and the event entity show

    @property
    def stage(self) -> Stage:
        """Return the stage of the active change, or the result of the last one."""
        if (batch := self._shown) is not None:
            return batch.stage
        return Stage.IDLE if self._last is None else self._last.stage

    @property
    def change_attributes(self) -> dict[str, Any]:
        """Return the settings of the active or last change, and the time of the next step."""
        batch, model = self._shown, self._hardware.data
        if batch is not None:
            before = batch.before or part(self._members, batch.wanted)
            return {**change_texts(self._hass, model, batch.wanted, before), "until": batch.until}
        if self._last is not None:
            return {**change_texts(self._hass, model, self._last.asked, self._last.before), "until": None}
        return {"what": None, "from": None, "to": None, "until": None}

    @property
    def _shown(self) -> Batch | None:
        """The batch under way that people see, unless nothing of it is left."""
        return next((batch for batch in (self._active, self._queue) if batch is not None and batch.wanted), None)

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

    @property
    def managed(self) -> set[str]:
        """The cloud's keys of those of the upcoming changes that end by themselves."""
        return managed_keys(self._active, self._queue)

    def is_sending(self, keys: Iterable[str]) -> bool:
        """Return whether a change of one of these members may have reached the device, and is not settled yet."""
        active = self._active
        return active is not None and active.sending and not active.asked.keys().isdisjoint(keys)

    def changeable(self) -> DeviceSettings:
        """Return the settings that may be changed.

        Raises:
            ServiceValidationError: The user has not allowed changes, or the settings have not been read yet.
        """
        allowed, model = self._hardware.changes_allowed, self._hardware.data
        if not allowed or model is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="no_settings" if allowed else "changes_not_allowed",
                translation_placeholders={"device": self._hardware.device.name},
            )
        return model

    def resolve(
        self, asked: Mapping[str, object], *, allow_unknown: bool = False, over: Mapping[str, Json] = NOTHING
    ) -> dict[str, Json]:
        """Return what a change would send, by the cloud's key; raises ServiceValidationError, nothing is sent.

        `over` are other members that change with it.
        """
        hardware, model = self._hardware, self.changeable()
        try:
            upcoming = {**self.upcoming, **over}
            return model.resolve(asked, upcoming, self.history.earlier(), allow_unknown=allow_unknown)
        except SettingError as err:
            raise refusal(self._hass, hardware.kind, hardware.device.name, err) from err

    def restorable(self, key: str) -> list[float]:
        """Return the numbers that a setting has now or had before changes from here."""
        model = self._hardware.data
        if model is None or (found := model.find(key)) is None:
            return []
        earlier = self.history.earlier().get(found.cloud_key, [])
        values = [model.value(key), *(model.value(key, {found.cloud_key: value}) for value in earlier)]
        return [value for value in values if isinstance(value, float)]

    @callback
    def change(
        self,
        changes: Mapping[str, Json],
        context: Context | None,
        *,
        reverts: bool = False,
        managed: Managed | None = None,
        only_if: Mapping[str, Sequence[Json]] = NO_GUARD,
        verify: bool = True,
    ) -> asyncio.Future[ChangeResult]:
        """Queue resolved changes, to be sent with all others of the next seconds; return the future of the batch.

        What is as asked already is not sent; if that is all, the future is done at once. With `verify`, settings that
        are not current are read anew first. See ChangeResult.of, Batch.
        """
        self.changeable()
        upcoming, members = self.upcoming, self._members
        asked = {
            key: value
            for key, value in changes.items()
            if key in upcoming or key not in members or not same(members[key], value)
        }
        presumed: dict[str, Json] = {}
        if verify and not self._hardware.is_current:
            presumed = {key: value for key, value in changes.items() if key not in asked}
            if managed is not None:
                asked, presumed = dict(changes), {}
        if not asked and not presumed:
            done = Batch.new()
            done.settle(ChangeResult(status=dict.fromkeys(changes, "unchanged"), before=part(members, changes)))
            return done.future
        queue = self._queue = self._queue or Batch.new(reverts=reverts)
        queue.take(asked, presumed, context, managed, only_if)
        queue.reverts = queue.reverts and reverts
        self._restart_timer()
        self._hardware.async_save_soon()
        self._hardware.async_update_listeners()
        return queue.future

    @callback
    def withdraw(self, managed: Managed) -> None:
        """Send nothing any more of what was asked for with this mark; what may have been sent stays."""
        for batch in (self._active, self._queue):
            if batch is not None and not batch.sending:
                batch.withdraw(managed)

    @callback
    def retry(self, failure: Failure, context: Context | None) -> None:
        """Ask once more for what has failed, and settle the failure; raises ServiceValidationError if it cannot be."""
        changes = self.resolve(self.changeable().meanings(failure.asked), allow_unknown=True)
        self.dismiss(failure)
        self.change(changes, context)

    @callback
    def dismiss(self, failure: Failure) -> None:
        """Settle a failure that a person has taken note of."""
        self.failures.remove(failure)
        self._forget_failure()
        self._hardware.async_save_soon()
        self._hardware.async_update_listeners()

    def _forget_failure(self) -> None:
        """Return to idle when the failures are settled."""
        if not self.failures and self._last is not None and self._last.stage is Stage.FAILED:
            self._last = None

    @property
    def _members(self) -> Mapping[str, Json]:
        return self._hardware.settings_members

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
        if not self._active.wanted:
            self._finish(self._active, result=ChangeResult(status={}))
            return
        self._run(self._active, self._sender.async_send(self._active))

    def _run(self, batch: Batch, work: Coroutine[Any, Any, None]) -> None:
        """Run a step of a batch in the background; whatever it raises ends the batch with a failure."""

        async def run() -> None:
            try:
                await work
            except Exception as err:  # noqa: BLE001  # else nothing could be changed any more
                # The message may hold anything, the places do not.
                places = "".join(traceback.format_tb(err.__traceback__))
                LOGGER.error("%s: unexpected %s\n%s", self._hardware.name, type(err).__name__, places)
                self._finish(batch, "unconfirmed" if batch.sending else "not_sent", err)

        self._hardware.config_entry.async_create_background_task(self._hass, run(), f"{DOMAIN} settings")

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
            active.settle(ChangeResult(status=dict.fromkeys(active.asked, "pending")))
        elif active is not None:
            self._active = None
            self._fail(active, "not_sent")
        if self._hardware.subentry_id in self._hardware.config_entry.subentries:
            self._hardware.async_save_soon()

    @callback
    def _finish(
        self,
        batch: Batch,
        reason: str | None = None,
        error: Exception | None = None,
        *,
        found: Mapping[str, Json] | None = None,
        result: ChangeResult | None = None,
    ) -> None:
        """Finish the active batch, resolve its future and send the next one; what was given up stays so."""
        if self._active is not batch:
            return
        self._active = None
        try:
            if result is None:
                self._fail(batch, reason or "not_sent", error, found)
            else:
                self._confirm(batch, result)
        finally:
            batch.settle(result or HomeAssistantError(reason))
            self._hardware.async_save_soon()
            if self._cancel_timer is None:
                self._send_queued()
            self._hardware.async_update_listeners()

    def _confirm(self, batch: Batch, result: ChangeResult) -> None:
        if not batch.asked:
            return
        if batch.sending:
            self.history.add(batch, dt_util.utcnow())
        before = part(result.before, batch.asked)
        self._last = LastChange(stage=Stage.CONFIRMED, asked=batch.asked, before=before)
        self.failures.settle(self._members, result.status)
        self.tell("confirmed", change_texts(self._hass, self._hardware.data, batch.asked, before))

    @callback
    def _fail(
        self,
        batch: Batch,
        reason: str,
        error: Exception | None = None,
        found: Mapping[str, Json] | None = None,
    ) -> None:
        """Tell everybody that a change has failed."""
        batch.asked = batch.wanted
        if not batch.asked:
            batch.settle(ChangeResult(status={}))
            return
        before = batch.before or part(self._members, batch.asked)
        self._last = LastChange(stage=Stage.FAILED, asked=batch.asked, before=part(before, batch.asked))
        batch.settle(self.failures.add(reason, batch, before, found or {}, error))

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
                self.tell("confirmed", change_texts(self._hass, self._hardware.data, failure.asked, {}))
        self._forget_failure()
        if previous is None:
            return
        expected = {key for failure in settled for key in failure.expected}
        moved = compare(previous, {}, members).moved
        moved = {key: value for key, value in moved.items() if key not in expected and key not in self.upcoming}
        if moved:
            self.tell(MOVED, change_texts(self._hass, self._hardware.data, moved, previous))
