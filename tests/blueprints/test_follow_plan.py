"""The blueprint that follows a plan: what it writes to the inverter, and when it leaves it alone."""

from itertools import pairwise
from typing import Any

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import Advance, entity_id
from ..control.common import CENTRAL, STRING, shown
from .common import CHANGE, CHARGING, CONTROL, HOUR, MINUTE, TO_FULL, automate, controls, written


async def follow(hass: HomeAssistant, **other: Any) -> None:
    """Follow a plan with the central inverter."""
    await automate(hass, "follow_plan", control=entity_id(hass, CONTROL), plan="sensor.plan", **other)


def plan(hass: HomeAssistant, watts: float, unit: str = "W") -> None:
    """Publish a planned power; repeat it, if it is the same."""
    hass.states.async_set("sensor.plan", str(watts), {"unit_of_measurement": unit})


async def test_follow_a_plan(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    """Charge as planned; small changes are left out; when it is to discharge, the inverter does what it did before."""
    before = shown(cloud, CENTRAL)
    plan(hass, 0)
    await follow(hass)
    plan(hass, -5200)
    await advance(CHANGE)
    writes = [TO_FULL | {"gridChargePower": 5.2}]
    assert (controls(hass), written(cloud, before)) == ("charging", writes)
    plan(hass, -5600)
    await advance(2 * CHANGE)
    assert written(cloud, before) == writes
    plan(hass, -9000)
    await advance(2 * CHANGE)
    writes.append(TO_FULL | {"gridChargePower": 9})
    assert written(cloud, before) == writes
    plan(hass, 4000)
    await advance(2 * CHANGE)
    assert (controls(hass), written(cloud, before)) == ("none", [*writes, {}])


async def test_a_plan_near_zero_holds_the_battery(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    before = shown(cloud, CENTRAL)
    plan(hass, 4000)
    await follow(hass)
    plan(hass, 150)
    await advance(CHANGE)
    assert controls(hass) == "holding"
    held = {"modeSelection": 0, "gridChargePower": 0, "dischargeCutoffSoc": 40, "dischargeRecoverSoc": 41}
    assert written(cloud, before) == [held]
    for watts in (-200, 300):
        plan(hass, watts)
        await advance(CHANGE)
    assert written(cloud, before) == [held]
    plan(hass, 4000)
    await advance(CHANGE)
    assert (controls(hass), written(cloud, before)) == ("none", [held, {}])


async def test_a_plan_in_kilowatts_that_discharges_by_itself(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    before = shown(cloud, CENTRAL)
    plan(hass, 0, "kW")
    await follow(hass, discharging="planned_power", lowest_soc=25)
    plan(hass, 7, "kW")
    await advance(CHANGE)
    assert controls(hass) == "discharging"
    [change] = written(cloud, before)
    assert change["modeSelection"] == 8
    assert shown(cloud, CENTRAL)["outputPowerSet"] == 7
    assert shown(cloud, CENTRAL)["dischargeCutoffSoc"] == 25


async def test_changes_of_a_plan_are_spaced(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    """A plan that changes each minute is written at most every 15 minutes; the last change is not lost."""
    before = shown(cloud, CENTRAL)
    plan(hass, 0)
    await follow(hass, pause=15)
    for minute in range(20):
        plan(hass, -3000 - 1000 * minute)
        await advance(60)
    await advance(20 * MINUTE, step=60)
    powers = [item["gridChargePower"] for item in written(cloud, before)]
    assert (len(powers), powers[0], powers[-1]) == (3, 3, 22)
    moments = [record.at for record in cloud.requests if record.method == "PUT"]
    assert min(later - earlier for earlier, later in pairwise(moments)) > 14 * MINUTE


async def test_an_old_plan_is_not_followed(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    """As long as it is published, control goes on; an hour after that has stopped, the settings are as before."""
    before = shown(cloud, CENTRAL)
    plan(hass, 0)
    await follow(hass)
    for _ in range(6):
        plan(hass, -5000)
        await advance(30 * MINUTE, step=300)
        assert controls(hass) == "charging"
    charging = TO_FULL | {"gridChargePower": 5}
    assert written(cloud, before) == [charging]
    await advance(1.5 * HOUR, step=300)
    assert (controls(hass), written(cloud, before)) == ("none", [charging, {}])
    await advance(HOUR, step=300)
    assert len(written(cloud, before)) == 2


async def test_a_plan_without_numbers(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    before = shown(cloud, CENTRAL)
    plan(hass, 0)
    await follow(hass)
    hass.states.async_set("sensor.plan", "unknown", {"unit_of_measurement": "W"})
    await advance(HOUR, step=300)
    assert written(cloud, before) == []


async def test_a_string_inverter_follows_a_plan_without_power(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    """It has no setting for the charging power."""
    before = shown(cloud, STRING)
    plan(hass, 4000)
    await automate(
        hass,
        "follow_plan",
        control=entity_id(hass, f"{STRING}_battery_control"),
        plan="sensor.plan",
        set_power=False,
        highest_soc=95,
    )
    for watts in (-2000, -4000):
        plan(hass, watts)
        await advance(2 * CHANGE)
    assert written(cloud, before) == [CHARGING | {"bmsSocUpperLimit": 95}]
