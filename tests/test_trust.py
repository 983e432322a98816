"""What self-checks find reaches the user, is corrected on a word, and can be taken back."""

import re
from datetime import timedelta
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from simulator import Simulator

from .common import Advance, add_entry, enable_all, restart, set_up, state
from .flows import submit_form
from .repository.test_flow_texts import TEXTS

SERIAL = "SIMHPS0001"
NAMES = {
    "power_unit",
    "pv_power_unit",
    "pv_layout",
    "battery_meaning",
    "battery_sign",
    "grid_sign",
    "grid_counters",
    "clock",
}


async def with_variant(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, hours: float, name: str, **parameters: float
) -> MockConfigEntry:
    """Return an entry with the first device, in which one thing is other than assumed, some hours after noon."""
    clock.tick(hours * 3600)
    cloud.inject(kind="variant", name=name, device=SERIAL, **parameters)
    clock.tick(600)
    entry = add_entry(hass, cloud, devices=cloud.devices[:1])
    await set_up(hass, entry)
    return entry


def issues(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, ir.IssueEntry]:
    """Return the issues about verdicts by their name."""
    subentry_id = next(iter(entry.subentries))
    found = {}
    for name in NAMES:
        if (issue := ir.async_get(hass).async_get_issue(DOMAIN, f"{name}_{subentry_id}")) is not None:
            found[name] = issue
    return found


async def answer(hass: HomeAssistant, issue: ir.IssueEntry, choice: str) -> dict[str, Any]:
    """Open the fix flow of an issue, make a choice, and return what the flow showed first."""
    manager = repairs_flow_manager(hass)
    assert manager is not None
    shown = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert shown["type"] is FlowResultType.MENU
    assert shown["menu_options"] == ["correct", "leave"]
    text = TEXTS["issues"][issue.translation_key]["fix_flow"]["step"]["init"]["description"]
    assert set(re.findall(r"{(\w+)}", text)) <= dict(shown["description_placeholders"] or {}).keys()
    result = await manager.async_configure(shown["flow_id"], {"next_step_id": choice})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    return dict(shown)


@pytest.fixture
async def repairs(hass: HomeAssistant) -> None:
    """Repairs, set up."""
    assert await async_setup_component(hass, "repairs", {})


