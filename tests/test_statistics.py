"""What Home Assistant's own recorder makes of counters that misbehave, and of corrections."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
    do_adhoc_statistics,
)

from simulator import Simulator

from .common import NOON, Advance, add_entry, entity_id, set_up, state
from .test_trust import answer, issues, with_variant

SERIAL = "SIMHPS0001"
HOURS = 4
COUNTERS = {"load_energy": "load", "battery_discharge_energy": "battery_discharge", "pv_energy": "pv"}


@pytest.fixture(autouse=True)
def find_integration(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Record; the recorder must be there before Home Assistant is."""


@pytest.fixture
async def spoilt(hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory) -> dict[str, str]:
    """Let the counters of a device dip, jump, bounce and fall to 0, from 20:00 on; return its counters' entities."""
    assert await async_setup_component(hass, "sensor", {})
    clock.move_to(NOON + timedelta(hours=6))
    for name, share in (("dips", 0.1), ("zero_totals", 0.1), ("jumps", 0.1)):
        cloud.inject(kind="variant", name=name, share=share, device=SERIAL)
    cloud.inject(kind="variant", name="midnight_bounce", minutes=45, device=SERIAL)
    clock.tick(600)
    await set_up(hass, add_entry(hass, cloud, devices=cloud.devices[:1]))
    return {
        f"{counter}_{period}": entity_id(hass, f"{SERIAL}_{counter}_{period}")
        for counter in COUNTERS
        for period in ("today", "total")
    }


async def compile_statistics(hass: HomeAssistant, start: datetime, end: datetime) -> None:
    """Compile the short-term statistics of a time, and with them those of its hours."""
    await async_wait_recording_done(hass)
    while start < end:
        do_adhoc_statistics(hass, start=start)
        start += timedelta(minutes=5)
    await async_wait_recording_done(hass)


def truth_of_last_sample(hass: HomeAssistant, cloud: Simulator, what: str = "total") -> dict[str, float]:
    """Return the energies that had really flowed when the last sample was taken, or what else is known of it."""
    [entry] = hass.config_entries.async_entries("atess")
    [coordinator] = [item for item in entry.runtime_data.coordinators.values() if item.device_sn == SERIAL]
    facts: dict[str, float] = cloud._world.truth(coordinator.data.sampled_at.timestamp())["devices"][SERIAL][what]
    return facts


async def hourly_sums(
    hass: HomeAssistant, start: datetime, entities: set[str]
) -> dict[str, list[tuple[datetime, float]]]:
    """Return the sum of each entity at the end of each hour."""
    rows = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, start, None, entities, "hour", None, {"sum"}
    )
    return {
        entity: [(dt_util.utc_from_timestamp(row["end"]), row["sum"] or 0.0) for row in found]
        for entity, found in rows.items()
    }


async def test_spoilt_counters_leave_no_trace_in_the_statistics(
    hass: HomeAssistant, cloud: Simulator, spoilt: dict[str, str], advance: Advance
) -> None:
    """Over the evening and midnight: hourly sums rise as the energy did, none is negative or impossible."""
    start = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    await advance(2880, 300)  # just before the hour ends
    before = truth_of_last_sample(hass, cloud)
    await advance(HOURS * 3600, 300)
    after = truth_of_last_sample(hass, cloud)
    await compile_statistics(hass, start, start + timedelta(hours=HOURS + 1))
    recorded = await hourly_sums(hass, start, set(spoilt.values()))
    for key, entity in spoilt.items():
        sums = [whole for _, whole in recorded[entity]]
        assert len(sums) == HOURS + 1
        rises = [later - earlier for earlier, later in pairwise(sums)]
        assert min(rises) >= 0
        assert max(rises) < 10.5
        name = COUNTERS[key.rpartition("_")[0]]
        assert sums[-1] - sums[0] == pytest.approx(after[name] - before[name], rel=0.01, abs=0.3)


@pytest.mark.campaign
@pytest.mark.parametrize(("variant", "swapped"), [("grid_counters", True), ("grid_sign", False)])
async def test_statistics_carry_on_after_a_correction(
    hass: HomeAssistant, cloud: Simulator, clock: FrozenDateTimeFactory, advance: Advance, variant: str, swapped: bool
) -> None:
    """After the fix flow power and counters are right, and the sums rise by what flowed, as it was told then."""
    assert await async_setup_component(hass, "repairs", {})
    assert await async_setup_component(hass, "sensor", {})
    clock.tick(17 * 3600)
    start = dt_util.utcnow()
    entry = await with_variant(hass, cloud, clock, 0, variant)
    await advance(49 * 60, 300)  # just before the hour ends
    first = truth_of_last_sample(hass, cloud)
    while variant not in issues(hass, entry):
        assert dt_util.utcnow() - start < timedelta(hours=30)
        await advance(1800, 300)
    corrected = truth_of_last_sample(hass, cloud)
    await answer(hass, issues(hass, entry)[variant], "correct")
    await advance(330, 30)
    imported = -truth_of_last_sample(hass, cloud, "power")["grid"]
    assert float(state(hass, f"{SERIAL}_grid_power").state) == pytest.approx(imported, abs=0.1)
    until_the_hour = 3600 - (dt_util.utcnow() - start).total_seconds() % 3600
    await advance(until_the_hour + 3 * 3600 - 60, 300)
    while (last := truth_of_last_sample(hass, cloud))["grid_export"] - corrected["grid_export"] < 2:
        assert dt_util.utcnow() - start < timedelta(hours=60)
        await advance(3600, 300)
    end = dt_util.utcnow().replace(minute=0, second=0) + timedelta(hours=1)
    await compile_statistics(hass, start, end)
    entities = {way: entity_id(hass, f"{SERIAL}_{way}_energy_total") for way in ("grid_import", "grid_export")}
    recorded = await hourly_sums(hass, start, set(entities.values()))
    other = {"grid_import": "grid_export", "grid_export": "grid_import"}
    for way, entity in entities.items():
        sums = [whole for _, whole in recorded[entity]]
        assert len(sums) == (end - start).total_seconds() / 3600
        rises = [later - earlier for earlier, later in pairwise(sums)]
        assert min(rises) >= 0
        assert max(rises) < 10.5
        told = other[way] if swapped else way
        flowed = corrected[told] - first[told] + last[way] - corrected[way]
        assert sums[-1] - sums[0] == pytest.approx(flowed, rel=0.01, abs=0.3)
