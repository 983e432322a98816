"""What is known of a battery beyond its samples: capacity, limits, energy stored."""

import pytest
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from .common import Advance, add_entry, restart, set_up, state
from .control.common import add_settings_entry
from .energy_dashboard import configure, sources
from .flows import change_device

STRING, CENTRAL = "SIMHPS0001", "SIMHPS0002"
GROUPS = {STRING: {"battery_groups": "batGroupNumber"}, CENTRAL: {"battery_capacity": "batCapacity"}}


def exists(hass: HomeAssistant, unique_id: str) -> bool:
    return er.async_get(hass).async_get_entity_id("sensor", DOMAIN, unique_id) is not None


def number(hass: HomeAssistant, unique_id: str) -> float:
    return float(state(hass, unique_id).state)


async def test_a_capacity_that_nobody_knows_is_not_guessed(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """The string inverter's Ah are documented, but how many groups there are is not; nothing of the other is."""
    cloud.inject(kind="members", device=CENTRAL, set={"capacity": 50, "soc": 50})
    await advance(2 * 3600, 60)
    for serial in (STRING, CENTRAL):
        assert not exists(hass, f"{serial}_usable_capacity")
        assert not exists(hass, f"{serial}_battery_energy_stored")


async def test_a_capacity_that_the_user_enters(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """It is there at once, holds while the device is silent, weighs the plant's charge, and can be taken back."""
    asked = len(cloud.requests)
    await change_device(hass, entry, CENTRAL, usable_capacity=205)
    assert number(hass, f"{CENTRAL}_usable_capacity") == 205
    assert len(cloud.requests) == asked
    shown = state(hass, f"{CENTRAL}_usable_capacity").attributes
    assert (shown["device_class"], shown["unit_of_measurement"]) == ("energy_storage", "kWh")
    registry = er.async_get(hass)
    stored = registry.async_get_entity_id("sensor", DOMAIN, f"{CENTRAL}_battery_energy_stored")
    assert stored is not None
    registry.async_update_entity(stored, disabled_by=None)
    await restart(hass, entry)
    charge = number(hass, f"{CENTRAL}_battery_state_of_charge")
    assert number(hass, f"{CENTRAL}_battery_energy_stored") == pytest.approx(charge / 100 * 205, abs=0.01)

    cloud.inject(kind="http_status", status=503)
    await advance(2400, 60)
    assert state(hass, f"{CENTRAL}_battery_energy_stored").state == STATE_UNAVAILABLE
    assert number(hass, f"{CENTRAL}_usable_capacity") == 205
    await change_device(hass, entry, CENTRAL)
    assert state(hass, f"{CENTRAL}_usable_capacity").state == STATE_UNAVAILABLE


@pytest.mark.parametrize("plant", ["home"])
async def test_a_capacity_by_confirmed_settings(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Ah times groups times the voltage at half charge, once that was seen; the same after a restart."""
    inverter = cloud.devices[0].sn
    entry = add_settings_entry(hass, cloud, confirmed={inverter: GROUPS[STRING]}, devices=3, scan_interval=5)
    await set_up(hass, entry)
    for device in cloud.devices[1:]:
        cloud.inject(kind="members", device=device.sn, set={"soc": 50, "capacity": 50})
    cloud.inject(kind="members", device=inverter, set={"vbat": 410.0})
    await advance(1800, 60)
    assert not exists(hass, f"{inverter}_usable_capacity")
    await advance(3600, 60)
    found = number(hass, f"{inverter}_usable_capacity")
    assert found == 20.5
    await restart(hass, entry)
    assert number(hass, f"{inverter}_usable_capacity") == found
    await change_device(hass, entry, inverter, usable_capacity=18.5)
    assert number(hass, f"{inverter}_usable_capacity") == 18.5


async def test_limits_in_kilowatts(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """The least of the currents that battery and settings permit counts; a discharge ends at the inverter."""
    limits = {"charge_current_limit": "chargeCurrentLimit", "discharge_current_limit": "dischargeCurrentLimit"}
    entry = add_settings_entry(hass, cloud, confirmed={STRING: limits}, scan_interval=5)
    cloud.change_settings(STRING, charge_current_limit=20)
    cloud.inject(kind="members", device=STRING, set={"vbat": 320.0, "maxChargeCurr": 40, "maxDischargeCurr": 40})
    await set_up(hass, entry)
    await advance(60)
    assert number(hass, f"{STRING}_charge_limit") == pytest.approx(6.4)
    assert number(hass, f"{STRING}_discharge_limit") == pytest.approx(10.0)
    assert state(hass, f"{STRING}_charge_limit").attributes["unit_of_measurement"] == "kW"
    assert number(hass, f"{STRING}_nominal_power") == 10.0
    cloud.clear()
    cloud.inject(kind="members", device=STRING, set={"vbat": 320.0, "maxChargeCurr": 0, "maxDischargeCurr": 15})
    await advance(600)
    assert number(hass, f"{STRING}_charge_limit") == 0
    assert number(hass, f"{STRING}_discharge_limit") == pytest.approx(4.8)


async def test_a_battery_source_of_the_energy_dashboard_has_the_capacity(
    hass: HomeAssistant, cloud: Simulator, energy: None
) -> None:
    """Where it is known; a source that is there already gets it if that is asked for."""
    entry = add_entry(hass, cloud, cloud.devices[1:])
    await set_up(hass, entry)
    await configure(hass)
    [battery] = [source for source in await sources(hass) if source["type"] == "battery"]
    assert "capacity" not in battery
    await change_device(hass, entry, CENTRAL, usable_capacity=205)
    done = await configure(hass)
    assert done["could_complete"] == [{"type": "battery", "device": "hps_central 1", "sensors": ["Usable capacity"]}]
    await configure(hass, complete=True)
    [battery] = [source for source in await sources(hass) if source["type"] == "battery"]
    assert battery["capacity"] == 205


HOUSE = {
    "name": "house",
    "latitude": 48.14,
    "longitude": 11.58,
    "zone": "Europe/Berlin",
    "history_days": 1,
    "loggers": [{"sn": "SIMLOG0001"}],
    "systems": [
        {
            "name": "house",
            "logger": "SIMLOG0001",
            "machine": {"nominal_kw": 30},
            "pv": [{"kwp": 15, "tilt": 30, "azimuth": 180}],
            "battery": {"kwh": 20, "cells": 128, "packs": 8, "charge_a": 50, "discharge_a": 50, "soc": 60},
            "load": {"profile": "home", "kwh_per_day": 30},
            "devices": [{"sn": CENTRAL, "kind": "hps_central", "model": "HPS30"}],
        }
    ],
}


@pytest.mark.parametrize("plant", [HOUSE], ids=["house"])
async def test_what_the_battery_is_like_is_found_and_kept(
    hass: HomeAssistant, cloud: Simulator, advance: Advance
) -> None:
    """Capacity and cycles after days of a battery that works; what needs more data is not there."""
    entry = add_entry(hass, cloud, scan_interval=15)
    await set_up(hass, entry)
    keys = ("measured_capacity", "full_cycles")
    assert not any(exists(hass, f"{CENTRAL}_{key}") for key in keys)
    await advance(4 * 86400, 900)
    assert number(hass, f"{CENTRAL}_measured_capacity") == pytest.approx(0.97 * 20, rel=0.05)
    given = number(hass, f"{CENTRAL}_battery_discharge_energy_total")
    assert number(hass, f"{CENTRAL}_full_cycles") == pytest.approx(given / (0.97 * 20), rel=0.05)
    found = [state(hass, f"{CENTRAL}_{key}").state for key in keys]
    await restart(hass, entry)
    cloud.inject(kind="http_status", status=503)
    await advance(3600, 900)
    assert [state(hass, f"{CENTRAL}_{key}").state for key in keys] == found
    assert not exists(hass, f"{CENTRAL}_round_trip_efficiency_30_days")
    assert not exists(hass, f"{CENTRAL}_lowest_cell_place")
