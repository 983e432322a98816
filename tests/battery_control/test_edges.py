"""What battery control does with damaged storage, missing settings, and entries that are not loaded."""

import pytest
from homeassistant.core import HomeAssistant

from custom_components.atess.battery_control.recipes import PlanError, Verb, Wish, compose
from custom_components.atess.battery_control.removal import async_tell_left
from custom_components.atess.control.batch import Batch, LastChange, Managed
from custom_components.atess.control.coordinator import settings_store
from custom_components.atess.enerclo import Kind
from custom_components.atess.repairs.battery_control import StuckControlFlow
from custom_components.atess.settings import DeviceSettings
from simulator import Simulator

from ..control.common import CENTRAL
from .common import call, control_of, set_up_pair


@pytest.mark.parametrize("step", ["try_again", "leave"])
async def test_a_stuck_control_of_an_account_that_is_not_loaded(hass: HomeAssistant, step: str) -> None:
    flow = StuckControlFlow({"entry_id": "gone", "subentry_id": "gone"})
    flow.hass = hass
    result = await getattr(flow, f"async_step_{step}")()
    assert (result["type"], result["reason"]) == ("abort", "not_loaded")


async def test_damaged_storage_leaves_nothing_to_tell(hass: HomeAssistant, cloud: Simulator) -> None:
    """Neither of a device that is loaded, nor of one that is not."""
    entry = await set_up_pair(hass, cloud)
    control = control_of(entry)
    for damaged in ("none", {}, {"verb": "flying"}, {"verb": 1, "end": "never"}):
        control.restore(damaged)
        assert control.current is None
    [subentry_id] = [item.subentry_id for item in entry.subentries.values() if item.unique_id == CENTRAL]
    await hass.config_entries.async_unload(entry.entry_id)
    for stored in ({"battery_control": {"verb": "flying"}}, {"battery_control": {"end": 1}}, {}):
        await settings_store(hass, subentry_id).async_save(stored)
        await async_tell_left(hass, entry, subentry_id)
    await async_tell_left(hass, entry, "gone")
    assert hass.data.get("persistent_notification", {}) == {}


async def test_the_same_asked_again_moves_the_end(hass: HomeAssistant, cloud: Simulator) -> None:
    """While the first is on its way, nothing more is written; the later end holds."""
    entry = await set_up_pair(hass, cloud)
    await call(hass, entry, "force_charge", duration="01:00:00")
    control = control_of(entry).current
    assert control is not None
    first = control.end
    await call(hass, entry, "force_charge", duration="02:00:00")
    assert control_of(entry).current is control
    assert control.end > first


def test_a_target_that_nothing_can_watch() -> None:
    model = DeviceSettings(Kind.HPS_CENTRAL, {"modeSelection": 0}, {"mode": "modeSelection"}, 30.0)
    with pytest.raises(PlanError) as raised:
        compose(model, Wish(verb=Verb.CHARGING, target=80.0), {}, None)
    assert (raised.value.reason, raised.value.keys) == ("missing", ("charge_cut_off_soc",))
    with pytest.raises(PlanError) as raised:
        compose(model, Wish(verb=Verb.DISCHARGING), {}, 50.0)
    assert raised.value.reason == "missing"


async def test_a_stored_batch_knows_what_the_control_has_asked_for() -> None:
    managed = next(iter(Managed))
    stored = {**Batch.new().dump(), "asked": {"a": 1}, "managed": {"a": managed.value, "b": "nothing"}}
    batch = Batch.load(stored)
    assert batch is not None
    assert batch.managed == {"a": managed}
    assert LastChange.load({"stage": "confirmed", "asked": 1}) is None
