"""The form in which a user says which of the cloud's keys is which setting."""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig, SelectSelectorMode

from .catalogue.settings import REPORT_ONLY, Danger, Setting, settings_of
from .flow_forms import FormError
from .settings import DeviceSettings, Known
from .settings.values import decode
from .settings_coordinator import SettingsCoordinator
from .settings_texts import name_of

SECTIONS = {"homeowner": Danger.SAFE, "installer": Danger.INSTALLER}


def settings_read_of(entry: ConfigEntry, subentry: ConfigSubentry) -> DeviceSettings | None:
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


def matching_schema(settings: DeviceSettings) -> vol.Schema:
    """Return the form: per setting a choice among the reported keys, each with its present value."""
    options = [SelectOptionDict(value=key, label=f"{key} = {settings.members[key]}") for key in _free_keys(settings)]
    selector = SelectSelector(SelectSelectorConfig(options=options, mode=SelectSelectorMode.DROPDOWN))
    return vol.Schema(
        {
            vol.Required(name): section(
                vol.Schema(
                    {
                        vol.Optional(setting.key): selector
                        for setting in candidates(settings)
                        if setting.danger is danger
                    }
                ),
                {"collapsed": danger is not Danger.SAFE},
            )
            for name, danger in SECTIONS.items()
        }
    )


def shown_matching(settings: DeviceSettings) -> dict[str, dict[str, str]]:
    """Return what the form suggests: what was confirmed, else the guesses."""
    return {
        name: {
            setting.key: settings.matches[setting.key].cloud_key
            for setting in candidates(settings)
            if setting.danger is danger and setting.key in settings.matches
        }
        for name, danger in SECTIONS.items()
    }


def read_matching(
    hass: HomeAssistant, settings: DeviceSettings, user_input: Mapping[str, Any]
) -> dict[str, str | None]:
    """Return the user's word per setting, None for those left empty; raises FormError if it cannot be."""
    chosen = {key: value for name in SECTIONS for key, value in user_input.get(name, {}).items() if value}
    for setting in candidates(settings):
        if (cloud_key := chosen.get(setting.key)) is None:
            continue
        name = name_of(hass, settings.kind, setting.key)
        others = [key for key, value in chosen.items() if value == cloud_key and key != setting.key]
        if others:
            other = name_of(hass, settings.kind, others[0])
            raise FormError("same_key", detail=f"{cloud_key}: {name}, {other}")
        if decode(setting, settings.members.get(cloud_key)) is None:
            raise FormError("key_does_not_fit", detail=f"{name}: {cloud_key} = {settings.members.get(cloud_key)}")
    return {setting.key: chosen.get(setting.key) for setting in candidates(settings)}
