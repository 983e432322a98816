"""One settings coordinator per device: reads the settings hourly and keeps the last answer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.json import json_dumps
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.json import json_loads_object

from ..catalogue.settings import SettingType
from ..const import CONF_ALLOW_CHANGES, CONF_SETTINGS, DOMAIN, LOGGER, POLL_MAX_WAIT
from ..coordinator import AtessCoordinator
from ..device.base_info import age_of
from ..device.values import ValueCoordinator
from ..enerclo import EnercloError, Json, NoDataError, NotFoundError, Operation, PacedError, Priority, Terms
from ..readings import Value
from ..redaction import UnknownMembers, redacted
from ..settings import DeviceSettings, Match
from ..settings.periods import Period
from ..storage import async_load_cache
from .hardware import Hardware
from .writer import SettingsWriter

STORAGE_VERSION = 1
INTERVAL = timedelta(hours=1)
# A device without settings is asked again after a day, as are paths that were not found.
ABSENT_INTERVAL = timedelta(days=1)
# Settings that were never read are tried once more before the hour is over.
FIRST_RETRY = timedelta(minutes=10)
# Settings that could not be read are read again when live data return, but not sooner than this.
LEAST_PAUSE = timedelta(minutes=30)
# Settings that were read so lately say whether a change is needed; of older ones somebody else may have changed some.
CURRENT = timedelta(minutes=5)
# Settings that could not be read for so long are no longer shown.
VALID_FOR = timedelta(hours=3)


def settings_store(hass: HomeAssistant, subentry_id: str) -> Store[dict[str, Any]]:
    """Return the storage of a device's settings: the last answer, the change under way, the changes made."""
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{subentry_id}.settings")


class Kept(Protocol):
    """What is stored together with the settings, so that it is there before a change is sent."""

    def dump(self) -> Json:
        """Return what has to survive a restart."""

    def restore(self, stored: object) -> None:
        """Take up what was stored; None if nothing was, or nothing that can be read."""