async def test_a_sign_is_corrected_on_a_word(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, repairs: None, advance: Advance
) -> None:
    """The issue names numbers; once corrected the very next value is right, also after a restart; then taken back."""
    entry = await with_variant(hass, cloud, clock, 8, "battery_sign")
    await advance(2.5 * 3600, 300)
    issue = issues(hass, entry)["battery_sign"]
    shown = float(state(hass, f"{SERIAL}_battery_power").state)
    true = cloud.truth()["devices"][SERIAL]["power"]["battery"]
    assert shown * true < 0

    placeholders = (await answer(hass, issue, "correct"))["description_placeholders"]
    assert placeholders["device"] == "hps_string 1"
    assert all(value for value in placeholders.values())
    assert issues(hass, entry) == {}
    subentry = next(iter(entry.subentries.values()))
    assert subentry.data["corrections"] == {"battery_sign": "inverted"}
    assert float(state(hass, f"{SERIAL}_battery_power").state) == -shown
    await advance(600, 300)
    true = cloud.truth()["devices"][SERIAL]["power"]["battery"]
    assert float(state(hass, f"{SERIAL}_battery_power").state) * true > 0
    await restart(hass, entry)
    assert float(state(hass, f"{SERIAL}_battery_power").state) * true > 0

    report = await async_get_config_entry_diagnostics(hass, entry)
    trust = report["devices"][0]["trust"]
    assert trust["corrections"] == {"battery_sign": "inverted"}
    assert trust["verdicts"]["battery_sign"]["verdict"] == "inverted"
    assert "guards" in trust
    assert SERIAL not in str(report)

    result = await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id)
    result = await hass.config_entries.subentries.async_configure(
        result["flow_id"],
        {"name": "House", "kind": "hps_string", "corrections": {"power_unit": "watts", "clock": 120}},
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert next(iter(entry.subentries.values())).data["corrections"] == {"power_unit": "W", "clock": "120"}
    assert issues(hass, entry).keys() == {"battery_sign"}


async def test_left_as_it_is(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, repairs: None, advance: Advance
) -> None:
    """Who leaves it is not asked again."""
    entry = await with_variant(hass, cloud, clock, 8, "battery_sign")
    await advance(2.5 * 3600, 300)
    shown = state(hass, f"{SERIAL}_battery_power").state
    await answer(hass, issues(hass, entry)["battery_sign"], "leave")
    assert state(hass, f"{SERIAL}_battery_power").state == shown
    await advance(600, 300)
    assert issues(hass, entry) == {}


async def test_a_unit_corrects_itself_with_one_notice(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, repairs: None, advance: Advance
) -> None:
    """Watts are never shown as kilowatts; the notice offers the way back."""
    entry = await with_variant(hass, cloud, clock, 2, "watts")
    assert float(state(hass, f"{SERIAL}_pv_power").state) < 12
    await advance(2 * 3600, 300)
    assert issues(hass, entry).keys() == {"power_unit"}
    await answer(hass, issues(hass, entry)["power_unit"], "leave")
    assert next(iter(entry.subentries.values())).data["corrections"] == {"power_unit": "kW"}
    assert state(hass, f"{SERIAL}_load_power").state == "unavailable"  # thousands of kW cannot be


async def test_a_clock_that_is_off_is_told_after_a_day(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, repairs: None, advance: Advance
) -> None:
    entry = await with_variant(hass, cloud, clock, 0, "clock", offset=360)
    enable_all(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await advance(3600, 300)
    assert issues(hass, entry) == {}
    await advance(24 * 3600, 1800)
    issue = issues(hass, entry)["clock"]
    assert (issue.translation_placeholders or {})["minutes"] == "+360"
    await answer(hass, issue, "correct")
    assert next(iter(entry.subentries.values())).data["corrections"] == {"clock": "480"}
    sampled = state(hass, f"{SERIAL}_last_data").state
    await advance(1800, 60)
    assert state(hass, f"{SERIAL}_last_data").state > sampled
    assert issues(hass, entry) == {}


async def test_a_clock_left_as_it_is_stays_so_when_the_device_is_renamed(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, repairs: None, advance: Advance
) -> None:
    entry = await with_variant(hass, cloud, clock, 0, "clock", offset=360)
    await advance(25 * 3600, 1800)
    await answer(hass, issues(hass, entry)["clock"], "leave")
    result = await entry.start_subentry_reconfigure_flow(hass, next(iter(entry.subentries)))
    result = await submit_form(hass.config_entries.subentries, result, {"name": "House"})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert next(iter(entry.subentries.values())).title == "House"
    await advance(25 * 3600, 1800)
    assert issues(hass, entry) == {}


async def test_swapped_counters_go_on_without_a_step(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, repairs: None, advance: Advance
) -> None:
    """After the correction export rises by what is exported; neither counter jumps or falls."""
    entry = await with_variant(hass, cloud, clock, 0, "grid_counters")
    begun = dt_util.utcnow()
    while "grid_counters" not in issues(hass, entry):
        assert dt_util.utcnow() - begun < timedelta(hours=30)
        await advance(1800, 300)
    keys = [f"{SERIAL}_grid_{way}_energy_total" for way in ("import", "export")]
    before = [float(state(hass, key).state) for key in keys]
    await answer(hass, issues(hass, entry)["grid_counters"], "correct")
    assert [float(state(hass, key).state) for key in keys] == before
    truth = cloud.truth()["devices"][SERIAL]["total"]
    await advance(3600, 300)
    after = cloud.truth()["devices"][SERIAL]["total"]
    risen = [float(state(hass, key).state) - value for key, value in zip(keys, before, strict=True)]
    true = [after[name] - truth[name] for name in ("grid_import", "grid_export")]
    assert risen == pytest.approx(true, abs=0.6)


@pytest.mark.parametrize("plant", ["farm"])
async def test_pv_power_of_a_pcs_in_watts_is_known_by_its_size(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, repairs: None, advance: Advance
) -> None:
    """A PCS has nothing to hold PV power against but what it can be."""
    device = next(device for device in cloud.devices if device.kind == "pcs")
    cloud.inject(kind="variant", name="pv_watts", device=device.sn)
    clock.tick(600)
    entry = add_entry(hass, cloud, devices=[device])
    await set_up(hass, entry)
    await advance(3600, 300)
    issue = issues(hass, entry)["pv_power_unit"]
    assert issue.translation_key == "pv_power_unit_by_size"
    await answer(hass, issue, "correct")
    assert issues(hass, entry) == {}


async def test_the_device_of_an_issue_may_be_gone(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, repairs: None, advance: Advance
) -> None:
    entry = await with_variant(hass, cloud, clock, 2, "watts")
    await advance(2 * 3600, 300)
    issue = issues(hass, entry)["power_unit"]
    manager = repairs_flow_manager(hass)
    assert manager is not None
    shown = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    hass.config_entries.async_remove_subentry(entry, next(iter(entry.subentries)))
    result = await manager.async_configure(shown["flow_id"], {"next_step_id": "correct"})
    assert result["reason"] == "device_removed"
