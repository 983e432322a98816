"""Triggers and conditions by target: a device is named, Home Assistant finds the entities."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.condition import async_get_all_descriptions as async_get_conditions
from homeassistant.helpers.translation import async_get_translations
from homeassistant.helpers.trigger import async_get_all_descriptions as async_get_triggers
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.atess.condition import CONDITIONS
from custom_components.atess.trigger import TRIGGERS
from simulator import Simulator

from .common import Advance, restart
from .control.common import CUT_OFF, device_id, set_number

STRING, CENTRAL = "SIMHPS0001", "SIMHPS0002"


async def automate(
    hass: HomeAssistant, device: str, trigger: str, conditions: list[dict[str, Any]] | None = None, **options: Any
) -> list[ServiceCall]:
    """Set an automation up that is triggered by a device, and return the calls that it makes."""
    calls = async_mock_service(hass, "test", "act")
    config = {
        "triggers": [{"trigger": f"atess.{trigger}", "target": {"device_id": device}, "options": options}],
        "conditions": conditions or [],
        "actions": [{"action": "test.act", "data": {"entity": "{{ trigger.entity_id }}"}}],
    }
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    await hass.async_block_till_done()
    return calls


async def test_a_grid_that_is_lost_and_back(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """Only of the device that is named, and not again after a reload or a restart."""
    lost = await automate(hass, device_id(hass, entry, CENTRAL), "grid_lost")
    cloud.inject(kind="grid", device=STRING)
    await advance(700, 60)
    assert lost == []
    cloud.inject(kind="grid", device=CENTRAL)
    await advance(700, 60)
    assert [call.data["entity"] for call in lost] == ["event.hps_central_2_grid"]
    assert await hass.config_entries.async_reload(entry.entry_id)
    await restart(hass, entry)
    cloud.clear()
    await advance(700, 60)
    assert len(lost) == 1


async def test_a_grid_that_is_back(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    cloud.inject(kind="grid")
    await advance(700, 60)
    back = await automate(hass, device_id(hass, entry, STRING), "grid_back")
    cloud.inject(kind="grid", lost=False)
    await advance(700, 60)
    assert len(back) == 1


async def test_each_fault_that_appears(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """Also of several at the same moment; one that clears triggers nothing."""
    calls = await automate(hass, device_id(hass, entry, CENTRAL), "fault_appeared")
    cloud.inject(kind="members", device=CENTRAL, set={"sysFaultWord1": 3, "sysFaultWord5": 1024})
    await advance(700, 60)
    assert len(calls) == 3
    cloud.clear()
    await advance(700, 60)
    assert len(calls) == 3


async def test_data_that_stop(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance) -> None:
    calls = await automate(hass, device_id(hass, entry, STRING), "data_stopped", behavior="each", **{"for": "00:10:00"})
    cloud.inject(kind="offline", device=STRING)
    await advance(600, 60)
    assert calls == []
    await advance(3600, 60)
    assert [call.data["entity"] for call in calls] == ["binary_sensor.hps_string_1_online"]


async def test_a_change_that_fails(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    calls = await automate(hass, device_id(hass, settings_entry, STRING), "change_failed")
    await set_number(hass, 35)
    await advance(120, step=3)
    assert calls == []
    cloud.configure(write="refuse")
    await set_number(hass, 40, CUT_OFF)
    await advance(300, step=3)
    assert len(calls) == 1


async def test_a_battery_control_that_ends(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """At its end, not when another takes its place, and not after a restart."""
    device = device_id(hass, settings_entry, STRING)
    calls = await automate(hass, device, "battery_control_ended", behavior="each", **{"for": "00:00:00"})
    data = {"device_id": device, "wait": 0, "duration": {"minutes": 20}}
    for verb, power in (("force_charge", {}), ("force_discharge", {"power": 2000})):
        await hass.services.async_call("atess", verb, data | power, blocking=True)
        await advance(600, step=10)
    await restart(hass, settings_entry)
    assert calls == []
    await advance(1200, step=10)
    assert [call.data["entity"] for call in calls] == ["sensor.hps_string_1_battery_control"]
    await restart(hass, settings_entry)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("condition", "met"),
    [("grid_is_there", False), ("grid_is_lost", True), ("data_is_current", True), ("has_problem", False)],
)
async def test_conditions(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance, condition: str, met: bool
) -> None:
    """While the grid is lost."""
    device = device_id(hass, entry, CENTRAL)
    wanted = {"condition": f"atess.{condition}", "target": {"device_id": device}}
    calls = await automate(hass, device, "grid_lost", [wanted])
    cloud.inject(kind="grid", device=CENTRAL)
    await advance(700, 60)
    assert bool(calls) == met


async def test_descriptions_and_texts(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant can show each of them, with its fields, and finds the entities that they are about."""
    registered = [item for item in er.async_get(hass).entities.values() if item.platform == "atess"]
    for category, names, descriptions in (
        ("triggers", TRIGGERS, await async_get_triggers(hass)),
        ("conditions", CONDITIONS, await async_get_conditions(hass)),
    ):
        texts = await async_get_translations(hass, "en", category, ["atess"])
        for name in names:
            description = descriptions[f"atess.{name}"]
            assert description is not None, name
            prefix = f"component.atess.{category}.{name}"
            assert texts[f"{prefix}.name"]
            assert texts[f"{prefix}.description"].endswith(".")
            assert all(texts[f"{prefix}.fields.{field}.name"] for field in description["fields"])
            [wanted] = description["target"]["entity"]
            assert set(wanted["domain"]) <= {item.domain for item in registered}, name
            classes = {item.original_device_class for item in registered if item.domain in wanted["domain"]}
            assert set(wanted.get("device_class", classes)) <= classes, name
            assert wanted["integration"] == "atess"