class SettingsCoordinator(ValueCoordinator[DeviceSettings | None], Hardware):
    """The settings of one device; data is None until they have been read once."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], device: AtessCoordinator) -> None:
        """Prepare for a device; async_restore brings what storage knows, async_start the first answer."""
        super().__init__(hass, LOGGER, config_entry=entry, name=f"{device.name} settings", update_interval=INTERVAL)
        self.device = device
        self.client = device.client
        self.kind = device.kind
        self.identifier = device.device_sn
        self.subentry_id = device.subentry_id
        self.definitions = {}
        self.data = None
        self.read_at: datetime | None = None
        self._started = False
        self._failed = False
        self._cloud_was_away = False
        self._tried_at: datetime | None = None
        self._controls: dict[str, bool] = {}
        self._unknown = UnknownMembers(item.unique_id for item in entry.subentries.values() if item.unique_id)
        self._store = settings_store(hass, device.subentry_id or "")
        self.writer = SettingsWriter(self)
        self._saved = ""
        self.kept: dict[str, Kept] = {}
        """What others store here, by name; before async_restore."""

    @property
    @override
    def changes_allowed(self) -> bool:
        """Whether the user has allowed that settings are changed."""
        return bool(self.config_entry.options.get(CONF_ALLOW_CHANGES, False))

    @property
    def _confirmed(self) -> Mapping[str, str | None]:
        """The user's word about keys, from the device's step "Match settings"."""
        subentry = self.config_entry.subentries.get(self.subentry_id or "")
        stored = None if subentry is None else subentry.data.get(CONF_SETTINGS)
        return dict(stored) if isinstance(stored, Mapping) else {}

    async def async_restore(self) -> None:
        """Take up the last answer and what was under way from storage; damaged storage counts as none."""
        stored = await async_load_cache(self._store)
        try:
            self._take_up(stored)
        except Exception as err:  # noqa: BLE001  # nothing that is stored may keep the entry from starting
            LOGGER.warning("%s: the stored state cannot be read (%s) and is set aside", self.name, type(err).__name__)
            self._take_up({})
        self._saved = self._durable()
        self.config_entry.async_on_unload(
            self.device.account.keep("settings", self.device.subentry_id, lambda: {"read_at": self._read_at_text})
        )

    def _take_up(self, stored: Mapping[str, Any]) -> None:
        """Take up the last answer, and what was under way."""
        self.read_at, self.data = None, None
        members = stored.get("members")
        # The file is written when something has changed, the account's state also after reads that changed nothing.
        later = self.device.account.stored("settings", self.device.subentry_id)
        moments = [dt_util.parse_datetime(str(state.get("read_at"))) for state in (stored, later)]
        aware = [moment for moment in moments if moment is not None and moment.tzinfo is not None]
        if isinstance(members, dict) and aware:
            self.data = self._model(members)
            self.read_at = max(aware)
            self.update_interval = max(INTERVAL - min(self.age, INTERVAL), timedelta(seconds=1))
        self.writer.restore(stored)
        for name, item in self.kept.items():
            item.restore(stored.get(name))

    async def async_start(self, *, at_once: bool = True) -> None:
        """Read the settings if they were not read within the hour, and settle what a restart has interrupted.

        Unless at once, settings that were never read are read when the hour is over.
        """
        self._started = True
        self.config_entry.async_on_unload(self.device.async_add_listener(self._read_again))
        self.config_entry.async_on_unload(self.hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._stop))
        if self.read_at is None and not at_once:
            self.update_interval = INTERVAL
            self.async_update_listeners()
        elif self.read_at is None or self.age >= INTERVAL:
            await self.async_refresh()
        elif self.data is not None:
            # What base info tells of the device's power may be new.
            self.async_set_updated_data(self._model(self.data.members))
            self.update_interval = INTERVAL
        self.writer.resume()

    @callback
    def _stop(self, _event: Event) -> None:
        self.writer.stop()

    @property
    def age(self) -> timedelta:
        """Return the age of the last response, infinity if it is unknown."""
        return age_of(self.read_at)

    def _model(self, members: Mapping[str, Json]) -> DeviceSettings:
        return DeviceSettings(self.kind, members, self._confirmed, self.device.nominal_power)

    @override
    async def _async_update_data(self) -> DeviceSettings | None:
        """Ask for the settings; whatever goes wrong, the last answer stays until it is too old."""
        self.update_interval = INTERVAL
        self._tried_at = dt_util.utcnow()
        try:
            await self._async_ask(Terms(priority=Priority.SETTINGS, max_wait=POLL_MAX_WAIT))
        except PacedError as err:
            self.update_interval = timedelta(seconds=max(err.retry_after, 1.0))
        except (NotFoundError, NoDataError) as err:
            LOGGER.debug("%s: %s", self.name, err)
            self._failed = False
            if self.data is None:
                self.update_interval = ABSENT_INTERVAL
        except EnercloError as err:
            LOGGER.debug("%s could not be read: %s", self.name, err)
            if self.data is None and not self._failed:
                self.update_interval = FIRST_RETRY
            self._failed, self._cloud_was_away = True, not self.device.last_update_success
        return self.data

    @callback
    def _read_again(self) -> None:
        """Read what could not be read, once live data that failed too come again; else the hour goes on."""
        if self._failed and not self.device.last_update_success:
            self._cloud_was_away = True
        elif self._failed and self._cloud_was_away and age_of(self._tried_at) >= LEAST_PAUSE:
            self._cloud_was_away = False
            self.config_entry.async_create_background_task(self.hass, self.async_refresh(), f"{self.name} again")

    @override
    async def async_read(self) -> Mapping[str, Json]:
        """Read the settings for a person who waits, as soon as the cloud may be asked; raises EnercloError."""
        await self._async_ask(Terms(priority=Priority.PERSON, max_wait=float("inf")))
        self.async_update_listeners()
        return {} if self.data is None else self.data.members

    async def _async_ask(self, terms: Terms) -> None:
        members = await self.client.settings(self.kind, self.identifier, terms=terms)
        previous = None if self.data is None else self.data.members
        self.data = self._model(members)
        self.read_at = dt_util.utcnow()
        self._failed = False
        self.writer.settings_read(previous)
        await self.async_save()

    @override
    async def async_save(self) -> None:
        """Store the change under way and the changes made at once, and the last answer if it is another one."""
        if (durable := self._durable()) != self._saved:
            self._saved = durable
            await self._store.async_save({**json_loads_object(durable), "read_at": self._read_at_text})
        else:
            self.device.account.save_soon()

    def _durable(self) -> str:
        """Return what must not be lost, as JSON."""
        members = None if self.data is None else self.data.members
        return json_dumps(
            {"members": members, **self.writer.dump(), **{name: item.dump() for name, item in self.kept.items()}}
        )

    @property
    def _read_at_text(self) -> str | None:
        return None if self.read_at is None else self.read_at.isoformat()

    @callback
    @override
    def async_save_soon(self) -> None:
        """Store everything without waiting for it."""

        async def save() -> None:
            try:
                await self.async_save()
            except Exception as err:  # noqa: BLE001  # report the change although it is not stored
                LOGGER.error("%s could not be stored: %s", self.name, type(err).__name__)

        self.config_entry.async_create_task(self.hass, save())

    @property
    @override
    def values(self) -> Mapping[str, Value]:
        """The values by key, periods as text."""
        if self.data is None:
            return {}
        values = {key: self.data.value(key) for key in self.data.matches}
        return {key: value.text if isinstance(value, Period) else value for key, value in values.items()}

    @override
    def available(self, key: str) -> bool:
        """Return whether a setting was read, and not too long ago."""
        return self.data is not None and self.age < VALID_FOR and self.data.value(key) is not None

    @override
    def attributes(self, key: str) -> dict[str, Any] | None:
        """Return the cloud's key of a setting."""
        return None if self.data is None or (found := self.data.find(key)) is None else {"cloud_key": found.cloud_key}

    @property
    @override
    def is_current(self) -> bool:
        """Whether the settings were read a moment ago, or so lately that the cloud may not be asked for newer ones."""
        interval = timedelta(seconds=self.client.interval(self.kind, self.identifier, Operation.SETTINGS))
        return self.age < max(CURRENT, interval)

    @property
    @override
    def settings_members(self) -> Mapping[str, Json]:
        """The members of the last answer, none before there is one."""
        return {} if self.data is None else self.data.members

    @property
    def matches(self) -> list[Match]:
        """The settings that may be shown."""
        return [] if self.data is None else [item for item in self.data.matches.values() if not item.setting.hidden]

    @property
    def unknown(self) -> Mapping[str, str | float | bool]:
        """The members that no setting fits; none that names a device."""
        return self._unknown.of(self.data)

    def is_control(self, found: Match) -> bool:
        """Return whether a setting is shown as a control; that stays so until the entry is set up anew."""
        key = found.setting.key
        if key not in self._controls:
            self._controls[key] = self.changes_allowed and self.data is not None and self.data.writable(key)
        return self._controls[key]

    @property
    def ends_at_24(self) -> bool:
        """Whether the device writes the end of a day as 24:00."""
        periods = [] if self.data is None else [self.data.value(key) for key in self.data.matches]
        return any(isinstance(period, Period) and period.end == 1440 for period in periods)

    def windows(self, members: Mapping[str, Json] | None = None) -> dict[str, Period]:
        """Return the tariff periods that can be read, by key."""
        if self.data is None:
            return {}
        found = {
            key: self.data.value(key, members)
            for key, item in self.data.matches.items()
            if item.setting.type is SettingType.WINDOW
        }
        return {key: period for key, period in found.items() if isinstance(period, Period)}

    def diagnostics(self) -> dict[str, Any]:
        """Return what was read, what it is taken for, and what was changed."""
        return {
            "read_at": self.read_at,
            "members": None if self.data is None else redacted(self.data.members, self.data.is_known),
            "matches": {
                item.setting.key: {"cloud_key": item.cloud_key, "known": item.known.value} for item in self.matches
            },
            "changes_allowed": self.changes_allowed,
            **self.writer.diagnostics(),
        }
