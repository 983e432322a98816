"""Blueprints that act on the battery: what they write to the inverter, and when they leave it alone."""

from itertools import pairwise
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import Advance, entity_id, state
from ..control.common import CENTRAL, CUT_OFF, STRING, act, device_id, set_number, shown
from .common import automate, set_up_again, settle, written

MINUTE, HOUR = 60, 3600
# A change is written and read back within this time.
CHANGE = 6 * MINUTE
CONTROL = f"{CENTRAL}_battery_control"
CHARGING = {"modeSelection": 9}
TO_FULL = CHARGING | {"gridChargeCutoffSoc": 100}
WATTS = {"unit_of_measurement": "W"}
KWH = {"unit_of_measurement": "kWh"}


def controls(hass: HomeAssistant) -> str:
    """Return what the battery of the central inverter is made to do."""
    return state(hass, CONTROL).state


def inputs(hass: HomeAssistant) -> dict[str, str]:
    """Return the entities of the central inverter that most blueprints ask for."""
    return {
        "control": entity_id(hass, CONTROL),
        "soc": entity_id(hass, f"{CENTRAL}_battery_state_of_charge"),
    }


async def hold(hass: HomeAssistant, entry: MockConfigEntry, advance: Advance) -> None:
    """Let somebody hold the battery of the central inverter."""
    await act(hass, advance, "hold", device_id=device_id(hass, entry, CENTRAL), duration={"hours": 20}, wait=0)
    await advance(CHANGE, step=60)
    assert controls(hass) == "holding"


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


async def cheap(hass: HomeAssistant, **other: Any) -> None:
    """Charge the battery of the central inverter with 15 kW to 80 % below 0.10, and not above 0.20, for 3 hours."""
    await automate(
        hass,
        "charge_when_cheap",
        **inputs(hass),
        price="sensor.price",
        price_low=0.1,
        price_high=0.2,
        **{"target_soc": 80, "power": 15, "longest": 3, **other},
    )


