"""Which key of the cloud is which setting: guesses are shown, and become controls by the user's word."""

from typing import Any

import pytest
import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from simulator import Simulator
from simulator.naming import FORMS, KEYS, STYLES

from ..common import Advance, entity_id, set_up, state
from .common import (
    CUT_OFF,
    PLAIN,
    STRING,
    act,
    add_settings_entry,
    assert_puts,
    controls,
    device_id,
    operate,
    puts,
    shown,
)


def proposals(result: Any) -> dict[str, Any]:
    """Return what a form is sent with by who changes nothing."""
    fields = result["data_schema"].schema
    sent = {str(field): field.default() for field in fields if field.default is not vol.UNDEFINED}
    return sent | {str(field): field.description["suggested_value"] for field in fields if field.description}


def labels(result: Any, setting: str) -> dict[str, str]:
    """Return what each key that may be a setting's is shown as."""
    selector = next(part for field, part in result["data_schema"].schema.items() if field == setting)
    return {option["value"]: option["label"] for option in selector.config["options"]}


async def open_matching(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Go to the form "Match settings" of the first device."""
    subentry = next(iter(entry.subentries.values()))
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    first = {"name": subentry.title, "kind": subentry.data["kind"], "match_settings": True}
    return await hass.config_entries.subentries.async_configure(flow["flow_id"], first)


async def submit_proposals(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Go to the form "Match settings" of the first device, and submit it as it is."""
    result = await open_matching(hass, entry)
    result = await hass.config_entries.subentries.async_configure(result["flow_id"], proposals(result))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("style", STYLES)
async def test_a_guess_is_no_control(hass: HomeAssistant, cloud: Simulator, advance: Advance, style: str) -> None:
    """Without the user's word only documented keys are controls; guesses are shown, with their key."""
    cloud.configure(naming_style=style, limit=60)
    entry = add_settings_entry(hass, cloud, confirmed={})
    await set_up(hass, entry)
    documented = [f"{STRING}_valley_period_2_{edge}" for edge in ("start", "end")]
    assert set(controls(hass)) == {entity_id(hass, unique_id, "time") for unique_id in documented}
    before = shown(cloud, STRING)
    peak = KEYS[style].get("peak_1", "peakPeriodTime1")
    assert state(hass, f"{STRING}_peak_period_1").state == before[peak]
    assert state(hass, f"{STRING}_peak_period_1").attributes["cloud_key"] == peak
    assert state(hass, CUT_OFF).state == "10"
    device = device_id(hass, entry, STRING)
    for settings in ({"discharge_cut_off_soc": 20}, {"peak_period_1": "18:00-20:00"}):
        with pytest.raises(ServiceValidationError, match="Match settings"):
            await act(hass, advance, "set_settings", device_id=device, settings=settings)
    # A documented one is written in the form that the device uses.
    assert state(hass, documented[1], "time").state == "06:00:00"
    await operate(hass, "time", "set_value", documented[1], time="05:00")
    await advance(90, step=3)
    assert state(hass, documented[1], "time").state == "05:00:00"
    period = before["valleyPeriodTime2"].replace("06", "05", 1)
    assert_puts(cloud, {**before, "valleyPeriodTime2": period, "deviceSn": STRING})


@pytest.mark.parametrize("style", STYLES)
async def test_all_guesses_are_confirmed_at_once(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, style: str
) -> None:
    """Windows need the user's word; to submit the form as it is proposed gives it for all of them."""
    cloud.configure(naming_style=style, limit=60)
    entry = add_settings_entry(hass, cloud, confirmed={})
    await set_up(hass, entry)
    device = device_id(hass, entry, STRING)
    windows = [{"kind": "valley", "start": "23:30", "end": "05:30"}]
    for asked in ({"windows": windows}, {"clear": ["peak"]}):
        with pytest.raises(
            ServiceValidationError, match=r"(Valley|Peak) period 1 of .* has not been confirmed.*Match settings"
        ):
            await act(hass, advance, "set_tariff_windows", device_id=device, **asked)
    assert puts(cloud) == []
    await submit_proposals(hass, entry)
    times = [
        item
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if item.domain == "time" and item.unique_id.startswith(f"{STRING}_")
    ]
    assert len(times) == 12
    unused = {f"{STRING}_peak_period_2_{end}" for end in ("start", "end")}
    assert {item.unique_id for item in times if item.disabled} == unused
    assert er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{STRING}_peak_period_1") is None
    before = shown(cloud, STRING)
    await act(hass, advance, "set_tariff_windows", device_id=device, windows=windows, wait=300)
    night, unused = FORMS[style].shown("23:30-05:30"), FORMS[style].shown("00:00-00:00")
    assert_puts(cloud, {**before, "valleyPeriodTime1": night, "valleyPeriodTime2": unused, "deviceSn": STRING})


async def test_match_settings(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """The user confirms, corrects and clears guesses in a form; what is confirmed becomes a control."""
    entry = add_settings_entry(hass, cloud, confirmed={})
    await set_up(hass, entry)
    [subentry] = entry.subentries.values()
    asked = len(cloud.requests)
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    configure = hass.config_entries.subentries.async_configure
    result = await configure(flow["flow_id"], {"name": "Cellar", "kind": "hps_string", "match_settings": True})
    assert result["step_id"] == "match_settings"
    assert result["data_schema"] is not None
    suggested = proposals(result)
    assert suggested["discharge_cut_off_soc"] == "dischargeCutoffSoc"
    assert suggested["valley_period_1"] == "valleyPeriodTime1"
    assert "valley_period_2" not in suggested
    assert "check_time" not in suggested
    assert "battery_capacity" not in suggested
    assert "system_on" not in suggested
    assert labels(result, "mode")["modeSelection"] == "Load first (modeSelection)"
    assert labels(result, "grid_power_upper_limit")["gridPowerUpperLimit"] == "500 kW (gridPowerUpperLimit)"
    for homeowner, error in (
        ({"mode": "modeSelection", "discharge_cut_off_soc": "modeSelection"}, "same_key"),
        ({"mode": "socMin"}, "key_does_not_fit"),
    ):
        result = await configure(flow["flow_id"], homeowner)
        assert result["errors"] == {"base": error}
    chosen = {"mode": PLAIN["mode"], "discharge_cut_off_soc": "dischargeCutoffSoc"}
    result = await configure(flow["flow_id"], chosen)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    [subentry] = entry.subentries.values()
    assert subentry.title == "Cellar"
    assert {key: value for key, value in subentry.data["settings"].items() if value} == chosen
    assert state(hass, CUT_OFF, "number").state == "10.0"
    assert state(hass, f"{STRING}_mode", "select").state == "load_first"
    # What was cleared is nobody's any more.
    assert er.async_get(hass).async_get_entity_id("number", DOMAIN, f"{STRING}_bms_soc_upper_limit") is None
    assert len(cloud.requests) == asked


async def test_installers_settings_are_confirmed_one_by_one(
    hass: HomeAssistant, cloud: Simulator, advance: Advance
) -> None:
    """What the first form does not show it does not confirm; behind its tick each has to be ticked."""
    entry = add_settings_entry(hass, cloud, confirmed={})
    await set_up(hass, entry)
    await submit_proposals(hass, entry)
    [subentry] = entry.subentries.values()
    assert subentry.data["settings"]["mode"] == "modeSelection"
    assert "system_on" not in subentry.data["settings"]
    assert er.async_get(hass).async_get_entity_id("switch", DOMAIN, f"{STRING}_system_on") is None
    configure = hass.config_entries.subentries.async_configure
    result = await open_matching(hass, entry)
    result = await configure(result["flow_id"], proposals(result) | {"match_installer": True})
    assert result["step_id"] == "match_installer"
    assert proposals(result) == {"confirmed": [], "other": {}}
    assert labels(result, "confirmed")["system_on"] == "System on: On (onOff)"
    # Two settings with one key, one of them confirmed in the first form.
    wrong = await configure(result["flow_id"], {"confirmed": [], "other": {"system_on": "modeSelection"}})
    assert wrong["errors"] == {"base": "same_key"}
    result = await configure(
        result["flow_id"], {"confirmed": ["system_on"], "other": {"generator_power_limit": "generatorPowerLimit"}}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    [subentry] = entry.subentries.values()
    installer = {"system_on": "onOff", "generator_power_limit": "generatorPowerLimit"}
    assert {key: subentry.data["settings"].get(key) for key in installer} == installer
    assert "output_power_setting" not in subentry.data["settings"]
    registry = er.async_get(hass)
    assert registry.async_get_entity_id("switch", DOMAIN, f"{STRING}_system_on") is not None
    assert registry.async_get_entity_id("sensor", DOMAIN, f"{STRING}_output_power_setting") is not None
    # Going through the first form alone once more keeps them.
    await submit_proposals(hass, entry)
    [subentry] = entry.subentries.values()
    assert {key: subentry.data["settings"].get(key) for key in installer} == installer
    result = await open_matching(hass, entry)
    result = await configure(result["flow_id"], proposals(result) | {"match_installer": True})
    assert set(proposals(result)["confirmed"]) == set(installer)


@pytest.mark.parametrize("step", ["match_settings", "match_installer"])
async def test_an_unload_while_settings_are_matched(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, step: str
) -> None:
    """A form that is sent when nothing is known of the settings any more ends with a reason, and changes nothing."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    [before] = entry.subentries.values()
    configure = hass.config_entries.subentries.async_configure
    result = await open_matching(hass, entry)
    if step == "match_installer":
        result = await configure(result["flow_id"], proposals(result) | {"match_installer": True})
    assert result["step_id"] == step
    assert await hass.config_entries.async_unload(entry.entry_id)
    result = await configure(result["flow_id"], proposals(result))
    assert (result["type"], result["reason"]) == ("abort", "no_settings")
    assert list(entry.subentries.values()) == [before]


async def test_another_kind_forgets_the_matching(hass: HomeAssistant, cloud: Simulator) -> None:
    """The keys of one kind say nothing about those of another."""
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    [subentry] = entry.subentries.values()
    cloud.inject(kind="no_data", operation="latest", path="hps/data-last", count=1)
    flow = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    result = await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {"name": "Cellar", "kind": "hps_central", "match_settings": True}
    )
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries[subentry.subentry_id].data["settings"] == {}
