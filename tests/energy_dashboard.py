"""Helpers of the tests of the Energy dashboard: a home with it, its preferences, and the action."""

from copy import deepcopy
from typing import Any

from homeassistant.components.energy.data import EnergyManager, async_get_manager
from homeassistant.core import Context, HomeAssistant

from custom_components.atess.const import DOMAIN

from .common import entity_id

# Sources of other integrations, as the frontend saves them.
METER: dict[str, Any] = {
    "type": "grid",
    "stat_energy_from": "sensor.meter_import",
    "stat_energy_to": "sensor.meter_export",
    "stat_cost": None,
    "entity_energy_price": None,
    "number_energy_price": 0.31,
    "stat_compensation": None,
    "entity_energy_price_export": None,
    "number_energy_price_export": 0.08,
    "cost_adjustment_day": 0.0,
    "name": "House meter",
}
BALCONY: dict[str, Any] = {
    "type": "solar",
    "stat_energy_from": "sensor.balcony_energy",
    "config_entry_solar_forecast": ["forecast"],
}
# In the form of before 2025, as some integrations still write it.
LEGACY: dict[str, Any] = {
    "type": "grid",
    "flow_from": [{"stat_energy_from": "sensor.old_import", "stat_cost": None}],
    "flow_to": [],
    "cost_adjustment_day": 0.0,
}
WASHER: dict[str, Any] = {"stat_consumption": "sensor.washer_energy"}


async def manager_of(hass: HomeAssistant) -> EnergyManager:
    """Return Home Assistant's manager of the preferences."""
    return await async_get_manager(hass)


async def sources(hass: HomeAssistant) -> list[Any]:
    """Return a copy of the sources in the preferences."""
    data = (await manager_of(hass)).data
    return [] if data is None else deepcopy(list(data["energy_sources"]))


async def prefer(hass: HomeAssistant, *items: dict[str, Any], **more: Any) -> None:
    """Store these sources, as any other integration or the frontend does."""
    update: Any = {"energy_sources": deepcopy(list(items)), **more}
    await (await manager_of(hass)).async_update(update)
    await hass.async_block_till_done()


async def configure(hass: HomeAssistant, context: Context | None = None, **data: Any) -> dict[str, Any]:
    """Call the action and return its response."""
    response = await hass.services.async_call(
        DOMAIN, "configure_energy_dashboard", data, blocking=True, return_response=True, context=context
    )
    assert response is not None
    return dict(response)


def solar(hass: HomeAssistant, device: str, suffix: str = "total") -> dict[str, Any]:
    """Return the solar source of a device or the plant, as the action adds it."""
    return {
        "type": "solar",
        "config_entry_solar_forecast": None,
        "stat_energy_from": entity_id(hass, f"{device}_pv_energy_{suffix}"),
        "stat_rate": entity_id(hass, f"{device}_pv_power"),
    }


def battery(hass: HomeAssistant, device: str, *, charge: bool = True) -> dict[str, Any]:
    """Return the battery of a device or the plant, as the action adds it."""
    source = {
        "type": "battery",
        "stat_energy_from": entity_id(hass, f"{device}_battery_discharge_energy_total"),
        "stat_energy_to": entity_id(hass, f"{device}_battery_charge_energy_total"),
        "stat_rate": entity_id(hass, f"{device}_battery_power"),
    }
    if charge:
        source["stat_soc"] = entity_id(hass, f"{device}_battery_state_of_charge")
    return source


def grid(hass: HomeAssistant, device: str) -> dict[str, Any]:
    """Return the grid of a device or the plant, as the action adds it."""
    return {
        "type": "grid",
        "stat_energy_from": entity_id(hass, f"{device}_grid_import_energy_total"),
        "stat_energy_to": entity_id(hass, f"{device}_grid_export_energy_total"),
        "stat_rate": entity_id(hass, f"{device}_grid_power"),
        "stat_cost": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
    }


def brief(items: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return type and device of what a response lists."""
    return {(item["type"], item["device"]) for item in items}


def reasons(items: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return type and reason of what a response says was skipped or is doubtful."""
    return {(item["type"], item.get("reason") or item["warning"]) for item in items}
