"""ATESS storage systems in Home Assistant, through the Enerclo cloud."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_SCAN_INTERVAL, CONF_TOKEN, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.typing import ConfigType

from .account import async_get_accounts
from .const import CONF_BASE_URL, CONF_DAILY_BUDGET, CONF_PATHS, DEFAULT_SCAN_INTERVAL, DOMAIN, SUBENTRY_DEVICE
from .coordinator import AtessCoordinator, device_store
from .devices import async_register_devices
from .enerclo import Kind
from .issues import async_delete_device_issues, new_devices_issue, refused_issue
from .not_ready import not_ready
from .plant import PlantCoordinator
from .runtime import AtessConfigEntry, AtessData
from .services import async_setup_services
from .settings_coordinator import SettingsCoordinator, settings_store
from .trust import async_watch_verdicts
from .watch import DailyWatch, watch_store

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


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, which exist whether or not an account is loaded."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: AtessConfigEntry) -> bool:
    """Set up an account: a coordinator for each device, the plant they make, and their entities.

    Raises ConfigEntryAuthFailed if the cloud refuses the token, ConfigEntryNotReady if it answers for no device.
    """
    accounts = await async_get_accounts(hass)
    client = accounts.client(
        entry.data[CONF_TOKEN],
        entry.data[CONF_BASE_URL],
        minimum_interval=60.0 * entry.options.get(CONF_SCAN_INTERVAL, DEFAULT_SCAN_INTERVAL),
        daily_budget=entry.options.get(CONF_DAILY_BUDGET),
        overrides=entry.options.get(CONF_PATHS, {}),
    )
    client.forgive()
    coordinators = {
        subentry_id: AtessCoordinator(hass, entry, subentry, client)
        for subentry_id, subentry in entry.subentries.items()
        if subentry.subentry_type == SUBENTRY_DEVICE
    }
    for coordinator in coordinators.values():
        await coordinator.async_start()
    _raise_if_unreachable(list(coordinators.values()))

    settings = {
        subentry_id: SettingsCoordinator(hass, entry, coordinator) for subentry_id, coordinator in coordinators.items()
    }
    for device_settings in settings.values():
        await device_settings.async_restore()

    entry.runtime_data = AtessData(
        client=client,
        coordinators=coordinators,
        plant=PlantCoordinator(hass, entry, list(coordinators.values())),
        settings=settings,
    )
    async_register_devices(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    async_watch_verdicts(hass, entry)
    entry.async_on_unload(entry.add_update_listener(_async_reload))
    entry.async_create_background_task(hass, _async_finish(hass, entry), f"{DOMAIN} master data and settings")
    return True


def _raise_if_unreachable(coordinators: list[AtessCoordinator]) -> None:
    """Raise ConfigEntryNotReady with the first device's reason if there are devices and none has a reading."""
    errors = [coordinator.last_exception for coordinator in coordinators if coordinator.data is None]
    if not coordinators or len(errors) < len(coordinators):
        return
    error = errors[0]
    key = getattr(error, "translation_key", None)
    if key in {"no_data", "not_found"}:
        return
    raise not_ready(
        key or "cannot_connect",
        getattr(error, "translation_placeholders", None),
        min(coordinator.schedule.plan_again() for coordinator in coordinators),
    ) from error


async def _async_finish(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Read master data and settings, after the live data have had their turn."""
    await DailyWatch(hass, entry).async_start()
    # What a BMS is set to protects the battery and is only shown, to those who enable it: that can wait for the hour.
    for settings in entry.runtime_data.settings.values():
        await settings.async_start(at_once=settings.kind not in {Kind.BCU, Kind.MBMS})


async def _async_reload(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Start anew with changed devices, options or token; what was learnt is remembered, so it costs no request."""
    hass.config_entries.async_schedule_reload(entry.entry_id)


async def async_unload_entry(hass: HomeAssistant, entry: AtessConfigEntry) -> bool:
    """Unload an account; nothing of it goes on."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await (await async_get_accounts(hass)).async_save()
        for subentry_id in entry.runtime_data.coordinators.keys() - entry.subentries.keys():
            await device_store(hass, subentry_id).async_remove()
            await settings_store(hass, subentry_id).async_remove()
            async_delete_device_issues(hass, subentry_id)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Remove what is stored of the account's devices; its pacing stays, the cloud has not forgotten either."""
    for subentry_id in entry.subentries:
        await device_store(hass, subentry_id).async_remove()
        await settings_store(hass, subentry_id).async_remove()
        async_delete_device_issues(hass, subentry_id)
    await watch_store(hass, entry.entry_id).async_remove()
    ir.async_delete_issue(hass, DOMAIN, new_devices_issue(entry.entry_id))
    ir.async_delete_issue(hass, DOMAIN, refused_issue(entry.entry_id))


async def async_remove_config_entry_device(hass: HomeAssistant, entry: AtessConfigEntry, device: DeviceEntry) -> bool:
    """Let a user delete what is no longer in use; a device of the account goes with its subentry.

    The plant, data loggers that devices report through and devices with fresh data are in use. Of an entry that is not
    loaded nobody knows.
    """
    if entry.state is not ConfigEntryState.LOADED:
        return False
    data = entry.runtime_data
    used = {data.plant.identifier, *(item.data_log_sn for item in data.coordinators.values())}
    used |= {item.device_sn for item in data.coordinators.values() if item.online}
    if any(domain == DOMAIN and identifier in used for domain, identifier in device.identifiers):
        return False
    for subentry in list(entry.subentries.values()):
        if (DOMAIN, subentry.unique_id) in device.identifiers:
            hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    return True
