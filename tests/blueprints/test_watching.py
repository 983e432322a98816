"""Blueprints that watch: they tell once what is new, and act on loads with hysteresis."""

from collections.abc import Mapping
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from ..common import Advance, entity_id, set_up
from ..control.common import CENTRAL
from .common import BATTERY, GRID, SOC, automate, notices, send, settle, told

# After this, in seconds, a sample that is taken from now on has been read for sure.
SAMPLE = 660


async def switches(hass: HomeAssistant, **states: bool) -> None:
    """Create toggles that are on or off."""
    config = {name: {"initial": on} for name, on in states.items()}
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": config})


def are_on(hass: HomeAssistant) -> list[str]:
    """Return the toggles that are on."""
    return sorted(state.name for state in hass.states.async_all("input_boolean") if state.state == "on")


async def test_fault_notice(hass: HomeAssistant, cloud: Simulator, central: MockConfigEntry, advance: Advance) -> None:
    """Each fault is told once when it appears and once when it clears, and not again after a reload."""
    assert await async_setup_component(hass, "homeassistant", {})
    calls = notices(hass)
    await automate(hass, "fault_notice", faults=[entity_id(hass, f"{CENTRAL}_fault", "event")])
    send(cloud, sysFaultWord5=1024)
    await advance(SAMPLE, step=60)
    assert told(calls) == [("hps_central 1: fault", "Emergency stop on the display (5-110-2)")]
    assert await hass.config_entries.async_reload(central.entry_id)
    await advance(SAMPLE, step=60)
    assert told(calls) == []
    cloud.clear()
    await advance(SAMPLE, step=60)
    assert told(calls) == [("hps_central 1: fault cleared", "Emergency stop on the display (5-110-2)")]


async def test_several_faults_at_once(
    hass: HomeAssistant, cloud: Simulator, central: MockConfigEntry, advance: Advance
) -> None:
    calls = notices(hass)
    await automate(hass, "fault_notice", faults=[entity_id(hass, f"{CENTRAL}_fault", "event")])
    send(cloud, sysFaultWord5=1024, sysFaultWord1=512)
    await advance(SAMPLE, step=60)
    assert {message.rpartition(" ")[2] for _, message in told(calls)} == {"(1-102-1)", "(5-110-2)"}


@pytest.mark.parametrize("inputs", [{"severities": ["warning"]}, {"severities": []}])
async def test_faults_that_nobody_asked_for(
    hass: HomeAssistant, cloud: Simulator, central: MockConfigEntry, advance: Advance, inputs: Mapping[str, Any]
) -> None:
    calls = notices(hass)
    await automate(hass, "fault_notice", faults=[entity_id(hass, f"{CENTRAL}_fault", "event")], **inputs)
    send(cloud, sysFaultWord5=1024)
    await advance(SAMPLE, step=60)
    cloud.clear()
    await advance(SAMPLE, step=60)
    assert told(calls) == []


async def test_cleared_faults_are_not_told_unless_asked(
    hass: HomeAssistant, cloud: Simulator, central: MockConfigEntry, advance: Advance
) -> None:
    calls = notices(hass)
    await automate(hass, "fault_notice", faults=[entity_id(hass, f"{CENTRAL}_fault", "event")], cleared=False)
    send(cloud, sysFaultWord5=1024)
    await advance(SAMPLE, step=60)
    cloud.clear()
    await advance(SAMPLE, step=60)
    assert [title for title, _ in told(calls)] == ["hps_central 1: fault"]


@pytest.mark.parametrize("lost", [False, True])
async def test_data_stopped(
    hass: HomeAssistant, cloud: Simulator, central: MockConfigEntry, advance: Advance, lost: bool
) -> None:
    """Told once, the chosen time after the device went offline, and once when there is data again."""
    calls = notices(hass)
    await automate(hass, "data_stopped", online=[entity_id(hass, f"{CENTRAL}_online", "binary_sensor")])
    await advance(3600, step=300)
    assert told(calls) == []
    cloud.inject(kind="offline", device=CENTRAL, lost=lost)
    await advance(1800 if lost else 2700, step=60)
    assert told(calls) == []
    await advance(900, step=60)
    [(title, message)] = told(calls)
    assert title == "hps_central 1: no data"
    assert message == "There has been no data for a while. Check the data logger and its network."
    await advance(7200, step=300)
    assert told(calls) == []
    cloud.clear()
    await advance(1800, step=60)
    assert told(calls) == [("hps_central 1: data again", "The device sends data again.")]


