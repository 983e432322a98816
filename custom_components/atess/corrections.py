"""Corrections of what the catalogue assumes of a device: how they are kept, and how a form shows them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .const import CONF_CORRECTIONS
from .enerclo import Kind

AUTOMATIC = "automatic"
CLOCK = "clock"

# By name: the option of the form for each value that the readings know.
_SIGN = {"normal": "normal", "inverted": "inverted"}
_DIRECTION = {"signed": "signed", "unsigned": "unsigned"}
_UNIT = {"kilowatts": "kW", "watts": "W"}
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    "power_unit": _UNIT,
    "pv_power_unit": _UNIT,
    "load_power_unit": _UNIT,
    "grid_power_unit": _UNIT,
    "battery_power_unit": _UNIT,
    "energy_unit": {
        "kilowatt_hours": "1",
        "tenths": "0.1",
        "hundredths": "0.01",
        "watt_hours": "0.001",
        "tens": "10",
        "hundreds": "100",
        "megawatt_hours": "1000",
    },
    "pv_layout": {"ppv": "ppv", "ppv1": "ppv1", "hv": "hv"},
    "battery_meaning": {"battery": "battery", "inverter_output": "inverter_output"},
    "battery_sign": _SIGN,
    "grid_sign": _SIGN,
    "grid_counters": {"normal": "normal", "swapped": "swapped"},
    "battery_direction": _DIRECTION,
    "grid_direction": _DIRECTION,
    "pcs_battery": {"dc_side": "dc_side", "battery": "battery"},
}
_UNITS = ("power_unit", "pv_power_unit", "load_power_unit", "grid_power_unit", "battery_power_unit", "energy_unit")
_SIGNS = ("battery_sign", "grid_sign", "grid_counters")
_HPS = (*_UNITS, "pv_layout", "battery_meaning", *_SIGNS, "battery_direction", "grid_direction")
_BY_KIND: Mapping[Kind, tuple[str, ...]] = {
    Kind.HPS_STRING: _HPS,
    Kind.HPS_CENTRAL: _HPS,
    Kind.PCS: (*_UNITS, *_SIGNS, "battery_direction", "grid_direction", "pcs_battery"),
    Kind.PBD: ("power_unit", "pv_power_unit", "battery_power_unit", "energy_unit", "battery_sign", "battery_direction"),
    Kind.BCU: (),
    Kind.MBMS: (),
}


def corrections_of(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the corrections that a device's subentry keeps, by name."""
    stored = data.get(CONF_CORRECTIONS)
    return {str(name): str(value) for name, value in stored.items()} if isinstance(stored, Mapping) else {}


@callback
def async_correct(hass: HomeAssistant, entry: ConfigEntry, subentry: ConfigSubentry, name: str, value: str) -> None:
    """Keep a correction; the entry starts anew with it, which costs no request."""
    corrections = {**corrections_of(subentry.data), name: value}
    hass.config_entries.async_update_subentry(
        entry, subentry, data=MappingProxyType({**subentry.data, CONF_CORRECTIONS: corrections})
    )


def corrections_section(kind: Kind) -> vol.Schema:
    """Return the part of a form that shows the corrections of a kind of device, folded up."""
    fields: dict[vol.Marker, Any] = {
        vol.Required(name, default=AUTOMATIC): SelectSelector(
            SelectSelectorConfig(
                options=[AUTOMATIC, *_OPTIONS[name]], translation_key=name, mode=SelectSelectorMode.DROPDOWN
            )
        )
        for name in _BY_KIND[kind]
    }
    fields[vol.Optional(CLOCK)] = NumberSelector(
        NumberSelectorConfig(min=-720, max=840, step=15, unit_of_measurement="min", mode=NumberSelectorMode.BOX)
    )
    return vol.Schema({vol.Optional(CONF_CORRECTIONS): section(vol.Schema(fields), {"collapsed": True})})


def corrections_shown(kind: Kind, corrections: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form shows for the corrections that are kept."""
    shown: dict[str, Any] = {}
    for name in _BY_KIND[kind]:
        options = {value: option for option, value in _OPTIONS[name].items()}
        shown[name] = options.get(corrections.get(name, ""), AUTOMATIC)
    if minutes := corrections.get(CLOCK):
        shown[CLOCK] = int(minutes)
    return shown


def corrections_entered(entered: Mapping[str, Any], before: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the corrections that a form was sent with; those left to be found out are left out.

    A clock that the user had said to keep measuring is kept so.
    """
    corrections = {
        name: _OPTIONS[name][option] for name, option in entered.items() if name in _OPTIONS and option != AUTOMATIC
    }
    if (minutes := entered.get(CLOCK)) is not None:
        corrections[CLOCK] = str(round(minutes))
    elif before.get(CLOCK) == "":
        corrections[CLOCK] = ""
    return corrections
