"""Poll one device, keep its last good reading, and decide when each value is too old to show."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.storage import Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .account import Account
from .catalogue import Definition, definitions, model_in, nominal_power_in
from .const import (
    BASE_INFO_INTERVAL,
    CONF_DATA_LOG_SN,
    CONF_DEVICE_SN,
    CONF_KIND,
    CONF_SYSTEM_NO,
    DOMAIN,
    FRESHNESS_CHECK_INTERVAL,
    LOGGED_CODES,
    LOGGER,
    OVERDUE_GAPS,
    POLL_MAX_WAIT,
)
from .corrections import corrections_of
from .enerclo import (
    AuthenticationError,
    EnercloClient,
    EnercloError,
    Json,
    Kind,
    LimitedError,
    MalformedAnswerError,
    NoDataError,
    NotFoundError,
    PacedError,
    Priority,
)
from .issues.polling import PollIssues
from .issues.unreadable import UnreadableIssue
from .poll_timer import PollTimer
from .polling import Reason, Schedule
from .raw import printable
from .readings import ActiveFault, Interpreter, Reading, Value, Verdict
from .readings.clock import parse_time
from .redaction import HIDDEN, UnknownMembers, is_private
from .storage import async_load_cache

STORAGE_VERSION = 1
# With one of these errors the cloud has answered.
ANSWERED = frozenset({"invalid_auth", "limited", "no_data", "not_found"})
# These say how old the data are, or what the device is, so age does not end them.
ALWAYS_VALID = frozenset({"last_data", "nominal_power", "online"})

_ERROR_KEYS: Mapping[type[EnercloError], str] = {
    AuthenticationError: "invalid_auth",
    LimitedError: "limited",
    MalformedAnswerError: "malformed_answer",
    NoDataError: "no_data",
    NotFoundError: "not_found",
    PacedError: "paced",
}


def age_of(moment: datetime | None) -> timedelta:
    """Return how long ago a moment was; without limit if it is not known, or ahead of a clock that was set back."""
    if moment is None or moment.tzinfo is None:
        return timedelta.max
    age = dt_util.utcnow() - moment
    return timedelta.max if age < timedelta(0) else age


def error_key(error: EnercloError) -> str:
    """Return the translation key of a client error."""
    return _ERROR_KEYS.get(type(error), "cannot_connect")


def device_store(hass: HomeAssistant, subentry_id: str) -> Store[dict[str, Any]]:
    """Return the file of a device, from the time in which each had one of its own."""
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{subentry_id}")


class ValueCoordinator[DataT](DataUpdateCoordinator[DataT]):
    """Map entity keys to values, for one device or for the plant."""

    config_entry: ConfigEntry[Any]
    identifier: str
    subentry_id: str | None
    definitions: Mapping[str, Definition]

    @property
    def values(self) -> Mapping[str, Value]:
        """The values by entity key; None where a value is known to exist, but not to be had now."""
        raise NotImplementedError

    @property
    def reported(self) -> Iterable[str]:
        """The keys for which there is something to show."""
        return [key for key, value in self.values.items() if value is not None]

    def available(self, key: str) -> bool:
        """Return whether the value of a key is still valid."""
        raise NotImplementedError

    def attributes(self, key: str) -> dict[str, Any] | None:
        """Return what explains the value of a key."""
        raise NotImplementedError


class AtessCoordinator(ValueCoordinator[Reading | None]):
    """The readings of one device; data is the last good one, None before there is any."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        subentry: ConfigSubentry,
        account: Account,
        client: EnercloClient,
    ) -> None:
        """Prepare for a device; async_start brings its first reading, async_start_polling the next ones."""
        self.device_sn: str = subentry.data[CONF_DEVICE_SN]
        self.kind = Kind(subentry.data[CONF_KIND])
        # Without an interval Home Assistant sets no timer: the only one is the PollTimer.
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=subentry.title.replace(self.device_sn, self.kind),
            update_interval=None,
        )
        self.account = account
        self.client = client
        self.schedule = self._new_schedule(None)
        self.timer = PollTimer(hass, entry, self.name, poll=self.async_refresh, delay=lambda: self.schedule.delay)
        self.poll_priority = Priority.LIVE
        self.refresh_at: datetime | None = None
        self.polled_at: datetime | None = None
        self.data_age: float | None = None
        self._subentry = subentry
        self._serials = [item.unique_id for item in entry.subentries.values() if item.unique_id]
        self._unknown = UnknownMembers(self._serials)
        self.identifier = self.device_sn
        self.subentry_id: str = subentry.subentry_id
        self.definitions = definitions(self.kind)
        self.base_info: dict[str, Json] = {}
        self._issues = PollIssues(hass, entry, account, self.subentry_id, self.device_sn, self.name)
        self._reported_codes: set[tuple[str, str]] = set()
        self._unreadable = UnreadableIssue(hass, self.subentry_id, self.name)
        # What other devices of the system say of this one, by entity key, and where its state of charge comes from.
        self.shared: Mapping[str, Value] = {}
        self.charge_source: str | None = None
        self.charge_devices: list[str] = []
        self.plant_verdicts: tuple[Verdict, ...] = ()
        # The faults that storage knew at the start.
        self.remembered_faults: tuple[ActiveFault, ...] = ()
        self._validity: tuple[bool, bool] = (False, False)
        self._base_info_at: datetime | None = None
        self._interpreter = self._new_interpreter({})

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
            max_wait = min(POLL_MAX_WAIT, self.schedule.interval / 2)
            sample = await self.client.latest(self.kind, self.device_sn, priority=priority, max_wait=max_wait)
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
        reading = self._interpreter.read(sample)
        self._unreadable.note(reading, shown=self.data is not None)
        if reading is None:
            raise self._error("no_data")
        if reading.fresh:
            self.data_age = (reading.received - reading.sampled_at).total_seconds()
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

    def _shown_code(self, key: str, code: Json) -> Json:
        return HIDDEN if is_private(key, code, self._serials) else code

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
            self.data = self._interpreter.read(remembered) or self.data
        self._validity = self._valid_now()

    def _take_up(self, stored: Mapping[str, Any]) -> None:
        """Restore the last sample and the learned state."""
        info, state = stored.get("base_info"), stored.get("interpreter")
        self.base_info, self._base_info_at = {}, None
        if isinstance(info, dict):
            self.base_info = info
            read_at = dt_util.parse_datetime(str(stored.get("base_info_at")))
            self._base_info_at = read_at if read_at is not None and read_at.tzinfo is not None else None
        state = dict(state) if isinstance(state, dict) else {}
        if stored.get("zone") not in {None, self.hass.config.time_zone}:
            # What was learned of the device's clock holds for the zone that it was compared with.
            state.pop("clock", None)
        self._interpreter = self._new_interpreter(state)
        self.schedule = self._new_schedule(stored.get("rhythm"))
        self.data = self._interpreter.restore()
        if self.data is not None:
            self.data_age = (self.data.received - self.data.sampled_at).total_seconds()
        self.remembered_faults = () if self.data is None else self.data.faults

    def _dump(self) -> dict[str, Any]:
        """Return the last sample and what was learned, so that a restart begins with it."""
        return {
            "interpreter": self._interpreter.dump(),
            "rhythm": self.schedule.rhythm.dump(),
            "base_info": self.base_info,
            "base_info_at": None if self._base_info_at is None else self._base_info_at.isoformat(),
            "zone": self.hass.config.time_zone,
        }

    def _new_interpreter(self, state: Mapping[str, Json]) -> Interpreter:
        return Interpreter(
            self.kind,
            zone=dt_util.get_default_time_zone(),
            model=self.model,
            nominal_power=self.nominal_power,
            state=state,
            corrections=corrections_of(self._subentry.data),
        )

    @property
    def interpreter(self) -> Interpreter:
        """Return the interpreter of the device's samples."""
        return self._interpreter

    @property
    @override
    def values(self) -> Mapping[str, Value]:
        """The device's own values, completed by what others of its system say and by whether it is online."""
        own = {} if self.data is None else self.data.values
        nominal = self.nominal_power
        power = {} if nominal is None else {"nominal_power": nominal}
        return {**own, **power, **self.shared, "online": self.online and own.get("online") is not False}

    @property
    @override
    def reported(self) -> Iterable[str]:
        """The keys with a value, or with a code that the catalogue does not know."""
        return [*super().reported, *(() if self.data is None else self.data.codes)]

    @property
    def unknown(self) -> Mapping[str, str | float | bool]:
        """The members of the last sample that the catalogue does not know; none that names a device."""
        return self._unknown.of(self.data)

    @override
    def available(self, key: str) -> bool:
        """Return whether a value still holds: lifetime totals always, daily ones until midnight, others while fresh."""
        stale, day_over = self._validity
        definition = self.definitions.get(key)
        if self.values.get(key) is None:
            return self.data is not None and key in self.data.codes and not stale
        if key in ALWAYS_VALID or definition is None or definition.lifetime:
            return True
        return not (day_over if definition.daily else stale)

    @override
    def attributes(self, key: str) -> dict[str, Any] | None:
        """Return the cloud's code for an unknown state, the faults that are counted, the source of a shared value."""
        if self.data is None:
            return None
        if key in self.data.codes:
            return {"raw_value": self._shown_code(key, self.data.codes[key])}
        if key == "battery_state_of_charge" and self.charge_source is not None:
            return {"source": self.charge_source, "devices": self.charge_devices}
        if key == "active_faults":
            return _faults_attributes(self.data.faults)
        return None

    @property
    def corrections(self) -> Mapping[str, str]:
        """Return the corrections that the user made."""
        return corrections_of(self._subentry.data)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the verdicts of the self-checks, from the samples of this and other devices."""
        return (*self._interpreter.verdicts(), *self.plant_verdicts)

    @property
    def title(self) -> str:
        """Return the name of the device."""
        return self._subentry.title

    @property
    def data_log_sn(self) -> str | None:
        """The serial number of the data logger that the device reports through, if it is known."""
        return _text(self._subentry.data.get(CONF_DATA_LOG_SN)) or _text(self.base_info.get("dataLogSn"))

    @property
    def system_no(self) -> int | None:
        """The number that devices of one system share, if it is known."""
        numbers = (self._subentry.data.get(CONF_SYSTEM_NO), self.base_info.get("systemNo"))
        return next((number for number in numbers if isinstance(number, int)), None)

    @property
    def reachable(self) -> bool:
        """Return whether the cloud answered the last request about the device, be it with data or not."""
        return self.last_update_success or getattr(self.last_exception, "translation_key", None) in ANSWERED

    @property
    def day_over(self) -> bool:
        """Return whether energies of today no longer hold."""
        return self._validity[1]

    @property
    def online(self) -> bool:
        """Return whether the last sample is fresh."""
        return self.data is not None and not self._validity[0]

    def _valid_now(self) -> tuple[bool, bool]:
        """Return whether live values no longer hold, and whether energies of today no longer do."""
        now = dt_util.utcnow()
        return self._interpreter.stale(now), self._interpreter.day_over(now)

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
        if age_of(self._base_info_at) < BASE_INFO_INTERVAL:
            return
        self._base_info_at = dt_util.utcnow()
        listed = self.client.last_listed(self.kind, self.device_sn)
        try:
            # The list of a data logger tells the same, where it tells the model; a BMS has none to tell.
            if listed and not self.base_info and (model_in(listed) or self.kind in {Kind.BCU, Kind.MBMS}):
                self.base_info = listed
            else:
                self.base_info = await self.client.base_info(
                    self.kind, self.device_sn, priority=Priority.SETTINGS, max_wait=POLL_MAX_WAIT
                )
        except EnercloError as err:
            LOGGER.debug("%s: no base info: %s", self.name, err)
            return
        self._interpreter = self._new_interpreter(self._interpreter.dump())
        self.async_update_listeners()
        self.account.save_soon()

    @property
    def model(self) -> str | None:
        """Return the model's name as the cloud gives it."""
        return model_in(self.base_info)

    @property
    def nominal_power(self) -> float | None:
        """Return the nominal power in kW, if base info tells it."""
        return nominal_power_in(self.base_info)

    @property
    def firmware(self) -> str | None:
        """Return the firmware's version as the cloud gives it."""
        return _text(self.base_info.get("firmwareVersion")) or _text(self.base_info.get("fwVersion"))


def _text(value: Json) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _faults_attributes(faults: Sequence[ActiveFault]) -> dict[str, Any]:
    """Return the attributes of the number of active faults: their keys, and the cloud's codes in the same order."""
    return {"faults": [fault.key for fault in faults], "codes": [fault.code for fault in faults]}
