"""Register the devices of the account in the device registry, and link them to their parents."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.typing import UNDEFINED

from .const import CLOUD_URL, DOMAIN, MANUFACTURER
from .coordinator import AtessCoordinator
from .enerclo import Kind
from .runtime import AtessConfigEntry

# Parents first, so that each device finds its parent.
_ORDER = (Kind.HPS_STRING, Kind.HPS_CENTRAL, Kind.PCS, Kind.PBD, Kind.MBMS, Kind.BCU)
# What a device is called where the cloud does not tell its model.
_MODELS = {
    Kind.HPS_STRING: "HPS",
    Kind.HPS_CENTRAL: "HPS",
    Kind.PCS: "PCS",
    Kind.PBD: "PBD",
    Kind.BCU: "BCU",
    Kind.MBMS: "MBMS",
}
_PARENTS: dict[Kind, tuple[Kind, ...]] = {
    Kind.MBMS: (Kind.HPS_STRING, Kind.HPS_CENTRAL, Kind.PCS),
    Kind.BCU: (Kind.MBMS, Kind.HPS_STRING, Kind.HPS_CENTRAL, Kind.PCS),
}


@callback
def async_register_devices(hass: HomeAssistant, entry: AtessConfigEntry) -> None:
    """Enter the plant and the devices into the registry, or bring them up to date there.

    A data logger is no device: it has no entities, so there is nothing to look at, and no area to ask for.
    """
    registry = dr.async_get(hass)
    registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.runtime_data.plant.identifier)},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        translation_key="plant",
        configuration_url=CLOUD_URL,
    )
    coordinators = sorted(entry.runtime_data.coordinators.values(), key=lambda item: _ORDER.index(item.kind))
    loggers = {(DOMAIN, item.data_log_sn) for item in coordinators if item.data_log_sn}
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        # Early versions registered them.
        if not loggers.isdisjoint(device.identifiers):
            registry.async_remove_device(device.id)
    ids: dict[str, str] = {}
    for coordinator in coordinators:
        parent = _parent(coordinator, coordinators)
        ids[coordinator.device_sn] = registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            config_subentry_id=coordinator.subentry_id,
            identifiers={(DOMAIN, coordinator.device_sn)},
            manufacturer=MANUFACTURER,
            model=coordinator.model or _MODELS[coordinator.kind],
            name=coordinator.title,
            serial_number=coordinator.device_sn,
            sw_version=coordinator.firmware,
            configuration_url=CLOUD_URL,
            via_device_id=UNDEFINED if parent is None else ids[parent.device_sn],
        ).id


def _parent(coordinator: AtessCoordinator, others: list[AtessCoordinator]) -> AtessCoordinator | None:
    """Return the parent device: same data logger and system, first matching kind."""
    for kind in _PARENTS.get(coordinator.kind, ()):
        fitting = [
            other
            for other in others
            if other.kind is kind
            and other.data_log_key == coordinator.data_log_key is not None
            and other.system_no == coordinator.system_no
        ]
        if len(fitting) == 1:
            return fitting[0]
    return None