async def test_a_short_gap_is_not_told(
    hass: HomeAssistant, cloud: Simulator, central: MockConfigEntry, advance: Advance
) -> None:
    """Neither that it began nor that it ended; nor is a reload."""
    online = entity_id(hass, f"{CENTRAL}_online", "binary_sensor")
    calls = notices(hass)
    await automate(hass, "data_stopped", online=[online])
    cloud.inject(kind="offline", device=CENTRAL)
    await advance(1500, step=60)
    found = hass.states.get(online)
    assert found is not None
    assert found.state == "off"
    cloud.clear()
    await advance(420, step=60)
    found = hass.states.get(online)
    assert found is not None
    assert found.state == "on"
    assert await hass.config_entries.async_reload(central.entry_id)
    await advance(3600, step=300)
    assert told(calls) == []


async def test_an_integration_that_is_not_loaded_is_told(
    hass: HomeAssistant, central: MockConfigEntry, advance: Advance
) -> None:
    calls = notices(hass)
    await automate(hass, "data_stopped", online=[entity_id(hass, f"{CENTRAL}_online", "binary_sensor")])
    assert await hass.config_entries.async_unload(central.entry_id)
    await advance(1900, step=60)
    assert [title for title, _ in told(calls)] == ["hps_central 1: no data"]


@pytest.fixture
async def surplus(hass: HomeAssistant, cloud: Simulator, central: MockConfigEntry, advance: Advance) -> MockConfigEntry:
    """Return an entry with a load that surplus of 20 kW turns on, from a state of charge of 80 % on."""
    await switches(hass, heater=False)
    send(cloud, **{GRID: 0.0, BATTERY: 0.0, SOC: 90})
    await advance(SAMPLE, step=60)
    await automate(
        hass,
        "use_surplus",
        grid_power=entity_id(hass, f"{CENTRAL}_grid_power"),
        battery_power=entity_id(hass, f"{CENTRAL}_battery_power"),
        load="input_boolean.heater",
        on_surplus=20,
        off_surplus=-2,
        soc=entity_id(hass, f"{CENTRAL}_battery_state_of_charge"),
    )
    return central


@pytest.mark.parametrize(
    ("members", "on"),
    [
        ({GRID: 25.0, BATTERY: 0.0, SOC: 90}, True),
        # What goes into the battery could be used as well.
        ({GRID: 5.0, BATTERY: -20.0, SOC: 90}, True),
        # The battery feeds the grid.
        ({GRID: 25.0, BATTERY: 25.0, SOC: 90}, False),
        ({GRID: 15.0, BATTERY: 0.0, SOC: 90}, False),
        ({GRID: 25.0, BATTERY: 0.0, SOC: 60}, False),
    ],
)
async def test_surplus_turns_on(
    hass: HomeAssistant,
    cloud: Simulator,
    surplus: MockConfigEntry,
    advance: Advance,
    members: dict[str, float],
    on: bool,
) -> None:
    send(cloud, **members)
    await advance(600, step=60)
    assert are_on(hass) == []
    await advance(SAMPLE, step=60)
    assert are_on(hass) == (["heater"] if on else [])


async def test_a_single_sample_turns_nothing_on(
    hass: HomeAssistant, cloud: Simulator, surplus: MockConfigEntry, advance: Advance
) -> None:
    for power in (25.0, 0.0, 25.0, 0.0):
        send(cloud, **{GRID: power, BATTERY: 0.0, SOC: 90})
        await advance(300)
    await advance(1200, step=60)
    assert are_on(hass) == []


async def test_a_load_on_surplus_runs_until_there_is_none(
    hass: HomeAssistant, cloud: Simulator, surplus: MockConfigEntry, advance: Advance
) -> None:
    """What it uses itself does not turn it off, and neither does a little from the grid."""
    send(cloud, **{GRID: 25.0, BATTERY: 0.0, SOC: 90})
    await advance(1500, step=60)
    assert are_on(hass) == ["heater"]
    for power in (0.0, -1.5):
        send(cloud, **{GRID: power, BATTERY: 0.0, SOC: 90})
        await advance(1800, step=60)
        assert are_on(hass) == ["heater"]
    # The battery covers it, so nothing comes from the grid.
    send(cloud, **{GRID: 0.0, BATTERY: 5.0, SOC: 90})
    await advance(600, step=60)
    assert are_on(hass) == ["heater"]
    await advance(900, step=60)
    assert are_on(hass) == []


@pytest.mark.parametrize("soc", [76, 74])
async def test_a_battery_that_gets_empty_turns_the_load_off(
    hass: HomeAssistant, cloud: Simulator, surplus: MockConfigEntry, advance: Advance, soc: int
) -> None:
    send(cloud, **{GRID: 25.0, BATTERY: 0.0, SOC: 90})
    await advance(1500, step=60)
    send(cloud, **{GRID: 25.0, BATTERY: 0.0, SOC: soc})
    await advance(1500, step=60)
    assert are_on(hass) == (["heater"] if soc == 76 else [])


