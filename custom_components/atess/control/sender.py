"""Process one batch: read, PUT the whole object, read back, and compare."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..account import async_wait
from ..const import LOGGER
from ..enerclo import (
    AuthenticationError,
    EnercloError,
    Json,
    LimitedError,
    NotFoundError,
    Operation,
    PacedError,
    Priority,
    RefusedError,
    Terms,
    UnreachableError,
)
from ..settings import SettingError, body_of, compare, same
from .batch import Batch, ChangeResult, part
from .failures import MOVED
from .texts import refusal

if TYPE_CHECKING:
    from .hardware import Hardware

# A PUT that has to wait longer than this after the read gives way, so that the settings are read anew, in seconds.
PUT_TERMS = Terms(priority=Priority.PERSON, max_wait=30.0)
# The device gets some time before the first read-back, and a second one if it seems not to have noticed, in seconds.
SETTLE = 10.0
READ_BACKS = 2
READ_TRIES = 3
READ_PAUSE = 60.0
# A change waits so long for a cloud that limits the requests, in seconds.
LONGEST_WAIT = 3600.0


class BatchSender:
    """Sends batches of one device; `finish` is called with what became of each."""

    def __init__(self, hardware: Hardware, finish: Callable[..., None]) -> None:
        """Take the settings to change, and whom to tell the end."""
        self._hardware = hardware
        self._finish = finish

    @callback
    def _wait_until(self, batch: Batch, moment: float) -> None:
        """Show the moment (unix seconds) of the next step."""
        batch.until = dt_util.utc_from_timestamp(moment)
        self._hardware.async_update_listeners()

    def _permitted_at(self, operation: Operation) -> float:
        hardware = self._hardware
        return hardware.client.permitted_at(hardware.kind, hardware.identifier, operation, priority=Priority.PERSON)

    async def async_send(self, batch: Batch) -> None:
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
                await self.async_settle(batch)
            return

    async def _async_prepare(self, batch: Batch) -> Mapping[str, Json] | None:
        """Read the settings to merge the changes into; return None if there is nothing to send after all.

        A PUT replaces the whole object, so the copy has to be as new as pacing allows: the PUT must be permitted
        before the settings are read.
        """
        hardware = self._hardware
        if (error := await self._async_read_anew(batch)) is not None:
            self._finish(batch, "not_read", error)
            return None
        model = hardware.data
        if model is None or any(key not in model.members for key in batch.wanted):
            self._finish(batch, "not_read")
            return None
        differing = {key: value for key, value in batch.presumed.items() if not same(model.members[key], value)}
        batch.asked, batch.presumed = {**differing, **batch.asked}, {}
        batch.give_way(model.members)
        try:
            model.check_together(batch.asked, {})
        except SettingError as err:
            self._finish(batch, "not_sent", refusal(hardware.hass, hardware.kind, hardware.device.name, err))
            return None
        status = dict.fromkeys(model.unchanged(batch.asked), "unchanged")
        if len(status) == len(batch.asked):
            self._finish(batch, result=ChangeResult(status=status, before=model.members))
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
                await self._hardware.async_read()
            except LimitedError as err:
                if dt_util.utcnow().timestamp() > give_up:
                    return err
            except EnercloError as err:
                return err
            else:
                return None

    async def _async_put(self, batch: Batch, members: Mapping[str, Json]) -> bool:
        """Send the whole object; return False if it surely was not taken. Raises PacedError if it may not be sent."""
        hardware = self._hardware
        batch.before = dict(members)
        batch.sending = True
        await hardware.async_save()
        try:
            await hardware.client.write_settings(
                hardware.kind, hardware.identifier, body_of(members, batch.asked), terms=PUT_TERMS
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
            LOGGER.debug("%s: %s", hardware.name, err)
        return True

    async def async_settle(self, batch: Batch) -> None:
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
            read_back = compare(batch.before, batch.asked, self._hardware.settings_members)
            if read_back.confirmed:
                after = part(self._hardware.settings_members, batch.asked)
                status = dict.fromkeys(batch.asked, "confirmed")
                self._finish(batch, result=ChangeResult(status=status, before=batch.before, after=after))
                return
            if read_back.moved:
                self._finish(batch, MOVED, found={**read_back.wrong, **read_back.moved})
                return
            if not read_back.untouched or attempt + 1 == READ_BACKS:
                self._finish(batch, "not_taken", found=read_back.wrong)
                return

    async def _async_read_back(self) -> bool:
        """Read the settings as soon as that is permitted; False if the cloud keeps failing."""
        for _ in range(READ_TRIES):
            try:
                await self._hardware.async_read()
            except EnercloError as err:
                LOGGER.debug("%s could not be read back: %s", self._hardware.name, err)
                await async_wait(READ_PAUSE)
            else:
                return True
        return False
