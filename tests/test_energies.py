"""Energies that are kept over restarts: counters under guard, and those computed where there is no counter."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from simulator import Simulator

from .common import Advance, add_entry, entity_id, restart, set_up, state

SERIAL = "SIMHPS0101"


@pytest.fixture
def plant() -> Any:
    """Yield a house whose inverter does not count what it takes from the grid and what it feeds in."""
    own = {
        "sn": SERIAL,
        "kind": "hps_string",
        "model": "HPS10KTL",
        "omit": ["egridToday", "egridTotal", "etoGridToday", "etoGridTotal"],
    }
    return {
        "name": "house",
        "latitude": 48.14,
        "longitude": 11.58,
        "zone": "Europe/Berlin",
        "history_days": 1,
        "loggers": [{"sn": "SIMLOG0101"}],
        "systems": [
            {
                "name": "house",
                "logger": "SIMLOG0101",
                "machine": {"nominal_kw": 10},
                "pv": [{"kwp": 8, "tilt": 30, "azimuth": 180}],
                "load": {"profile": "home", "kwh_per_day": 30},
                "devices": [own],
            }
        ],
    }


async def test_computed_where_there_is_no_counter(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """It follows what flows, leaves a long silence out and goes on after a restart; beside a counter it is disabled."""
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    registry = er.async_get(hass)
    beside = registry.async_get(entity_id(hass, f"{SERIAL}_load_energy_computed"))
    assert beside is not None
    assert beside.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    exported = f"{SERIAL}_grid_export_energy_computed"

    def energies() -> tuple[float, float]:
        true: float = cloud.truth()["devices"][SERIAL]["total"]["grid_export"]
        return float(state(hass, exported).state), true

    shown, true = energies()
    await advance(2 * 3600, 150)
    later, flowed = energies()
    assert flowed - true > 3
    assert later - shown == pytest.approx(flowed - true, rel=0.05, abs=0.3)

    await restart(hass, entry)
    assert energies()[0] == later
    cloud.inject(kind="offline", device=SERIAL, lost=False)
    await advance(3600, 150)
    cloud.clear()
    silent = energies()
    await advance(450, 150)
    assert energies()[0] - silent[0] < 0.5 * (silent[1] - flowed)


async def test_a_guard_remembers_over_a_restart(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, hass_storage: dict[str, Any]
) -> None:
    """A total that reads 0 after a restart goes on showing what was accepted before."""
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    total = f"{SERIAL}_pv_energy_total"
    before = float(state(hass, total).state)
    assert before > 0
    cloud.inject(kind="variant", name="zero_totals", share=1.0, device=SERIAL)
    await restart(hass, entry)
    await advance(3600, 150)
    assert float(state(hass, total).state) == before
    cloud.clear()
    await advance(900, 150)
    assert before < float(state(hass, total).state) < before + 20
