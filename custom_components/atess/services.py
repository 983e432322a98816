"""Actions: read and change settings of devices, move tariff windows, choose the operating mode, take a change back."""

from collections.abc import Callable, Mapping
from datetime import time
from typing import Any

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv

from .access import DEVICES, POLICY_CONTROL, POLICY_READ, async_require_admin, async_targets, validation_error
from .battery_control.actions import async_setup_battery_control
from .catalogue.enumerations import MODE_SETTING
from .catalogue.settings import TARIFFS
from .const import DOMAIN
from .control.answer import CHANGE_FIELDS, async_results, by_name, plain, plans_of, response_of
from .control.coordinator import SettingsCoordinator
from .control.texts import refusal, setting_name
from .enerclo import Json
from .energy_dashboard.configure import async_setup_energy_dashboard
from .history.actions import async_setup_history
from .refresh import async_setup_refresh
from .settings import Known, SettingError, same
from .settings.tariff_windows import TariffWindow, lay_windows


def _window_time(value: object) -> int:
    """Return the minutes of a time of day; 24:00 is one too."""
    if isinstance(value, str) and value.strip() in {"24:00", "24:00:00"}:
        return 1440
    parsed: time = cv.time(value)
    return parsed.hour * 60 + parsed.minute


_WINDOW = vol.Schema(
    {
        vol.Required("kind"): vol.In(TARIFFS),
        vol.Required("start"): _window_time,
        vol.Required("end"): _window_time,
    }
)


def _settings(value: object) -> dict[str, object]:
    """Return settings by name, given as a mapping or, as the frontend's form does, as rows of setting and value."""
    if isinstance(value, list):
        rows = [_ROW(row) for row in value]
        names = [row["setting"] for row in rows]
        if len(set(names)) < len(names):
            raise vol.Invalid("a setting is named twice")
        return {row["setting"]: row["value"] for row in rows}
    named: dict[str, object] = vol.Schema({cv.string: object})(value)
    return named


_ROW = vol.Schema({vol.Required("setting"): cv.string, vol.Required("value"): object})
GET_SCHEMA = vol.Schema(DEVICES)
SET_SCHEMA = vol.Schema(
    {
        **CHANGE_FIELDS,
        vol.Required("settings"): vol.All(_settings, vol.Length(min=1)),
        vol.Optional("allow_unknown", default=False): cv.boolean,
    }
)
WINDOWS_SCHEMA = vol.Schema(
    {
        **CHANGE_FIELDS,
        vol.Optional("windows", default=[]): vol.All(cv.ensure_list, [_WINDOW]),
        vol.Optional("clear", default=[]): vol.All(cv.ensure_list, [vol.In(TARIFFS)]),
    }
)
MODE_SCHEMA = vol.Schema(
    {
        **CHANGE_FIELDS,
        vol.Required("mode"): vol.In(MODE_SETTING.options),
        vol.Optional("power"): vol.All(vol.Coerce(float), vol.Range(min=0)),
        vol.Optional("soc"): vol.All(vol.Coerce(float), vol.Range(min=0, max=100)),
    }
)
REVERT_SCHEMA = vol.Schema(CHANGE_FIELDS)

