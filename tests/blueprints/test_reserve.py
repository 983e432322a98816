"""The blueprint of a reserve: what it writes to the inverter, and when it leaves it alone."""

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import Advance, entity_id, state
from ..control.common import CUT_OFF, STRING, set_number, shown
from .common import CHANGE, MINUTE, automate, set_up_again, settle, written


@pytest.fixture
async def reserve(hass: HomeAssistant, controlled: MockConfigEntry) -> MockConfigEntry:
    """Return an entry whose string inverter keeps 60 % while a storm or the night is on, else the 10 % that it has."""
    config = {"storm": {"initial": False}, "night": {"initial": False}}
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": config})
    await automate(
        hass,
        "reserve",
        cut_off=entity_id(hass, CUT_OFF, "number"),
        reserve_when=["input_boolean.storm", "input_boolean.night"],
        reserve_soc=60,
        normal_soc=10,
    )
    return controlled


async def turn(hass: HomeAssistant, name: str, on: str) -> None:
    """Turn a toggle on or off."""
    await hass.services.async_call("input_boolean", f"turn_{on}", {"entity_id": f"input_boolean.{name}"}, blocking=True)


async def test_reserve(hass: HomeAssistant, cloud: Simulator, reserve: MockConfigEntry, advance: Advance) -> None:
    """Raised when the first reason begins, lowered when the last one ends."""
    before = shown(cloud, STRING)
    await turn(hass, "storm", "on")
    await advance(30)
    await turn(hass, "storm", "off")
    await advance(CHANGE)
    assert written(cloud, before) == []
    await turn(hass, "storm", "on")
    await advance(CHANGE)
    assert written(cloud, before) == [{"dischargeCutoffSoc": 60}]
    await turn(hass, "night", "on")
    await advance(CHANGE)
    await turn(hass, "storm", "off")
    await advance(CHANGE)
    assert written(cloud, before) == [{"dischargeCutoffSoc": 60}]
    await turn(hass, "night", "off")
    await advance(CHANGE)
    assert written(cloud, before) == [{"dischargeCutoffSoc": 60}, {}]


async def test_a_reserve_that_ends_while_it_is_written(
    hass: HomeAssistant, cloud: Simulator, reserve: MockConfigEntry, advance: Advance
) -> None:
    """The level that applies at last is the one that remains."""
    before = shown(cloud, STRING)
    cloud.configure(limit=300)
    await turn(hass, "storm", "on")
    await advance(70, step=5)
    await turn(hass, "storm", "off")
    await advance(30 * MINUTE, step=60)
    assert shown(cloud, STRING) == before
    assert state(hass, CUT_OFF, "number").state == "10.0"


@pytest.mark.parametrize(("level", "after"), [(60, 10), (35, 35)])
async def test_a_reserve_after_a_restart(
    hass: HomeAssistant, cloud: Simulator, reserve: MockConfigEntry, advance: Advance, level: int, after: int
) -> None:
    """A reserve that is left over is taken back; a level that somebody else has chosen stays."""
    await set_number(hass, level)
    await advance(CHANGE)
    assert await hass.config_entries.async_unload(reserve.entry_id)
    await settle(hass)
    await set_up_again(hass, reserve)
    await advance(CHANGE)
    assert shown(cloud, STRING)["dischargeCutoffSoc"] == after


async def test_a_reserve_for_unknown_reasons(
    hass: HomeAssistant, cloud: Simulator, reserve: MockConfigEntry, advance: Advance
) -> None:
    """Nothing is changed while nobody knows whether there is a storm; then, what applies is."""
    before = shown(cloud, STRING)
    hass.states.async_set("input_boolean.storm", "unavailable")
    await advance(CHANGE)
    await turn(hass, "night", "on")
    await turn(hass, "night", "off")
    await advance(CHANGE)
    assert written(cloud, before) == []
    hass.states.async_set("input_boolean.storm", "on")
    await advance(CHANGE)
    assert written(cloud, before) == [{"dischargeCutoffSoc": 60}]
