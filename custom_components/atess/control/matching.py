"""The forms in which a user says which of the cloud's keys is which setting."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..catalogue.settings import REPORT_ONLY, Danger, Setting, settings_of
from ..flows.forms import FormError
from ..redaction import HIDDEN, is_private
from ..runtime import AtessConfigEntry
from ..settings import DeviceSettings, Known
from ..settings.values import decode
from .coordinator import SettingsCoordinator
from .texts import name_of, setting_name, value_text

CONF_MATCH_INSTALLER = "match_installer"
CONF_CONFIRMED = "confirmed"
CONF_OTHER = "other"


def settings_read_of(entry: AtessConfigEntry, subentry: ConfigSubentry) -> DeviceSettings | None:
    """Return the settings that were read of a device; None if there are none, or the entry is not loaded."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    settings: SettingsCoordinator | None = entry.runtime_data.settings.get(subentry.subentry_id)
    return None if settings is None else settings.data


def candidates(settings: DeviceSettings) -> list[Setting]:
    """Return the settings whose key the user has a say in: none that is documented, protects something or is hidden."""
    return [
        setting
        for setting in settings_of(settings.kind).values()
        if setting.danger is not Danger.SAFETY
        and not setting.hidden
        and not (setting.key in settings.matches and settings.matches[setting.key].known is Known.DOCUMENTED)
    ]


def _free_keys(settings: DeviceSettings) -> list[str]:
    """Return the reported keys that may be a candidate's."""
    fixed = {
        found.cloud_key
        for found in settings.matches.values()
        if found.known is Known.DOCUMENTED or found.setting.danger is Danger.SAFETY or found.setting.hidden
    }
    return [
        key
        for key, value in settings.members.items()
        if key not in fixed and key not in REPORT_ONLY and isinstance(value, str | int | float)
    ]


def _choices(hass: HomeAssistant, settings: DeviceSettings, setting: Setting) -> SelectSelector:
    """Return the choice of a setting's key, each key with its present value as the setting would show it."""
    options = [SelectOptionDict(value=key, label=_label(hass, settings, setting, key)) for key in _free_keys(settings)]
    return SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN))


def _label(hass: HomeAssistant, settings: DeviceSettings, setting: Setting, key: str) -> str:
    present = settings.members[key]
    meaning = decode(setting, present)
    shown = value_text(hass, setting, meaning)
    if meaning is None:
        shown = HIDDEN if is_private(key, present) else str(present)
    return f"{shown} ({key})"


def _of(settings: DeviceSettings, danger: Danger) -> list[Setting]:
    return [setting for setting in candidates(settings) if setting.danger is danger]


def homeowner_schema(hass: HomeAssistant, settings: DeviceSettings) -> vol.Schema:
    """Return the form of what a homeowner may change: per setting a choice among the reported keys."""
    fields: dict[vol.Marker, Any] = {
        vol.Optional(setting.key): _choices(hass, settings, setting) for setting in _of(settings, Danger.SAFE)
    }
    return vol.Schema({**fields, vol.Required(CONF_MATCH_INSTALLER, default=False): BooleanSelector()})


def shown_homeowner(settings: DeviceSettings) -> dict[str, str]:
    """Return what the form suggests: what was confirmed, else the guesses."""
    return {
        setting.key: settings.matches[setting.key].cloud_key
        for setting in _of(settings, Danger.SAFE)
        if setting.key in settings.matches
    }


def read_homeowner(
    hass: HomeAssistant, settings: DeviceSettings, stored: object, user_input: Mapping[str, Any]
) -> dict[str, str | None]:
    """Return the user's word per setting, None for those left empty; raises FormError if it cannot be.

    What was confirmed of the installers' settings stays as it was `stored`.
    """
    chosen = {setting.key: user_input.get(setting.key) or None for setting in _of(settings, Danger.SAFE)}
    kept = {setting.key for setting in _of(settings, Danger.INSTALLER)}
    before = stored if isinstance(stored, Mapping) else {}
    matching = {**{key: value for key, value in before.items() if key in kept}, **chosen}
    _check(hass, settings, matching)
    return matching


def installer_schema(hass: HomeAssistant, settings: DeviceSettings) -> vol.Schema:
    """Return the form of what an installer may change: a tick per proposal, and a choice where it is wrong."""
    installer = _of(settings, Danger.INSTALLER)
    proposals = [
        SelectOptionDict(
            value=setting.key,
            label=f"{setting_name(hass, setting)}: {_label(hass, settings, setting, found.cloud_key)}",
        )
        for setting in installer
        if (found := settings.matches.get(setting.key)) is not None
    ]
    ticks = SelectSelector(SelectSelectorConfig(options=proposals, multiple=True, mode=SelectSelectorMode.LIST))
    others = vol.Schema({vol.Optional(setting.key): _choices(hass, settings, setting) for setting in installer})
    return vol.Schema(
        {
            vol.Optional(CONF_CONFIRMED, default=list): ticks,
            vol.Optional(CONF_OTHER, default=dict): section(others, {"collapsed": True}),
        }
    )


def shown_installer(settings: DeviceSettings) -> dict[str, Any]:
    """Return what the form suggests: ticks where the user has confirmed before."""
    confirmed = [
        setting.key
        for setting in _of(settings, Danger.INSTALLER)
        if (found := settings.matches.get(setting.key)) is not None and found.known is Known.CONFIRMED
    ]
    return {CONF_CONFIRMED: confirmed}


def read_installer(
    hass: HomeAssistant, settings: DeviceSettings, matching: Mapping[str, str | None], user_input: Mapping[str, Any]
) -> dict[str, str | None]:
    """Return the user's word with what was ticked or chosen; raises FormError if it cannot be.

    What is neither remains a guess.
    """
    ticked = {
        key: settings.matches[key].cloud_key for key in user_input.get(CONF_CONFIRMED, []) if key in settings.matches
    }
    chosen = {key: value for key, value in user_input.get(CONF_OTHER, {}).items() if value}
    installer = {setting.key for setting in _of(settings, Danger.INSTALLER)}
    rest = {key: value for key, value in matching.items() if key not in installer}
    result = {**rest, **ticked, **chosen}
    _check(hass, settings, result)
    return result


def _check(hass: HomeAssistant, settings: DeviceSettings, matching: Mapping[str, str | None]) -> None:
    """Raise FormError if a key is chosen twice, or cannot be the setting's."""
    for setting in candidates(settings):
        if (cloud_key := matching.get(setting.key)) is None:
            continue
        name = name_of(hass, settings.kind, setting.key)
        others = [key for key, value in matching.items() if value == cloud_key and key != setting.key]
        if others:
            other = name_of(hass, settings.kind, others[0])
            raise FormError("same_key", detail=f"{cloud_key}: {name}, {other}")
        if cloud_key in settings.members and decode(setting, settings.members[cloud_key]) is None:
            raise FormError("key_does_not_fit", detail=f"{name}: {cloud_key} = {settings.members[cloud_key]}")
