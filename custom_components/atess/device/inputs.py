"""Disable the power of PV inputs to which no array is connected, once; what a person enables again stays enabled."""

from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er

from ..const import DOMAIN, LOGGER
from ..coordinator import AtessCoordinator
from ..readings.pv_inputs import PvInputs
from ..readings.store import a_list

SECTION = "inputs"


@callback
def async_watch_inputs(device: AtessCoordinator) -> None:
    """Look after the PV inputs of a device until its entry is unloaded."""
    stored = device.account.stored(SECTION, device.subentry_id)
    inputs = PvInputs.restored(stored.get("inputs"))
    # Each input is decided upon once: what a person does with its entity afterwards stays.
    decided = {key for key in a_list(stored.get("decided")) if isinstance(key, str)}
    disabled = {key for key in a_list(stored.get("disabled")) if isinstance(key, str)}
    registry = er.async_get(device.hass)

    def registered(key: str) -> er.RegistryEntry | None:
        entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"{device.identifier}_{key}")
        return None if entity_id is None else registry.async_get(entity_id)

    @callback
    def follow() -> None:
        reading = device.data
        if reading is None or not reading.fresh or reading.values.get("online") is False:
            return
        inputs.learn(reading.sampled_at.date(), reading.values)
        for key in inputs.unused - decided:
            decided.add(key)
            if (entity := registered(key)) is not None and entity.disabled_by is None:
                disabled.add(key)
                LOGGER.info("%s: nothing is connected to the input of %s, which is disabled", device.name, key)
                registry.async_update_entity(entity.entity_id, disabled_by=er.RegistryEntryDisabler.INTEGRATION)
        for key in inputs.used & disabled:
            disabled.discard(key)
            entity = registered(key)
            if entity is not None and entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
                registry.async_update_entity(entity.entity_id, disabled_by=None)

    entry = device.config_entry

    def dump() -> dict[str, object]:
        return {"inputs": inputs.dump(), "decided": sorted(decided), "disabled": sorted(disabled)}

    entry.async_on_unload(device.account.keep(SECTION, device.subentry_id, dump))
    entry.async_on_unload(device.async_add_listener(follow))
