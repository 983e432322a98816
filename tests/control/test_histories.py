"""Two writers of the whole object, this integration and the app: in the end both have their last wishes."""

import random
from typing import Any

import pytest
from homeassistant.core import HomeAssistant

from simulator import Simulator

from ..common import Advance, set_up
from .common import CENTRAL, add_settings_entry, device_id, issues_of, shown

pytestmark = pytest.mark.campaign

HISTORIES, SEED = 500, 14
# By our key, or the simulator's name, and the cloud's key: what each side changes.
OURS = {"discharge_cut_off_soc": "dischargeCutoffSoc", "charge_cut_off_soc": "chargeCutoffSoc", "mode": "modeSelection"}
THEIRS = {
    "grid_charging_power": "gridChargePower",
    "grid_charge_cutoff_soc": "gridChargeCutoffSoc",
    "peak_1": "peakPeriodTime1",
}
MODES = {"load_first": 0, "economy": 2, "peak_shaving": 3}


def ours(chance: random.Random, key: str) -> tuple[Any, Any]:
    """Return a value to ask for, and what the cloud holds for it."""
    if key == "mode":
        mode = chance.choice(list(MODES))
        return mode, MODES[mode]
    value = chance.randint(0, 12) if key == "discharge_cut_off_soc" else chance.randint(30, 100)
    return value, value


def theirs(chance: random.Random, name: str) -> Any:
    """Return a value that the app sets."""
    if name == "peak_1":
        return f"17:{chance.randint(0, 59):02d}-22:00"
    return chance.randint(0, 90)


async def test_both_sides_have_their_last_wishes(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Random histories against a cloud that replaces the whole object."""
    chance = random.Random(SEED)
    cloud.configure(limit=60, write="replace")
    entry = add_settings_entry(hass, cloud, devices=2)
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await set_up(hass, entry)
    device = device_id(hass, entry, CENTRAL)
    [writer] = [item.writer for item in entry.runtime_data.settings.values() if item.identifier == CENTRAL]
    for number in range(HISTORIES):
        wishes: dict[str, Any] = {}
        for _ in range(chance.randint(2, 6)):
            if chance.random() < 0.5:
                key = chance.choice(list(OURS))
                value, wishes[OURS[key]] = ours(chance, key)
                data = {"device_id": device, "settings": {key: value}, "wait": 0}
                await hass.services.async_call("atess", "set_settings", data, blocking=True)
            else:
                name = chance.choice(list(THEIRS))
                value = wishes[THEIRS[name]] = theirs(chance, name)
                cloud.change_settings(CENTRAL, **{name: value})
            await advance(chance.choice((0.5, 1, 3, 15, 70)), step=15)
        for _ in range(60):
            if not writer.upcoming:
                break
            await advance(10, step=10)
        held = shown(cloud, CENTRAL)
        assert {key: held[key] for key in wishes} == wishes, number
        assert writer.upcoming == {}
    assert {item.translation_key for item in issues_of(hass)} <= {"settings_moved"}
