"""Outages of the grid: the event that tells of them once, and how long the battery would last."""

from typing import Any

import pytest
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulator import Simulator

from .common import Advance, entity_id, restart, set_up, state
from .control.common import add_settings_entry
from .test_battery import change_device

STRING, CENTRAL = "SIMHPS0001", "SIMHPS0002"


def watch(hass: HomeAssistant, serial: str) -> list[dict[str, Any]]:
    """Return a list that fills with the attributes of each event of the device's grid."""
    events: list[dict[str, Any]] = []
    entity, seen = entity_id(hass, f"{serial}_grid", "event"), set()

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if event.data["entity_id"] == entity and new is not None and "since" in new.attributes:
            if new.state not in seen:
                events.append(dict(new.attributes))
            seen.add(new.state)

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    return events


@pytest.mark.parametrize("serial", [STRING, CENTRAL])
async def test_an_outage_is_told_once(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance, serial: str
) -> None:
    """Lost with the next sample, back with the next; a reload and a restart tell nothing again."""
    events = watch(hass, serial)
    assert state(hass, f"{serial}_grid", "event").state == "unknown"
    cloud.inject(kind="grid", device=serial)
    await advance(700, 60)
    assert [event["event_type"] for event in events] == ["lost"]
    assert state(hass, f"{serial}_grid_present", "binary_sensor").state == "off"
    assert await hass.config_entries.async_reload(entry.entry_id)
    await restart(hass, entry)
    await advance(1200, 60)
    cloud.inject(kind="grid", device=serial, lost=False)
    await advance(700, 60)
    await restart(hass, entry)
    assert [event["event_type"] for event in events] == ["lost", "back"]
    assert 25 <= events[1]["minutes"] <= 45
    assert state(hass, f"{serial}_grid", "event").attributes["event_type"] == "back"


async def test_an_outage_while_home_assistant_is_off(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """It is told when Home Assistant is back."""
    events = watch(hass, STRING)
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.inject(kind="grid")
    await advance(3600, 600)
    await set_up(hass, entry)
    await advance(700, 60)
    assert [event["event_type"] for event in events] == ["lost"]


async def test_what_is_no_outage(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """Silence, a cloud that fails, a lost device, a sample of zeros."""
    events = [*watch(hass, STRING), *watch(hass, CENTRAL)]
    cloud.inject(kind="http_status", status=503)
    await advance(3600, 60)
    cloud.clear()
    await advance(700, 60)
    cloud.inject(kind="offline", device=STRING)
    await advance(3600, 60)
    cloud.clear()
    zeros = ("gvpvu", "gvpvv", "gvpvw", "bypassFreq", "vbat", "bvbus", "outvu", "outvv", "outvw", "status")
    cloud.inject(kind="members", device=STRING, set=dict.fromkeys(zeros, 0))
    await advance(1200, 60)
    cloud.clear()
    cloud.inject(kind="members", device=STRING, set={"gvpvu": 0, "gvpvv": 0, "gvpvw": 0, "bypassFreq": 0}, count=1)
    await advance(1200, 60)
    assert events == []
    assert state(hass, f"{STRING}_grid", "event").state == "unknown"


async def test_backup_time(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Charge above the confirmed cut-off, times capacity, by the load of the last hour; unavailable before."""
    entry = add_settings_entry(hass, cloud, devices=2, scan_interval=5)
    cloud.inject(kind="members", device=CENTRAL, set={"capacity": 70, "soc": 70, "loadActivePower": 24.6})
    await set_up(hass, entry)
    await change_device(hass, entry, CENTRAL, usable_capacity=205)
    await advance(2400, 60)
    # The cut-off is 10 %.
    assert float(state(hass, f"{CENTRAL}_backup_time").state) == pytest.approx(0.6 * 205 / 24.6, abs=0.01)
    assert state(hass, f"{CENTRAL}_backup_time").attributes["unit_of_measurement"] == "h"
    await restart(hass, entry)
    assert float(state(hass, f"{CENTRAL}_backup_time").state) == pytest.approx(5.0, abs=0.01)
    await change_device(hass, entry, CENTRAL)
    assert state(hass, f"{CENTRAL}_backup_time").state == STATE_UNAVAILABLE
