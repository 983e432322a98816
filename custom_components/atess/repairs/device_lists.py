"""The daily look at master data: models and firmware, and devices that data loggers newly name or no longer name."""

from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER, WATCH_CHECK_INTERVAL, WATCH_INTERVAL
from ..device.base_info import age_of
from ..devices import async_register_devices
from ..enerclo import EnercloError, Kind, Priority
from ..enerclo.discovery import FoundDevice, async_read_lists
from ..flows.forms import configured_serials, device_data
from ..issues import new_devices_issue, vanished_issue
from ..runtime import AtessConfigEntry
from ..storage import async_load_cache

STORAGE_VERSION = 1


def watch_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the file of when the data loggers of an entry were read, from the time in which that had its own."""
    return Store(hass, STORAGE_VERSION, f"{DOMAIN}.{entry_id}")


class DailyWatch:
    """Reads the base info of an entry's devices and the lists of its data loggers once a day, counted over restarts."""

    def __init__(self, hass: HomeAssistant, entry: AtessConfigEntry) -> None:
        """Watch the devices of an entry and the data loggers that they report through."""
        self._hass = hass
        self._entry = entry
        self._account = entry.runtime_data.account
        self._read_at: dict[str, datetime] = {}
        self._listed: dict[str, list[FoundDevice]] = {}
        self._reading = False

    async def async_start(self) -> None:
        """Restore the stored state, and check regularly whether a day is over."""
        name = self._entry.entry_id
        stored = self._account.stored("watch", name) or await async_load_cache(watch_store(self._hass, name))
        now = dt_util.utcnow()
        for data_log_sn, moment in stored.items():
            if (read_at := dt_util.parse_datetime(str(moment))) is not None and read_at.tzinfo is not None:
                self._read_at[data_log_sn.casefold()] = min(read_at, now)
        self._entry.async_on_unload(self._account.keep("watch", name, self._dump))
        self._entry.async_on_unload(
            async_track_time_interval(self._hass, self._check, WATCH_CHECK_INTERVAL, cancel_on_shutdown=True)
        )
        await self._async_check()

    @callback
    def _check(self, _now: datetime) -> None:
        """Look as long as the entry is loaded."""
        self._entry.async_create_background_task(self._hass, self._async_check(), f"{DOMAIN} daily look")

    async def _async_check(self) -> None:
        """Read the lists that are older than a day. For a new data logger, the flow has just read them."""
        if self._reading:
            return
        self._reading = True
        try:
            coordinators = self._entry.runtime_data.coordinators.values()
            for coordinator in coordinators:
                before = coordinator.data_log_sn
                await coordinator.async_update_base_info()
                if coordinator.data_log_sn != before:
                    ir.async_delete_issue(self._hass, DOMAIN, vanished_issue(coordinator.subentry_id))
            async_register_devices(self._hass, self._entry)
            for key, data_log_sn in {sn.casefold(): sn for each in coordinators if (sn := each.data_log_sn)}.items():
                if age_of(self._read_at.setdefault(key, dt_util.utcnow())) >= WATCH_INTERVAL:
                    self._read_at[key] = dt_util.utcnow()
                    await self._async_read(data_log_sn)
        finally:
            self._reading = False
            self._account.save_soon()

    def _dump(self) -> dict[str, str]:
        """Return when each data logger was read last."""
        return {key: moment.isoformat() for key, moment in self._read_at.items()}

    async def _async_read(self, data_log_sn: str) -> None:
        try:
            devices, answered = await async_read_lists(self._entry.runtime_data.client, data_log_sn, Priority.HISTORY)
        except EnercloError as err:
            LOGGER.debug("The lists of a data logger could not be read: %s", err)
            return
        key = data_log_sn.casefold()
        unread = [device for device in self._listed.get(key, ()) if device.kind not in answered]
        self._listed[key] = [*devices, *unread]
        self._offer()
        self._report_vanished(key, devices, answered)

    @callback
    def _offer(self) -> None:
        """Raise a repair issue that adds the devices that are not set up yet, or take it back if there are none."""
        known = configured_serials(self._hass)
        listed = {device.device_sn: device for devices in self._listed.values() for device in devices}
        new = [device for device in listed.values() if device.device_sn.casefold() not in known]
        issue_id = new_devices_issue(self._entry.entry_id)
        if not new:
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
            return
        data: dict[str, Any] = {
            "entry_id": self._entry.entry_id,
            "devices": [{**device_data(device), "online": device.online} for device in new],
        }
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            data=data,
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key="new_devices",
            translation_placeholders={"count": str(len(new))},
        )

    @callback
    def _report_vanished(self, data_log_key: str, devices: list[FoundDevice], answered: set[Kind]) -> None:
        """Raise a repair issue for each device missing from its list, and delete it if the device is listed again."""
        listed = {device.device_sn.casefold() for device in devices}
        for subentry_id, coordinator in self._entry.runtime_data.coordinators.items():
            if coordinator.data_log_key != data_log_key or coordinator.kind not in answered:
                continue
            issue_id = vanished_issue(subentry_id)
            if coordinator.device_sn.casefold() in listed:
                ir.async_delete_issue(self._hass, DOMAIN, issue_id)
                continue
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                issue_id,
                is_fixable=False,
                severity=ir.IssueSeverity.WARNING,
                translation_key="vanished",
                translation_placeholders={"device": coordinator.name},
            )
