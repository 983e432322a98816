"""Settings of devices: shown as they were read, changed in one way, and never silently."""

import json

import pytest
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from ..common import Advance, entity_id, set_up, state
from .common import (
    CENTRAL,
    CUT_OFF,
    STRING,
    act,
    add_settings_entry,
    assert_puts,
    controls,
    device_id,
    issue,
    operate,
    puts,
    reads,
    set_number,
    shown,
)


async def test_each_kind_of_control(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """Each control sends the whole object with its one change; the state follows when that was read back."""
    before = shown(cloud, STRING)
    bodies = []
    for domain, action, key, data, change, result in (
        ("number", "set_value", "discharge_cut_off_soc", {"value": 35}, {"dischargeCutoffSoc": 35}, "35.0"),
        (
            "select",
            "select_option",
            "mode",
            {"option": "forced_charging"},
            {"modeSelection": 9},
            "forced_charging",
        ),
        ("switch", "turn_off", "charge_from_grid_and_pv_together", {}, {"gridPvChargeEnable": 0}, "off"),
        ("time", "set_value", "peak_period_1_start", {"time": "18:30"}, {"peakPeriodTime1": "18:30-22:00"}, "18:30:00"),
        ("time", "set_value", "peak_period_1_end", {"time": "00:00"}, {"peakPeriodTime1": "18:30-24:00"}, "00:00:00"),
    ):
        unique_id = f"{STRING}_{key}"
        old = state(hass, unique_id, domain)
        await operate(hass, domain, action, unique_id, **data)
        await hass.async_block_till_done()
        waiting = state(hass, unique_id, domain)
        assert waiting.state == old.state
        assert str(waiting.attributes["pending"]) == {"35.0": "35.0", "off": "False"}.get(result, result)
        await advance(90, step=3)
        assert state(hass, unique_id, domain).state == result
        assert "pending" not in state(hass, unique_id, domain).attributes
        before |= change
        assert shown(cloud, STRING) == before
        bodies.append({**before, "deviceSn": STRING})
        assert_puts(cloud, *bodies)
    assert issue(hass) is None
    assert cloud.violations == 0


async def test_a_dial_costs_one_request(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """20 values within 2 seconds are one PUT with the last one; setting the present value costs none."""
    body = {**shown(cloud, STRING), "dischargeCutoffSoc": 30, "deviceSn": STRING}
    for value in range(11, 31):
        await set_number(hass, value)
        await advance(0.1, step=0.1)
    assert puts(cloud) == []
    await advance(90, step=3)
    assert_puts(cloud, body)
    asked = len(reads(cloud))
    await set_number(hass, 30)
    await advance(90, step=3)
    assert_puts(cloud, body)
    assert len(reads(cloud)) == asked
    # There and back within the two seconds changes nothing either.
    await set_number(hass, 40)
    await set_number(hass, 30)
    await advance(90, step=3)
    assert_puts(cloud, body)
    assert state(hass, CUT_OFF, "number").state == "30.0"
    assert "pending" not in state(hass, CUT_OFF, "number").attributes


async def test_a_change_waits_for_the_one_before(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """What is asked for while a change is not read back yet is sent after that, and nothing is lost."""
    cloud.configure(limit=300)
    hass.config_entries.async_update_entry(settings_entry, options={**settings_entry.options, "scan_interval": 5})
    await hass.async_block_till_done(wait_background_tasks=True)
    before = {**shown(cloud, STRING), "bmsSocUpperLimit": 80, "deviceSn": STRING}
    await set_number(hass, 20)
    await set_number(hass, 80, f"{STRING}_bms_soc_upper_limit")
    await advance(3, step=3)
    await set_number(hass, 25)
    await advance(1500, step=30)
    assert_puts(cloud, before | {"dischargeCutoffSoc": 20}, before | {"dischargeCutoffSoc": 25})
    assert state(hass, CUT_OFF, "number").state == "25.0"
    assert issue(hass) is None
    assert cloud.violations == 0


async def test_an_old_copy_is_read_anew(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """What somebody has changed on the display meanwhile is not overwritten."""
    cloud.change_settings(STRING, bms_soc_lower=8)
    await advance(400)
    asked = len(reads(cloud))
    await set_number(hass, 20)
    await advance(200, step=3)
    assert_puts(cloud, shown(cloud, STRING) | {"dischargeCutoffSoc": 20, "deviceSn": STRING})
    assert shown(cloud, STRING)["bmsSocLowerLimit"] == 8
    assert len(reads(cloud)) >= asked + 2
    assert state(hass, f"{STRING}_bms_soc_lower_limit", "number").state == "8.0"
    assert issue(hass) is None


async def test_while_changes_are_off(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Without the user's permission there is no control, every action is refused, and the cloud gets no PUT."""
    entry = add_settings_entry(hass, cloud, allow_changes=False)
    await set_up(hass, entry)
    assert controls(hass) == []
    assert state(hass, CUT_OFF).state == "10"
    assert state(hass, CUT_OFF).attributes["cloud_key"] == "dischargeCutoffSoc"
    assert state(hass, f"{STRING}_mode").state == "load_first"
    assert state(hass, f"{STRING}_peak_period_1").state == "17:00-22:00"
    device = device_id(hass, entry, STRING)
    for name, data in (
        ("set_settings", {"settings": {"discharge_cut_off_soc": 20}}),
        ("set_settings", {"settings": {"dischargeCutoffSoc": 20}, "allow_unknown": True}),
        ("set_tariff_windows", {"windows": [{"kind": "peak", "start": "18:00", "end": "20:00"}]}),
        ("set_operating_mode", {"mode": "forced_charging"}),
        ("revert_settings", {}),
    ):
        with pytest.raises(ServiceValidationError, match="Allow changing settings"):
            await act(hass, advance, name, device_id=device, **data)
    await advance(120)
    assert puts(cloud) == []
    response = await act(hass, advance, "get_settings", device_id=device)
    settings = response["devices"][device]["settings"]
    assert not any(item["writable"] for item in settings.values())


async def test_turning_changes_on_and_off(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A setting is a sensor or a control, never both."""
    entry = add_settings_entry(hass, cloud, allow_changes=False)
    await set_up(hass, entry)
    registry = er.async_get(hass)
    for allowed in (True, False, True):
        hass.config_entries.async_update_entry(entry, options={**entry.options, "allow_changes": allowed})
        await hass.async_block_till_done(wait_background_tasks=True)
        found = [registry.async_get_entity_id(domain, DOMAIN, CUT_OFF) for domain in ("sensor", "number")]
        assert [item is not None for item in found] == [not allowed, allowed]
        times = registry.async_get_entity_id("time", DOMAIN, f"{STRING}_peak_period_1_end")
        assert (times is not None) is allowed


async def test_a_device_without_settings(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Where the settings endpoint does not answer there are none, nothing is written, and all else goes on."""
    cloud.inject(kind="code", code=400, operation="settings")
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    assert controls(hass) == []
    device = device_id(hass, entry, STRING)
    for name, data in (("set_settings", {"settings": {"mode": "economy"}}), ("get_settings", {})):
        with pytest.raises(ServiceValidationError, match="have not been read yet"):
            await act(hass, advance, name, device_id=device, **data)
    await advance(7200, step=60)
    assert puts(cloud) == []
    assert len(reads(cloud)) <= 2
    assert state(hass, f"{STRING}_pv_power").state != STATE_UNAVAILABLE


async def test_safety_limits_and_unknown_keys_are_sensors(hass: HomeAssistant, cloud: Simulator) -> None:
    """What protects the battery is shown on demand only; a key that nothing fits is a raw sensor."""
    cloud.configure(naming_style="crowded")
    entry = add_settings_entry(hass, cloud, confirmed={})
    await set_up(hass, entry)
    registry = er.async_get(hass)
    raw = registry.async_get(entity_id(hass, f"{STRING}_setting_raw_modeNumber"))
    assert raw is not None
    assert raw.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    registry.async_update_entity(raw.entity_id, disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, f"{STRING}_setting_raw_modeNumber").state == "1"


async def test_ranges_of_the_model(hass: HomeAssistant, cloud: Simulator) -> None:
    """A string inverter sets its current in tenths; a power goes no further than the nominal one."""
    entry = add_settings_entry(hass, cloud, devices=2)
    await set_up(hass, entry)
    registry = er.async_get(hass)
    for unique_id in (f"{STRING}_battery_charge_current", f"{STRING}_output_power_setting"):
        registry.async_update_entity(entity_id(hass, unique_id, "number"), disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    current = state(hass, f"{STRING}_battery_charge_current", "number").attributes
    assert (current["min"], current["max"], current["step"]) == (0, 80, 0.1)
    assert state(hass, f"{STRING}_output_power_setting", "number").attributes["max"] == 10
    assert state(hass, f"{CENTRAL}_grid_charging_power", "number").attributes["max"] == 100


async def test_diagnostics_hold_no_secret(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """Diagnostics show settings, keys and changes, and neither a token nor a serial number."""
    from custom_components.atess.diagnostics import async_get_config_entry_diagnostics  # noqa: PLC0415

    before = shown(cloud, STRING)
    await set_number(hass, 35)
    await advance(120, step=3)
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 35, "deviceSn": STRING})
    report = await async_get_config_entry_diagnostics(hass, settings_entry)
    [settings] = report["settings"]
    assert settings["matches"]["discharge_cut_off_soc"] == {"cloud_key": "dischargeCutoffSoc", "known": "confirmed"}
    [change] = settings["history"]
    assert (change["before"], change["after"]) == ({"dischargeCutoffSoc": 10}, {"dischargeCutoffSoc": 35})
    text = json.dumps(report, default=str)
    assert STRING not in text
    assert cloud.token.removeprefix("Basic ") not in text


async def test_steering_the_plant(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """In the demo, a cut-off above the present charge stops the discharge, and forced charging charges."""
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud)
    await advance(9.5 * 3600, step=3600)
    await set_up(hass, entry)
    before = shown(cloud, STRING)
    power = f"{STRING}_battery_power"
    assert float(state(hass, power).state) > 0.1
    charge = cloud.truth()["devices"][STRING]["soc"]
    await set_number(hass, int(charge) + 5)
    await advance(700)
    assert float(state(hass, power).state) == 0.0
    await operate(hass, "select", "select_option", f"{STRING}_mode", option="forced_charging")
    await advance(700)
    assert float(state(hass, power).state) < -1
    raised = {**before, "dischargeCutoffSoc": int(charge) + 5, "deviceSn": STRING}
    assert_puts(cloud, raised, raised | {"modeSelection": 9})


async def test_the_path_is_the_one_that_answered(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A central inverter is written to at its own path only."""
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud, devices=2)
    await set_up(hass, entry)
    before = shown(cloud, CENTRAL)
    await set_number(hass, 14, f"{CENTRAL}_discharge_cut_off_soc")
    await advance(120, step=3)
    assert_puts(cloud, {**before, "dischargeCutoffSoc": 14, "deviceSn": CENTRAL})


async def test_times_of_unused_periods_are_disabled(hass: HomeAssistant, settings_entry: MockConfigEntry) -> None:
    """The first period of each tariff is enabled in any case; a name sorts its beginning before its end."""
    registry = er.async_get(hass)
    found = {}
    for tariff in ("peak", "flat", "valley"):
        for number in (1, 2):
            times = [
                registry.entities[entity_id(hass, f"{STRING}_{tariff}_period_{number}_{edge}", "time")]
                for edge in ("start", "end")
            ]
            names = [item.original_name for item in times]
            expected = [f"{tariff[0].upper()}{number} {word} ({tariff})" for word in ("from", "to")]
            assert names == sorted(names, key=str) == expected
            found[tariff, number] = {item.disabled_by for item in times}
    unused = found.pop(("peak", 2))
    assert unused == {er.RegistryEntryDisabler.INTEGRATION}
    assert set().union(*found.values()) == {None}