_GRID_CHARGING = ("grid_charging_power",)
# What power and state of charge mean in a mode: the first of these settings that the device has.
MODE_POWER: Mapping[str, tuple[str, ...]] = {
    "backup_power": _GRID_CHARGING,
    "battery_first": _GRID_CHARGING,
    "battery_protection": _GRID_CHARGING,
    "constant_power_discharge": ("output_power_setting",),
    "economy": _GRID_CHARGING,
    "forced_charging": _GRID_CHARGING,
    "grid_access_control": ("grid_power_upper_limit",),
    "manual_dispatch": ("output_power_setting",),
    "peak_shaving": ("grid_power_upper_limit",),
    "time_schedule": _GRID_CHARGING,
}
_CHARGING_MODES = frozenset({"backup_power", "battery_first", "battery_protection", "forced_charging"})
_CHARGE_ENDS = ("grid_charge_cut_off_soc", "charge_cut_off_soc", "bms_soc_upper_limit")
_FORCED_CHARGE_ENDS = ("charge_cut_off_soc", "bms_soc_upper_limit")
_DISCHARGE_ENDS = ("discharge_cut_off_soc", "bms_soc_lower_limit")


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions; they are there whether or not an entry is loaded."""
    async_setup_refresh(hass)
    async_setup_energy_dashboard(hass)
    async_setup_history(hass)
    async_setup_battery_control(hass)

    async def get_settings(call: ServiceCall) -> ServiceResponse:
        targets = await _async_targets(hass, call, POLICY_READ)
        return {"devices": {device: _read_out(hass, item) for device, item in targets.items()}}

    async def set_settings(call: ServiceCall) -> ServiceResponse:
        asked, unknown = call.data["settings"], call.data["allow_unknown"]
        if unknown:
            await async_require_admin(hass, call)
        return await _change(hass, call, lambda item: item.writer.resolve(asked, allow_unknown=unknown))

    async def set_tariff_windows(call: ServiceCall) -> ServiceResponse:
        if not call.data["windows"] and not call.data["clear"]:
            raise validation_error("no_windows")
        return await _change(hass, call, lambda item: _windows(hass, item, call.data))

    async def set_operating_mode(call: ServiceCall) -> ServiceResponse:
        return await _change(hass, call, lambda item: item.writer.resolve(_mode(hass, item, call.data)))

    async def revert_settings(call: ServiceCall) -> ServiceResponse:
        targets = await _async_targets(hass, call, POLICY_CONTROL)
        if any(_is_unknown(item) for item in targets.values()):
            await async_require_admin(hass, call)
        return await _change(hass, call, _revert, reverts=True)

    hass.services.async_register(
        DOMAIN, "get_settings", get_settings, schema=GET_SCHEMA, supports_response=SupportsResponse.ONLY
    )
    for name, handler, schema in (
        ("set_settings", set_settings, SET_SCHEMA),
        ("set_tariff_windows", set_tariff_windows, WINDOWS_SCHEMA),
        ("set_operating_mode", set_operating_mode, MODE_SCHEMA),
        ("revert_settings", revert_settings, REVERT_SCHEMA),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema=schema, supports_response=SupportsResponse.OPTIONAL)


async def _async_targets(hass: HomeAssistant, call: ServiceCall, permission: str) -> Mapping[str, SettingsCoordinator]:
    return await async_targets(hass, call, permission, lambda data: data.settings.values())


def _read_out(hass: HomeAssistant, item: SettingsCoordinator) -> dict[str, Any]:
    """Return the settings of a device with all that is known of them."""
    data = item.data
    if data is None or item.read_at is None:
        raise validation_error("no_settings", device=item.device.name)
    settings: dict[str, Any] = {}
    for found in item.matches:
        setting = found.setting
        limits = data.limits(setting.key)
        settings[setting.key] = {
            "name": setting_name(hass, setting),
            "value": plain(data.value(setting.key)),
            "unit": setting.unit,
            "min": limits.low if setting.unit or not setting.options else None,
            "max": limits.high if setting.unit or not setting.options else None,
            "step": limits.step if not setting.options else None,
            "options": list(setting.options) or None,
            "type": setting.type.value,
            "danger": setting.danger.value,
            "cloud_key": found.cloud_key,
            "known": found.known.value,
            "writable": item.changes_allowed and data.writable(setting.key),
        }
    return {
        "name": item.device.name,
        "read_at": item.read_at.isoformat(),
        "changes_allowed": item.changes_allowed,
        "settings": settings,
        "unknown": dict(item.unknown),
        "pending": by_name(item, item.writer.upcoming),
    }


async def _change(
    hass: HomeAssistant,
    call: ServiceCall,
    plan: Callable[[SettingsCoordinator], dict[str, Json]],
    *,
    reverts: bool = False,
) -> ServiceResponse:
    """Plan a change for all devices, and only if that is possible for all of them, make it; wait for the read-backs."""
    targets = await _async_targets(hass, call, POLICY_CONTROL)
    plans = plans_of(targets, plan)
    futures = {
        device_id: targets[device_id].writer.change(changes, call.context, reverts=reverts)
        for device_id, changes in plans.items()
    }
    results = await async_results(call, plans, futures)
    if not call.return_response:
        return None
    return {"devices": {device_id: response_of(targets[device_id], result) for device_id, result in results.items()}}


def _windows(hass: HomeAssistant, item: SettingsCoordinator, data: Mapping[str, Any]) -> dict[str, Json]:
    """Return the change that lays the windows of an action into a device's periods."""
    writer, model = item.writer, item.writer.changeable()
    windows = [TariffWindow(tariff=row["kind"], start=row["start"], end=row["end"]) for row in data["windows"]]
    present = item.windows({**model.members, **writer.upcoming})
    guessed = {key: found.cloud_key for key in present if (found := model.matches[key]).known is Known.GUESSED}
    if item.ends_at_24:
        windows = [
            TariffWindow(tariff=window.tariff, start=window.start, end=1440 if window.end == 0 else window.end)
            for window in windows
        ]
    try:
        changes = lay_windows(present, guessed, windows, data["clear"])
    except SettingError as err:
        raise refusal(hass, item.kind, item.device.name, err) from err
    return writer.resolve(changes)


def _mode(hass: HomeAssistant, item: SettingsCoordinator, data: Mapping[str, Any]) -> dict[str, object]:
    """Return the settings that an operating mode with its power or state of charge consists of."""
    matches = item.writer.changeable().matches
    mode = data["mode"]
    asked: dict[str, object] = {"mode": mode}
    for name, candidates in (("power", MODE_POWER.get(mode, ())), ("soc", _soc_settings(mode))):
        if name not in data:
            continue
        if (key := next((key for key in candidates if key in matches), None)) is None:
            raise refusal(hass, item.kind, item.device.name, SettingError(f"no_{name}_in_mode", "mode", mode=mode))
        asked[key] = data[name]
    return asked


def _soc_settings(mode: str) -> tuple[str, ...]:
    if mode == "forced_charging":
        return _FORCED_CHARGE_ENDS
    return _CHARGE_ENDS if mode in _CHARGING_MODES else _DISCHARGE_ENDS


def _is_unknown(item: SettingsCoordinator) -> bool:
    """Return whether the last change of a device was one of settings of unknown meaning."""
    if item.data is None or not item.writer.history.items:
        return False
    return any(item.data.find(key) is None for key in item.writer.history.items[-1]["before"])


def _revert(item: SettingsCoordinator) -> dict[str, Json]:
    """Return the change that takes the last one back, unless another is under way or has changed the same since."""
    writer, data = item.writer, item.writer.changeable()
    if not writer.history.items:
        raise validation_error("nothing_to_revert", device=item.device.name)
    last = writer.history.items[-1]
    if any(key not in data.members or not same(data.members[key], value) for key, value in last["after"].items()):
        raise validation_error("changed_since", device=item.device.name)
    changes = writer.resolve(data.meanings(last["before"]), allow_unknown=True)
    others = {key: value for key, value in writer.upcoming.items() if key not in writer.managed}
    if any(key not in changes or not same(changes[key], value) for key, value in others.items()):
        raise validation_error("change_under_way", device=item.device.name)
    return changes