async def test_surplus_without_data(
    hass: HomeAssistant, cloud: Simulator, surplus: MockConfigEntry, advance: Advance
) -> None:
    """A load does not run on what nobody knows."""
    send(cloud, **{GRID: 25.0, BATTERY: 0.0, SOC: 90})
    await advance(1500, step=60)
    assert are_on(hass) == ["heater"]
    cloud.inject(kind="offline", device=CENTRAL)
    await advance(660, step=60)
    assert are_on(hass) == ["heater"]
    await advance(1200, step=60)
    assert are_on(hass) == []


async def test_surplus_in_watts(
    hass: HomeAssistant, cloud: Simulator, surplus: MockConfigEntry, advance: Advance
) -> None:
    """The unit that a user has chosen for the entities does not matter."""
    for key in ("grid_power", "battery_power"):
        er.async_get(hass).async_update_entity_options(
            entity_id(hass, f"{CENTRAL}_{key}"), "sensor", {"unit_of_measurement": "W"}
        )
    send(cloud, **{GRID: 15.0, BATTERY: 0.0, SOC: 90})
    await advance(1800, step=60)
    found = hass.states.get(entity_id(hass, f"{CENTRAL}_grid_power"))
    assert found is not None
    assert float(found.state) == -15000
    assert are_on(hass) == []
    send(cloud, **{GRID: 25.0, BATTERY: 0.0, SOC: 90})
    await advance(1800, step=60)
    assert are_on(hass) == ["heater"]


@pytest.mark.parametrize(("restore", "after"), [(False, ["lamp"]), (True, ["lamp", "pump"])])
async def test_shed_loads(
    hass: HomeAssistant,
    cloud: Simulator,
    central: MockConfigEntry,
    advance: Advance,
    restore: bool,
    after: list[str],
) -> None:
    """Off when the battery is low; if asked, on again when it has recovered: those that were on."""
    await switches(hass, pump=True, heater=False, lamp=True)
    send(cloud, **{SOC: 50})
    await advance(SAMPLE, step=60)
    await automate(
        hass,
        "shed_loads",
        soc=entity_id(hass, f"{CENTRAL}_battery_state_of_charge"),
        loads=["input_boolean.pump", "input_boolean.heater"],
        restore=restore,
    )
    for soc, on in ((26, ["lamp", "pump"]), (24, ["lamp"]), (39, ["lamp"]), (26, ["lamp"]), (41, after)):
        send(cloud, **{SOC: soc})
        await advance(SAMPLE, step=60)
        assert are_on(hass) == on


@pytest.mark.parametrize("outage_first", [True, False])
async def test_shed_loads_only_in_an_outage(
    hass: HomeAssistant, cloud: Simulator, central: MockConfigEntry, advance: Advance, outage_first: bool
) -> None:
    """Whichever comes first; when the grid is back, what was on is turned on again."""
    await switches(hass, pump=True)
    grid = entity_id(hass, f"{CENTRAL}_grid_present", "binary_sensor")
    outage: dict[str, float] = {"gridFreq": 0, "gvpvuv": 0, "gvpvvw": 0, "gvpvwu": 0}
    send(cloud, **{SOC: 50})
    await advance(SAMPLE, step=60)
    await automate(
        hass,
        "shed_loads",
        soc=entity_id(hass, f"{CENTRAL}_battery_state_of_charge"),
        loads=["input_boolean.pump"],
        restore=True,
        grid=grid,
    )
    send(cloud, **({SOC: 50, **outage} if outage_first else {SOC: 20}))
    await advance(SAMPLE, step=60)
    assert are_on(hass) == ["pump"]
    send(cloud, **{SOC: 20, **outage})
    await advance(SAMPLE, step=60)
    found = hass.states.get(grid)
    assert found is not None
    assert found.state == "off"
    assert are_on(hass) == []
    send(cloud, **{SOC: 20})
    await advance(SAMPLE, step=60)
    assert are_on(hass) == ["pump"]


async def test_a_reload_sheds_nothing(
    hass: HomeAssistant, cloud: Simulator, central: MockConfigEntry, advance: Advance
) -> None:
    await switches(hass, pump=True)
    send(cloud, **{SOC: 50})
    await advance(SAMPLE, step=60)
    await automate(
        hass,
        "shed_loads",
        soc=entity_id(hass, f"{CENTRAL}_battery_state_of_charge"),
        loads=["input_boolean.pump"],
    )
    assert await hass.config_entries.async_unload(central.entry_id)
    await settle(hass)
    await set_up(hass, central)
    await advance(SAMPLE, step=60)
    assert are_on(hass) == ["pump"]
