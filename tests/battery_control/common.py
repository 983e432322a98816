"""What the tests of battery control share."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.battery_control.controller import BatteryControl
from simulator import Simulator

from ..common import Advance, entity_id, set_up, state
from ..control.common import CENTRAL, PLAIN_CENTRAL, add_settings_entry, device_id

MINUTE, HOUR = 60, 3600
# Of what a killed process began.
DURATION = timedelta(minutes=20)
# Cloud's keys, and the modes behind them.
MODE, CUT_OFF, RECOVER = "modeSelection", "dischargeCutoffSoc", "dischargeRecoverSoc"
CHARGE_CUT_OFF, GRID_POWER, GRID_CUT_OFF = "chargeCutoffSoc", "gridChargePower", "gridChargeCutoffSoc"
OUTPUT = "outputPowerSet"
LOAD_FIRST, ECONOMY, DISCHARGE, FORCED = 0, 2, 8, 9


async def set_up_pair(
    hass: HomeAssistant, cloud: Simulator, confirmed: Mapping[str, Mapping[str, str | None]] | None = None
) -> MockConfigEntry:
    """Set up a string and a central inverter; polling is at rest, so that only settings are asked for."""
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud, devices=2, confirmed=confirmed)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await set_up(hass, entry)
    return entry


def without(*keys: str, serial: str = CENTRAL) -> dict[str, dict[str, str | None]]:
    """Return what a user has confirmed of a central inverter, without some of the settings."""
    return {serial: {key: value for key, value in PLAIN_CENTRAL.items() if key not in keys}}


async def call(hass: HomeAssistant, entry: MockConfigEntry, name: str, serial: str = CENTRAL, **data: Any) -> Any:
    """Call an action that does not wait, and return its answer for the device."""
    device = device_id(hass, entry, serial)
    answer: Any = await hass.services.async_call(
        "atess", name, {"device_id": device, "wait": 0, **data}, blocking=True, return_response=True
    )
    return answer["devices"][device]


def control_of(entry: MockConfigEntry, serial: str = CENTRAL) -> BatteryControl:
    """Return the battery control of a device."""
    controls: list[BatteryControl] = list(entry.runtime_data.battery_controls.values())
    return next(item for item in controls if item.settings.identifier == serial)


def shows(hass: HomeAssistant, serial: str = CENTRAL) -> str:
    """Return what the sensor shows, and the stage."""
    found = state(hass, f"{serial}_battery_control")
    return f"{found.state} {found.attributes['stage']}"


async def until(advance: Advance, condition: Any, seconds: float = 20 * MINUTE, step: float = 10) -> None:
    """Let time pass until something is so."""
    while not condition() and seconds > 0:
        await advance(step, step=step)
        seconds -= step
    assert condition()


class TimeFile:
    """The file that holds the time of a process, for the cloud that outlives it."""

    def __init__(self, path: Path) -> None:
        """Know where it is."""
        self.path = path

    def read(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(float(self.path.read_text(encoding="ascii")), UTC)

    def write(self, now: datetime) -> None:
        """Store a time, which freezegun gives without its zone; in one step, since the process may be killed."""
        new = self.path.with_suffix(".new")
        new.write_text(str(now.replace(tzinfo=UTC).timestamp()), encoding="ascii")
        new.replace(self.path)


class Told:
    """The events of battery control of a device, in their order."""

    def __init__(self, hass: HomeAssistant, serial: str = CENTRAL) -> None:
        """Listen from now on."""
        self.items: list[tuple[str, str | None, str | None]] = []
        async_track_state_change_event(hass, entity_id(hass, f"{serial}_battery_control", "event"), self._note)

    @callback
    def _note(self, event: Event[EventStateChangedData]) -> None:
        new, old = event.data["new_state"], event.data["old_state"]
        if new is None or new.state in {"unknown", "unavailable"} or (old is not None and old.state == new.state):
            return
        attributes = new.attributes
        self.items.append((attributes["event_type"], attributes["reason"], attributes["settings"]))

    @property
    def types(self) -> list[str]:
        """The types of the events."""
        return [item[0] for item in self.items]
