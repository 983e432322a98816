"""Blueprints that charge the battery: what they write to the inverter, and when they leave it alone."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import Advance, entity_id
from ..control.common import CENTRAL, act, device_id, shown
from .common import CHANGE, CHARGING, CONTROL, HOUR, MINUTE, TO_FULL, automate, controls, set_up_again, settle, written

KWH = {"unit_of_measurement": "kWh"}


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
