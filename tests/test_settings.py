"""Settings of devices: shown, changed in one way, read back."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from simulator import Simulator
from .common import Advance, set_up, state, entity_id
from .settings_common import *

async def test_x(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    for s in hass.states.async_all(["number","select","switch","time"]): print(s)
    from homeassistant.helpers import entity_registry as er
    for e in er.async_get(hass).entities.values():
        if e.domain=="sensor" and ("soc" in e.entity_id or 'setting' in e.entity_id): print(e.entity_id, e.disabled_by)
    await advance(70)
    r = await act(hass, advance, "set_settings", device_id=device_id(hass, entry, STRING), settings={"discharge_cut_off_soc": 30})
    print(r)
    print(puts(cloud), cloud.violations)
    r = await act(hass, advance, "get_settings", device_id=device_id(hass, entry, STRING))
    print(r)
    assert 0