async def test_charge_when_cheap(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    """Starts below the low price, goes on in between, and goes back above the high one."""
    before = shown(cloud, CENTRAL)
    hass.states.async_set("sensor.price", "0.25")
    await cheap(hass)
    charging = CHARGING | {"gridChargePower": 15, "chargeCutoffSoc": 80, "gridChargeCutoffSoc": 80}
    for price, control, writes in (
        ("0.15", "none", []),
        ("0.09", "charging", [charging]),
        ("0.15", "charging", [charging]),
        ("0.08", "charging", [charging]),
        ("unavailable", "charging", [charging]),
        ("0.30", "none", [charging, {}]),
    ):
        hass.states.async_set("sensor.price", price)
        await advance(CHANGE)
        assert (controls(hass), written(cloud, before)) == (control, writes)


async def test_a_charge_ends_though_the_price_has_gone(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    """Without power, the inverter charges with the power that it is set to."""
    before = shown(cloud, CENTRAL)
    hass.states.async_set("sensor.price", "0.25")
    await cheap(hass, power=0)
    hass.states.async_set("sensor.price", "0.05")
    await advance(CHANGE)
    charging = CHARGING | {"chargeCutoffSoc": 80, "gridChargeCutoffSoc": 80}
    assert written(cloud, before) == [charging]
    hass.states.async_set("sensor.price", "unavailable")
    await advance(3 * HOUR, step=300)
    assert (controls(hass), written(cloud, before)) == ("none", [charging, {}])


@pytest.mark.parametrize("reason", ["full", "held", "price"])
async def test_no_charge_when_cheap(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance, reason: str
) -> None:
    """Not if the target is reached, not if somebody holds the battery, not without a price."""
    hass.states.async_set("sensor.price", "0.25")
    if reason == "held":
        await hold(hass, controlled, advance)
    before, count = shown(cloud, CENTRAL), len(written(cloud, shown(cloud, CENTRAL)))
    await cheap(hass, target_soc=40 if reason == "full" else 80)
    hass.states.async_set("sensor.price", "unknown" if reason == "price" else "0.05")
    await advance(CHANGE)
    # Nor is what somebody else has begun ended by a high price.
    hass.states.async_set("sensor.price", "0.30")
    await advance(CHANGE)
    assert len(written(cloud, before)) == count


async def test_a_charge_begins_when_the_inverter_is_back(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    """A restart of the integration in the middle of cheap hours costs nothing but time."""
    hass.states.async_set("sensor.price", "0.25")
    await cheap(hass)
    assert await hass.config_entries.async_unload(controlled.entry_id)
    await settle(hass)
    hass.states.async_set("sensor.price", "0.05")
    await settle(hass)
    await set_up_again(hass, controlled)
    await advance(CHANGE)
    assert controls(hass) == "charging"


async def tomorrow(hass: HomeAssistant, **other: Any) -> None:
    """Charge at 14:05 what a need of 100 kWh leaves, for a battery of 200 kWh."""
    await automate(
        hass,
        "charge_for_tomorrow",
        **inputs(hass),
        forecast="sensor.forecast",
        need=100,
        capacity=200,
        start="14:05:00",
        **{"power": 12.5, **other},
    )


@pytest.mark.parametrize(
    ("forecast", "unit", "target"),
    [
        # 20 % are left in the evening; 80 % of the forecast are relied on.
        ("50", "kWh", 50),
        ("50000", "Wh", 50),
        ("75", "kWh", None),
        ("70", "kWh", 42),
        ("200", "kWh", None),
        ("unavailable", "kWh", None),
    ],
)
async def test_charge_for_tomorrow(
    hass: HomeAssistant,
    cloud: Simulator,
    controlled: MockConfigEntry,
    advance: Advance,
    forecast: str,
    unit: str,
    target: int | None,
) -> None:
    """As far as the sun will not suffice, until the morning; not at all if it will, or if nobody knows."""
    before = shown(cloud, CENTRAL)
    hass.states.async_set("sensor.forecast", forecast, {"unit_of_measurement": unit})
    await tomorrow(hass)
    await advance(4 * MINUTE)
    assert controls(hass) == "none"
    await advance(CHANGE + MINUTE)
    if target is None:
        assert written(cloud, before) == []
        return
    charging = CHARGING | {"gridChargePower": 12.5, "chargeCutoffSoc": target}
    assert written(cloud, before) == [charging]
    await advance(15.5 * HOUR, step=300)
    assert controls(hass) == "charging"
    await advance(HOUR, step=300)
    assert (controls(hass), written(cloud, before)) == ("none", [charging, {}])


@pytest.mark.parametrize(("forecast", "highest", "target"), [("0", 90, 70), ("0", 60, 60)])
async def test_the_target_has_limits(
    hass: HomeAssistant,
    cloud: Simulator,
    controlled: MockConfigEntry,
    advance: Advance,
    forecast: str,
    highest: int,
    target: int,
) -> None:
    hass.states.async_set("sensor.forecast", forecast, KWH)
    await tomorrow(hass, highest_soc=highest)
    await advance(4 * MINUTE + CHANGE)
    assert shown(cloud, CENTRAL)["chargeCutoffSoc"] == target


async def test_tomorrow_leaves_a_held_battery_alone(
    hass: HomeAssistant,
    cloud: Simulator,
    controlled: MockConfigEntry,
    advance: Advance,
) -> None:
    await hold(hass, controlled, advance)
    before = shown(cloud, CENTRAL)
    hass.states.async_set("sensor.forecast", "0", KWH)
    await tomorrow(hass)
    await advance(4 * MINUTE + CHANGE)
    assert shown(cloud, CENTRAL) == before


@pytest.fixture
async def weekly(hass: HomeAssistant, controlled: MockConfigEntry) -> MockConfigEntry:
    """Return an entry for a weekly charge; the battery was full two weeks ago, and is at 40 %."""
    config = {"full": {"has_date": True, "has_time": True, "initial": "2026-07-01 12:00:00"}}
    assert await async_setup_component(hass, "input_datetime", {"input_datetime": config})
    hass.states.async_set("sensor.soc", "40")
    return controlled


async def charge_weekly(hass: HomeAssistant, **other: Any) -> None:
    """Charge the battery fully on Wednesdays at 15:00, unless it was full in the last days."""
    await automate(
        hass,
        "weekly_full_charge",
        soc="sensor.soc",
        start="15:00:00",
        last_full="input_datetime.full",
        **{"control": entity_id(hass, CONTROL), "weekday": "wed", "power": 0, "longest": 2, **other},
    )


def last_full(hass: HomeAssistant) -> str:
    """Return when the battery was full, as it is remembered."""
    found = hass.states.get("input_datetime.full")
    assert found is not None
    return found.state


async def test_weekly_full_charge(
    hass: HomeAssistant, cloud: Simulator, weekly: MockConfigEntry, advance: Advance
) -> None:
    """On the day and at the time, for as long as was chosen; not again on the next day."""
    before = shown(cloud, CENTRAL)
    await charge_weekly(hass, power=15)
    await advance(50 * MINUTE, step=60)
    assert written(cloud, before) == []
    await advance(20 * MINUTE, step=60)
    full = TO_FULL | {"gridChargePower": 15}
    assert (controls(hass), written(cloud, before)) == ("charging", [full])
    await advance(2 * HOUR, step=300)
    assert (controls(hass), written(cloud, before)) == ("none", [full, {}])
    await advance(26 * HOUR, step=300)
    assert len(written(cloud, before)) == 2


async def test_a_battery_that_was_full_this_week_is_not_charged(
    hass: HomeAssistant, cloud: Simulator, weekly: MockConfigEntry, advance: Advance
) -> None:
    """That the sun has filled it is remembered after half an hour at 100 %."""
    before = shown(cloud, CENTRAL)
    await charge_weekly(hass)
    hass.states.async_set("sensor.soc", "100")
    await advance(25 * MINUTE, step=60)
    assert last_full(hass) == "2026-07-01 12:00:00"
    await advance(10 * MINUTE, step=60)
    assert last_full(hass).startswith("2026-07-15 14:3")
    hass.states.async_set("sensor.soc", "40")
    await advance(HOUR, step=60)
    assert written(cloud, before) == []


@pytest.mark.parametrize(
    ("soc", "other"),
    [("100", {}), ("unavailable", {}), ("40", {"weekday": "thu"}), ("40", {"control": "sensor.missing"})],
)
async def test_no_weekly_charge(
    hass: HomeAssistant,
    cloud: Simulator,
    weekly: MockConfigEntry,
    advance: Advance,
    soc: str,
    other: dict[str, str],
) -> None:
    """Of a battery that is full or unknown, on another day, or if the inverter cannot be controlled."""
    before = shown(cloud, CENTRAL)
    hass.states.async_set("sensor.soc", soc)
    await charge_weekly(hass, **other)
    await advance(70 * MINUTE, step=60)
    assert written(cloud, before) == []


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
    hass.states.async_set("sensor.plan", "unknown", WATTS)
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
