"""Poll one device, and keep its last good reading and what was learned of it, over restarts too."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import UpdateFailed
from homeassistant.util import dt as dt_util

from .account import Account
from .const import (
    DOMAIN,
    FRESHNESS_CHECK_INTERVAL,
    LOGGED_CODES,
    LOGGER,
    OVERDUE_GAPS,
    POLL_MAX_WAIT,
)
from .device.base_info import BaseInfo
from .device.values import DeviceCoordinator
from .enerclo import (
    AuthenticationError,
    EnercloClient,
    EnercloError,
    Json,
    LimitedError,
    MalformedAnswerError,
    NoDataError,
    NotFoundError,
    PacedError,
    Priority,
    Terms,
)
from .history.holes import Holes
from .issues.polling import PollIssues
from .issues.unreadable import UnreadableIssue
from .poll_timer import PollTimer
from .polling import Reason, Schedule
from .raw import printable
from .readings import ActiveFault, Reading
from .readings.clock import parse_time
from .storage import async_load_cache

STORAGE_VERSION = 1
_ERROR_KEYS: Mapping[type[EnercloError], str] = {
    AuthenticationError: "invalid_auth",
    LimitedError: "limited",
    MalformedAnswerError: "malformed_answer",
    NoDataError: "no_data",
    NotFoundError: "not_found",
    PacedError: "paced",
}


def error_key(error: EnercloError) -> str:
    """Return the translation key of a client error."""
    return _ERROR_KEYS.get(type(error), "cannot_connect")


def device_store(hass: HomeAssistant, subentry_id: str) -> Store[dict[str, Any]]:
    """Return the file of a device, from the time in which each had one of its own."""
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{subentry_id}")


class AtessCoordinator(DeviceCoordinator):
    """Polls one device, and stores its last reading with what was learned."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        subentry: ConfigSubentry,
        account: Account,
        client: EnercloClient,
    ) -> None:
        """Prepare for a device; async_start brings its first reading, async_start_polling the next ones."""
        super().__init__(hass, entry, subentry)
        self.account = account
        self.client = client
        self.schedule = self._new_schedule(None)
        self.timer = PollTimer(hass, entry, self.name, poll=self.async_refresh, delay=lambda: self.schedule.delay)
        self.poll_priority = Priority.LIVE
        self.refresh_at: datetime | None = None
        self.polled_at: datetime | None = None
        self.data_age: float | None = None
        self.holes = Holes()
        self._issues = PollIssues(hass, entry, account, self.subentry_id, self.device_sn, self.name)
        self._reported_codes: set[tuple[str, str]] = set()
        self._unreadable = UnreadableIssue(hass, self.subentry_id, self.name)
        # The faults that storage knew at the start.
        self.remembered_faults: tuple[ActiveFault, ...] = ()

    async def async_start(self) -> None:
        """Restore the stored reading, or poll once if there is none."""
        await self._async_restore()
        self.config_entry.async_on_unload(self.account.keep("devices", self.subentry_id, self._dump))
        if self.data is not None:
            self.schedule.plan_first()
            return
        if self.schedule.plan_after_refusal(self.account.refused_until.get(self.device_sn, 0.0)):
            # Home Assistant repeats a failed set-up sooner than a cloud that refuses should be asked again.
            self.last_update_success = False
            self.last_exception = self._error("invalid_auth")
            return
        try:
            await self.async_config_entry_first_refresh()
        except ConfigEntryNotReady as err:
            LOGGER.warning("%s: %s", self.name, err.__cause__)

    @callback
    def async_start_polling(self) -> None:
        """Poll from now on, until the entry is unloaded."""
        self.config_entry.async_on_unload(
            async_track_time_interval(self.hass, self._check, FRESHNESS_CHECK_INTERVAL, cancel_on_shutdown=True)
        )
        self.timer.async_start()

    @override
    async def async_shutdown(self) -> None:
        """Poll no more; comes with the entry's unload."""
        self.timer.async_stop()
        await super().async_shutdown()

    @callback
    def async_poll_soon(self) -> None:
        """Poll as soon as pacing permits, now that the cloud accepts the token."""
        self.account.refused_until.pop(self.device_sn, None)
        self.schedule.plan_soon()
        self.timer.async_set()

    @override
    async def _async_update_data(self) -> Reading | None:
        """Ask the cloud for the latest sample; raises UpdateFailed, translated."""
        self.schedule.next_poll = None
        try:
            return await self._async_poll()
        finally:
            self.polled_at = dt_util.utcnow()
            self.timer.async_note_poll()

    async def _async_poll(self) -> Reading | None:
        """Poll, learn from the response, and schedule the next poll."""
        priority, self.poll_priority = self.poll_priority, Priority.LIVE
        try:
            # Not so long that a poll after another entry's waits for the whole interval: that has brought the sample.
            terms = Terms(priority=priority, max_wait=min(POLL_MAX_WAIT, self.schedule.interval / 2))
            sample = await self.client.latest(self.kind, self.device_sn, terms=terms)
        except PacedError as err:
            # Another caller has asked a moment ago: take what that brought, and come back when it is permitted.
            remembered = self.client.last_sample(self.kind, self.device_sn)
            if remembered is None or (self.data is not None and remembered.received <= self.data.received):
                if self.data is None or not self.last_update_success:
                    raise self._update_failed(err) from err
                self.schedule.plan_beside()
                return self.data
            sample = remembered
        except EnercloError as err:
            self._issues.note(err, denied=self.client.denied)
            if isinstance(err, MalformedAnswerError | NoDataError):
                self._unreadable.note(None, shown=self.data is not None)
            raise self._update_failed(err) from err
        self._issues.note(None, denied=False)
        self.account.refused_until.pop(self.device_sn, None)
        local = parse_time(sample.time, dt_util.get_default_time_zone())
        label = None if local is None else local.replace(tzinfo=UTC).timestamp()
        self.schedule.take(label, sample.received.timestamp())
        self.schedule.plan()
        reading = self.interpreter.read(sample)
        self._unreadable.note(reading, shown=self.data is not None)
        if reading is None:
            raise self._error("no_data")
        if reading.fresh:
            self.data_age = (reading.received - reading.sampled_at).total_seconds()
            self.holes.take(reading.received.timestamp(), expected=self.schedule.longest_gap)
        self._validity = self._valid_now()
        self._log_unknown_codes(reading)
        self.account.save_soon()
        return reading

    def _log_unknown_codes(self, reading: Reading) -> None:
        """Log each code that the catalogue does not know once, the first of them only."""
        for key, code in reading.codes.items():
            seen = (key, printable(self._shown_code(key, code), 40))
            if seen not in self._reported_codes and len(self._reported_codes) < LOGGED_CODES:
                self._reported_codes.add(seen)
                LOGGER.warning("%s reports %s as %s, which is not known", self.name, *seen)

    def _update_failed(self, err: EnercloError) -> UpdateFailed:
        """Schedule the next poll after a client error, and build UpdateFailed for it."""
        if err.repeated:
            # Home Assistant logs the first failure of a series; a success in between does not end this one.
            self.last_update_success = False
        if isinstance(err, AuthenticationError):
            until = self.schedule.plan_refused(alone=not self.client.denied)
            self.account.refused_until[self.device_sn] = until
        else:
            self.schedule.plan_retry()
        return self._error(error_key(err), str(err))

    def _error(self, key: str, text: str = "") -> UpdateFailed:
        return UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders={"device": self.name, "error": text},
        )

    def _new_schedule(self, state: Json) -> Schedule:
        return Schedule(
            self.account.rhythm(self.kind, self.device_sn, state),
            permitted_at=lambda: self.client.permitted_at(self.kind, self.device_sn),
            interval=lambda: self.client.interval(self.kind, self.device_sn),
            now=lambda: dt_util.utcnow().timestamp(),
        )

    async def _async_restore(self) -> None:
        """Take up the last sample that storage or a flow knows; damaged storage counts as none."""
        stored = self.account.stored("devices", self.subentry_id)
        if not stored:
            stored = await async_load_cache(device_store(self.hass, self.subentry_id))
        try:
            self._take_up(stored)
        except Exception as err:  # noqa: BLE001  # whatever is wrong with what was stored, it is only a cache
            LOGGER.warning("%s: the stored state cannot be read (%s) and is set aside", self.name, type(err).__name__)
            self._take_up({})
        remembered = self.client.last_sample(self.kind, self.device_sn)
        if remembered is not None and (self.data is None or remembered.received > self.data.received):
            self.data = self.interpreter.read(remembered) or self.data
        self._validity = self._valid_now()

    def _take_up(self, stored: Mapping[str, Any]) -> None:
        """Restore the last sample and the learned state."""
        self._base_info = BaseInfo(stored)
        state = stored.get("interpreter")
        state = dict(state) if isinstance(state, dict) else {}
        if stored.get("zone") not in {None, self.hass.config.time_zone}:
            # What was learned of the device's clock holds for the zone that it was compared with.
            state.pop("clock", None)
        self.interpreter = self._new_interpreter(state)
        self.schedule = self._new_schedule(stored.get("rhythm"))
        self.holes = Holes(stored.get("holes"))
        self.data = self.interpreter.restore()
        if self.data is not None:
            self.data_age = (self.data.received - self.data.sampled_at).total_seconds()
        self.remembered_faults = () if self.data is None else self.data.faults

    def _dump(self) -> dict[str, Any]:
        """Return the last sample and what was learned, so that a restart begins with it."""
        return {
            "interpreter": self.interpreter.dump(),
            "rhythm": self.schedule.rhythm.dump(),
            "holes": self.holes.dump(),
            **self._base_info.dump(),
            "zone": self.hass.config.time_zone,
        }

    @property
    def next_poll_at(self) -> datetime | None:
        """Return when the device is polled next, None while it is."""
        planned = self.schedule.next_poll
        return None if planned is None else dt_util.utc_from_timestamp(planned)

    @property
    def waiting_for(self) -> str:
        """Return why the device waits for its next poll: what holds the account back, else the schedule's reason."""
        if self.config_entry.pref_disable_polling:
            return "polling_disabled"
        return self.client.held_by or self.schedule.reason

    @callback
    def _check(self, _now: datetime) -> None:
        """Look whether values still hold, and whether polling goes on."""
        held = self.schedule.reason is Reason.REFUSED or self.client.permitted_at(self.kind, self.device_sn) > (
            dt_util.utcnow().timestamp()
        )
        if not held:
            self.timer.async_restart_if_overdue(OVERDUE_GAPS * self.schedule.longest_gap)
        if self.data is not None and (validity := self._valid_now()) != self._validity:
            self._validity = validity
            self.async_update_listeners()

    async def async_update_base_info(self) -> None:
        """Ask once a day for model, firmware and nominal power; without an answer all goes on as before."""
        if not self._base_info.due:
            return
        try:
            await self._base_info.async_read(self.client, self.kind, self.device_sn)
        except EnercloError as err:
            LOGGER.debug("%s: no base info: %s", self.name, err)
            return
        self.interpreter = self._new_interpreter(self.interpreter.dump())
        self.async_update_listeners()
        self.account.save_soon()
