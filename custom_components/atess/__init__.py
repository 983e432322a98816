"""ATESS storage systems in Home Assistant, through the Enerclo cloud."""

import inspect
from collections.abc import Mapping

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_SCAN_INTERVAL, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.typing import ConfigType

from .account import Account, access_of, async_get_accounts
from .battery.watch import SECTION as BATTERIES
from .battery.watch import BatteryWatch
from .battery_control.controller import BatteryControl
from .battery_control.recipes import KINDS
from .battery_control.removal import async_tell_left
from .const import CONF_DAILY_BUDGET, CONF_PATHS, DEFAULT_SCAN_INTERVAL, DOMAIN, SUBENTRY_DEVICE
from .control.coordinator import SettingsCoordinator, settings_store
from .coordinator import AtessCoordinator, device_store
from .device.inputs import SECTION as INPUTS
from .device.inputs import async_watch_inputs
from .devices import async_register_devices
from .enerclo import EnercloClient, Kind
from .energy_dashboard.offer import async_fulfil_requests
from .energy_dashboard.preferences import async_get_preferences
from .energy_dashboard.watch import DOUBLE_COUNTING_ISSUE, RENAMED_ISSUE, async_watch_energy
from .frontend import async_load_frontend, async_serve_frontend, async_unload_frontend
from .history.healer import healed_store
from .history.importer import HistoryImport, import_store
from .history.undo import undo_store
from .issues import async_delete_device_issues, new_devices_issue, refused_issue
from .plant import PlantCoordinator
from .repairs.device_lists import DailyWatch, watch_store
from .repairs.verdicts import async_watch_verdicts
from .runtime import AtessConfigEntry, AtessData
from .services import async_setup_services

PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
]
CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

