"""Energies of the plant in Home Assistant and its recorder: devices that join and leave, midnights, missing sources."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from simulator import Simulator

from .common import NOON, Advance, add_entry, entity_id, restart, set_up, state
from .test_statistics import compile_statistics, hourly_sums

SERIALS = ("SIMHPS0201", "SIMHPS0202", "SIMHPS0203")
TOTAL = "plant_atess_test_entry_pv_energy_total"
TODAY = "plant_atess_test_entry_pv_energy_today"


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Record; the recorder must be there before Home Assistant is."""


@pytest.fixture
def plant() -> Any:
    """Three houses with an inverter each, behind one data logger."""
    return {
        "name": "village",
        "latitude": 48.14,
        "longitude": 11.58,
        "zone": "Europe/Berlin",
        "history_days": 1,
        "loggers": [{"sn": "SIMLOG0201"}],
        "systems": [
            {
                "name": f"house {number}",
                "logger": "SIMLOG0201",
                "machine": {"nominal_kw": 10},
                "pv": [{"kwp": 8, "tilt": 30, "azimuth": 160 + 10 * number}],
                "load": {"profile": "home", "kwh_per_day": 30},
                "devices": [{"sn": serial, "kind": "hps_string", "model": "HPS10KTL"}],
            }
            for number, serial in enumerate(SERIALS, 1)
        ],
    }


def produced(hass: HomeAssistant, serials: Iterable[str]) -> float:
    """Return what the devices' own PV counters show together."""
    return sum(float(state(hass, f"{serial}_pv_energy_total").state) for serial in serials)


def third(cloud: Simulator) -> ConfigSubentry:
    """Return the subentry of the third device."""
    device = cloud.devices[2]
    data = MappingProxyType({"device_sn": device.sn, "kind": device.kind})
    return ConfigSubentry(data=data, subentry_type="device", title="hps_string 3", unique_id=device.sn)


@pytest.mark.campaign
async def test_the_plant_counts_what_flows_while_devices_come_and_go(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, advance: Advance
) -> None:
    """A third device joins, the first leaves: no hour has a rise other than the members' own."""
    assert await async_setup_component(hass, "sensor", {})
    start = dt_util.utcnow()
    entry = add_entry(hass, cloud, devices=cloud.devices[:2])
    await set_up(hass, entry)
    await advance(3300, 300)
    first = float(state(hass, TOTAL).state)
    assert first == pytest.approx(produced(hass, SERIALS[:2]))
    before = produced(hass, SERIALS[:2])

    hass.config_entries.async_add_subentry(entry, third(cloud))
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance(600, 300)
    assert float(state(hass, f"{SERIALS[2]}_pv_energy_total").state) > 100
    risen = produced(hass, SERIALS[:2]) - before
    assert risen - 0.1 <= float(state(hass, TOTAL).state) - first <= risen + 2.0  # with what the third made since
    await advance(3600, 300)
    level, members = float(state(hass, TOTAL).state), produced(hass, SERIALS[1:])

    gone = next(each.subentry_id for each in entry.subentries.values() if each.unique_id == SERIALS[0])
    hass.config_entries.async_remove_subentry(entry, gone)
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance(3600, 300)
    await restart(hass, entry)
    await advance(1800, 300)
    risen = produced(hass, SERIALS[1:]) - members
    assert risen > 5
    assert float(state(hass, TOTAL).state) - level == pytest.approx(risen, abs=0.5)

    end = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    await compile_statistics(hass, start, end)
    entity = entity_id(hass, TOTAL)
    sums = [whole for _, whole in (await hourly_sums(hass, start, {entity}))[entity]]
    assert all(-1e-6 <= later - earlier < 24.0 for earlier, later in pairwise(sums))


@pytest.mark.campaign
async def test_the_sum_of_today_counts_nothing_at_midnight(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, advance: Advance
) -> None:
    """One device begins its day twenty minutes late: the old day's sum stays until all have begun theirs."""
    assert await async_setup_component(hass, "sensor", {})
    clock.move_to(NOON + timedelta(hours=9))
    cloud.inject(kind="variant", name="late_reset", minutes=20, device=SERIALS[1])
    clock.tick(600)
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    await set_up(hass, add_entry(hass, cloud))
    shown = set[float]()
    for _ in range(90):
        await advance(120, 60)
        shown.add(float(state(hass, TODAY).state))
    assert len(shown) == 2
    assert min(shown) == 0.0
    await compile_statistics(hass, start, dt_util.utcnow().replace(minute=0, second=0, microsecond=0))
    entity = entity_id(hass, TODAY)
    sums = [whole for _, whole in (await hourly_sums(hass, start, {entity}))[entity]]
    assert sums[-1] - sums[0] == pytest.approx(0.0, abs=0.3)


async def test_a_damaged_memory_begins_anew(
    hass: HomeAssistant, cloud: Simulator, hass_storage: dict[str, Any], advance: Advance
) -> None:
    """What cannot be read back costs no start; the report names no serial number."""
    entry: MockConfigEntry = add_entry(hass, cloud)
    await set_up(hass, entry)
    await advance(600, 300)
    assert await hass.config_entries.async_unload(entry.entry_id)
    [account] = hass_storage[f"{DOMAIN}.accounts"]["data"].values()
    assert account["plant"][entry.entry_id]["sums"].keys() >= {"pv_energy_total", "pv_energy_today"}
    hass.data.pop(f"{DOMAIN}_accounts")
    account["plant"][entry.entry_id]["sums"] = 3
    await set_up(hass, entry)
    await advance(600, 300)
    assert float(state(hass, TOTAL).state) == pytest.approx(produced(hass, SERIALS))
    report = str(await async_get_config_entry_diagnostics(hass, entry))
    assert not any(serial in report for serial in SERIALS)


async def test_what_is_remembered_of_a_plant_goes_with_its_account(
    hass: HomeAssistant, cloud: Simulator, hass_storage: dict[str, Any], advance: Advance
) -> None:
    entry: MockConfigEntry = add_entry(hass, cloud)
    await set_up(hass, entry)
    await advance(600, 300)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await advance(3600, 300)
    stored = hass_storage[f"{DOMAIN}.accounts"]["data"]
    assert not any(account.get("plant") for account in stored.values())
