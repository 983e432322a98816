"""Against a cloud that replaces the whole object, no partial change touches another member."""

import asyncio
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.atess.const import DOMAIN
from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from simulator import Simulator

from ..common import set_up
from .common import CENTRAL, add_settings_entry, device_id, shown

pytestmark = pytest.mark.campaign

ROUNDS, WRITES = 27, 42


def window(start: int, end: int) -> str:
    """Return a period of the day from minutes."""
    return f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}"


MINUTE = st.integers(0, 1439)
WINDOW = st.builds(window, MINUTE, MINUTE)
# By our key, what may be asked for, and the cloud's key.
CHANGES: dict[str, tuple[st.SearchStrategy[Any], str]] = {
    "mode": (st.sampled_from(["load_first", "economy", "forced_charging", "peak_shaving"]), "modeSelection"),
    "discharge_cut_off_soc": (st.integers(0, 12), "dischargeCutoffSoc"),
    "discharge_recover_soc": (st.integers(13, 20), "dischargeRecoverSoc"),
    "charge_cut_off_soc": (st.integers(30, 100), "chargeCutoffSoc"),
    "grid_charging_power": (st.integers(0, 1000).map(lambda tenths: tenths / 10), "gridChargePower"),
    "forced_charge": (st.booleans(), "forcedChargeEnable"),
    "peak_period_1": (WINDOW, "peakPeriodTime1"),
    "valley_period_5": (WINDOW, "valleyPeriodTime5"),
}
MODES = {"load_first": 0, "economy": 2, "peak_shaving": 3, "forced_charging": 9}
PARTIAL = st.fixed_dictionaries({}, optional={key: values for key, (values, _) in CHANGES.items()}).filter(bool)


def sent(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what the cloud holds for values of ours, by its keys."""
    return {
        CHANGES[key][1]: MODES[value] if key == "mode" else int(value) if isinstance(value, bool) else value
        for key, value in asked.items()
    }


async def test_other_members_stay(hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory) -> None:
    """More than 1 000 random partial writes by action, each compared with what the device itself holds."""
    cloud.configure(limit=60, write="replace")
    entry = add_settings_entry(hass, cloud, devices=2)
    # Only what the writes ask for is of interest here.
    hass.config_entries.async_update_entry(entry, pref_disable_polling=True)
    await set_up(hass, entry)
    device = device_id(hass, entry, CENTRAL)

    async def write(asked: dict[str, Any]) -> None:
        data = {"device_id": device, "settings": asked, "wait": 300}
        action = asyncio.create_task(
            hass.services.async_call(DOMAIN, "set_settings", data, blocking=True, return_response=True)
        )
        await asyncio.sleep(0)
        while not action.done():
            clock.tick(15)
            async_fire_time_changed(hass)
            await hass.async_block_till_done(wait_background_tasks=True)
        response: Any = await action
        assert set(response["devices"][device]["status"].values()) <= {"confirmed", "unchanged"}

    async def play(writes: list[dict[str, Any]]) -> None:
        for asked in writes:
            before, count = shown(cloud, CENTRAL), len(cloud.writes)
            after = before | sent(asked)
            await write(asked)
            assert shown(cloud, CENTRAL) == after
            assert [item.changes for item in cloud.writes[count:]] == ([after] if after != before else [])

    @given(st.lists(PARTIAL, min_size=WRITES, max_size=WRITES))
    @settings(max_examples=ROUNDS, suppress_health_check=list(HealthCheck))
    def check(writes: list[dict[str, Any]]) -> None:
        asyncio.run_coroutine_threadsafe(play(writes), hass.loop).result()

    await asyncio.to_thread(check)
    assert len(cloud.writes) >= 1000
    assert cloud.violations == 0
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert [len(item["history"]) for item in report["settings"]] == [0, 20]