# Home Assistant 2026.11 and later take the time to wait; before, it has its own.
_TAKES_RETRY_AFTER = "retry_after" in inspect.signature(ConfigEntryNotReady).parameters


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and the dashboard's modules, which exist whether or not an account is loaded."""
    async_setup_services(hass)
    await async_serve_frontend(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AtessConfigEntry) -> bool:
    """Set up an account: a coordinator for each device, the plant they make, and their entities.

    Raises ConfigEntryNotReady if the cloud answers for no device.
    """
    await async_load_frontend(hass)
    access = access_of(entry.data)
    account = (await async_get_accounts(hass)).account_of(entry)
    client = account.client(
        *access,
        minimum_interval=60.0 * entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL),
        daily_budget=entry.options.get(CONF_DAILY_BUDGET),
        overrides=entry.options.get(CONF_PATHS, {}),
    )
    _async_watch_access(hass, entry, client)
    coordinators = {
        subentry_id: AtessCoordinator(hass, entry, subentry, account, client)
        for subentry_id, subentry in entry.subentries.items()
        if subentry.subentry_type == SUBENTRY_DEVICE
    }
    for coordinator in coordinators.values():
        await coordinator.async_start()
    _raise_if_unreachable(list(coordinators.values()))

    settings = {
        subentry_id: SettingsCoordinator(hass, entry, coordinator) for subentry_id, coordinator in coordinators.items()
    }
    controls = {subentry_id: BatteryControl(item) for subentry_id, item in settings.items() if item.kind in KINDS}
    for device_settings in settings.values():
        await device_settings.async_restore()

    plant = PlantCoordinator(hass, entry, account, list(coordinators.values()))
    batteries = {key: BatteryWatch(coordinator, settings[key]) for key, coordinator in coordinators.items()}
    entry.runtime_data = AtessData(
        account=account,
        client=client,
        coordinators=coordinators,
        plant=plant,
        settings=settings,
        batteries=batteries,
        battery_controls=controls,
        history=HistoryImport(
            hass, entry, account, coordinators, lambda key, past: batteries[key].async_learn_past(past)
        ),
    )
    async_register_devices(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_watch_verdicts(hass, entry)
    for coordinator in coordinators.values():
        async_watch_inputs(coordinator)
    for coordinator in coordinators.values():
        coordinator.async_start_polling()
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    entry.async_create_background_task(hass, _async_finish(hass, entry), f"{DOMAIN} master data and settings")
    # Not started eagerly: the entry is loaded by then, so that its devices count.
    entry.async_create_background_task(
        hass, _async_look_at_energy(hass, entry), f"{DOMAIN} Energy dashboard", eager_start=False
    )
    return True


def _raise_if_unreachable(coordinators: list[AtessCoordinator]) -> None:
    """Raise ConfigEntryNotReady with the first device's reason if there are devices and none has a reading.

    Devices that may not be asked yet, or have nothing to say, keep no entry from starting: their values come later.
    """
    errors = [coordinator.last_exception for coordinator in coordinators if coordinator.data is None]
    if not coordinators or len(errors) < len(coordinators):
        return
    error = errors[0]
    key = getattr(error, "translation_key", None)
    if key in {"no_data", "not_found", "paced"}:
        return
    raise _not_ready(
        key or "cannot_connect",
        getattr(error, "translation_placeholders", None),
        min(coordinator.schedule.delay for coordinator in coordinators),
    ) from error


async def _async_finish(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Read base information and settings after the live data."""
    await entry.runtime_data.history.async_start()
    await DailyWatch(hass, entry).async_start()
    # What a BMS is set to protects the battery and is only shown, to those who enable it: that can wait for the hour.
    for subentry_id, settings in entry.runtime_data.settings.items():
        await settings.async_start(at_once=settings.kind not in {Kind.BCU, Kind.MBMS})
        if (control := entry.runtime_data.battery_controls.get(subentry_id)) is not None:
            control.async_start()


async def _async_look_at_energy(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Look at what the Energy dashboard holds of the account, and add what was asked for in a flow."""
    await async_watch_energy(hass)
    await async_fulfil_requests(hass, entry)


async def _async_reload(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Reload after a change of devices, options, or token. Learned state is kept, so this causes no request."""
    hass.config_entries.async_schedule_reload(entry.entry_id)


async def async_unload_entry(hass: HomeAssistant, entry: AtessConfigEntry) -> bool:
    """Unload an account and stop all of its tasks."""
    for settings in entry.runtime_data.settings.values():
        # As long as there are entities to tell of what is given up, and before the issues of a removed device go.
        settings.writer.stop()
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        data = entry.runtime_data
        # Whoever loads the entry again wants to know at once whether the cloud accepts the token now.
        data.client.forgive()
        for subentry_id, coordinator in data.coordinators.items():
            if subentry_id not in entry.subentries:
                await _async_forget_device(hass, entry, data.account, subentry_id)
                data.account.forget_device(coordinator.kind, coordinator.device_sn)
        await data.account.async_save_clean()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Remove what is stored of an account; its pacing goes when the cloud's limit does not need it any more."""
    accounts = await async_get_accounts(hass)
    account = accounts.account_of(entry)
    for subentry_id in entry.subentries:
        await _async_forget_device(hass, entry, account, subentry_id)
    account.forget("watch", entry.entry_id)
    account.forget("plant", entry.entry_id)
    await watch_store(hass, entry.entry_id).async_remove()
    await import_store(hass, entry.entry_id).async_remove()
    ir.async_delete_issue(hass, DOMAIN, new_devices_issue(entry.entry_id))
    ir.async_delete_issue(hass, DOMAIN, refused_issue(entry.entry_id))
    accounts.async_forget_unused()
    if not hass.config_entries.async_entries(DOMAIN):
        await (await async_get_preferences(hass)).async_forget()
        for issue in (RENAMED_ISSUE, DOUBLE_COUNTING_ISSUE):
            ir.async_delete_issue(hass, DOMAIN, issue)
        await async_unload_frontend(hass)


async def _async_forget_device(
    hass: HomeAssistant, entry: AtessConfigEntry, account: Account, subentry_id: str
) -> None:
    """Remove what is stored of a device, and its repair issues."""
    await async_tell_left(hass, entry, subentry_id)
    account.forget("devices", subentry_id)
    account.forget("settings", subentry_id)
    account.forget(BATTERIES, subentry_id)
    account.forget(INPUTS, subentry_id)
    await device_store(hass, subentry_id).async_remove()
    await settings_store(hass, subentry_id).async_remove()
    await undo_store(hass, subentry_id).async_remove()
    await healed_store(hass, subentry_id).async_remove()
    async_delete_device_issues(hass, subentry_id)


async def async_remove_config_entry_device(hass: HomeAssistant, entry: AtessConfigEntry, device: DeviceEntry) -> bool:
    """Let a user delete what is no longer in use; a device of the account goes with its subentry.

    The plant and devices with fresh data are in use. Of an entry that is not loaded nobody knows.
    """
    if entry.state is not ConfigEntryState.LOADED:
        return False
    data = entry.runtime_data
    used = {data.plant.identifier, *(item.device_sn for item in data.coordinators.values() if item.online)}
    if any(domain == DOMAIN and identifier in used for domain, identifier in device.identifiers):
        return False
    for subentry in list(entry.subentries.values()):
        if (DOMAIN, subentry.unique_id) in device.identifiers:
            hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    return True


def _not_ready(key: str, placeholders: Mapping[str, str] | None, retry_after: float) -> ConfigEntryNotReady:
    """Return why the entry is not ready, with the seconds after which it may be where Home Assistant takes them."""
    extra = {"retry_after": retry_after} if _TAKES_RETRY_AFTER else {}
    return ConfigEntryNotReady(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=dict(placeholders) if placeholders else None,
        **extra,
    )


@callback
def _async_watch_access(hass: HomeAssistant, entry: AtessConfigEntry, client: EnercloClient) -> None:
    """Ask for a new token while the cloud refuses the account's, from now until the entry is unloaded.

    As soon as the cloud accepts it again, the question goes away and all devices are polled again.
    """

    @callback
    def follow() -> None:
        if client.denied:
            entry.async_start_reauth(hass)
            return
        for flow in list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
            hass.config_entries.flow.async_abort(flow["flow_id"])
        data = getattr(entry, "runtime_data", None)
        for coordinator in () if data is None else data.coordinators.values():
            coordinator.async_poll_soon()

    entry.async_on_unload(client.add_access_listener(follow))
