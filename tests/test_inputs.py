"""PV inputs to which nothing is connected are disabled once, and come back when something is."""

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from simulator import Simulator

from .common import Advance, add_entry, entity_id, restart, set_up, state

CENTRAL = "SIMHPS0002"
UNUSED = f"{CENTRAL}_pv3_power"
DAY = 86400


@pytest.mark.campaign
async def test_an_input_without_an_array(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """Disabled after a week of sun, enabled when it has power, and never disabled again."""
    entry = add_entry(hass, cloud, cloud.devices[1:], scan_interval=60)
    await set_up(hass, entry)
    registry = er.async_get(hass)

    def disabled(unique_id: str) -> er.RegistryEntryDisabler | None:
        return registry.entities[entity_id(hass, unique_id)].disabled_by

    await advance(4 * DAY, 1800)
    await restart(hass, entry)
    assert state(hass, UNUSED).state == "0.0"
    await advance(4 * DAY, 1800)
    assert disabled(UNUSED) is er.RegistryEntryDisabler.INTEGRATION
    assert disabled(f"{CENTRAL}_pv1_power") is disabled(f"{CENTRAL}_pv2_power") is None
    assert hass.states.get(entity_id(hass, UNUSED)) is None

    # Somebody connects an array.
    cloud.inject(kind="members", device=CENTRAL, set={"ppv3": 12.0, "vpv3": 600.0})
    await advance(2 * 3600, 60)
    assert disabled(UNUSED) is None
    assert float(state(hass, UNUSED).state) > 1
    cloud.clear()
    await advance(8 * DAY, 1800)
    assert disabled(UNUSED) is None
    assert cloud.violations == 0
