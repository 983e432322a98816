"""Build the sources that devices provide, out of their entities as they are called now."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..catalogue.derived import HPS, INVERTERS
from ..const import DOMAIN
from ..coordinator import AtessCoordinator
from ..device.values import ValueCoordinator
from ..enerclo import Kind
from ..runtime import AtessConfigEntry, AtessData
from .checks import problem_of
from .plan import Coverage, Covers, Source, SourceType, Wanted

# By type: the energies, power, and state of charge that a source consists of, by the names in the preferences.
_ENERGIES: Mapping[SourceType, Mapping[str, str]] = {
    "solar": {"stat_energy_from": "pv_energy"},
    "battery": {"stat_energy_from": "battery_discharge_energy", "stat_energy_to": "battery_charge_energy"},
    "grid": {"stat_energy_from": "grid_import_energy", "stat_energy_to": "grid_export_energy"},
}
_OTHERS: Mapping[SourceType, Mapping[str, str]] = {
    "solar": {"stat_rate": "pv_power"},
    "battery": {"stat_rate": "battery_power", "stat_soc": "battery_state_of_charge"},
    "grid": {"stat_rate": "grid_power"},
}
_FIXED: Mapping[SourceType, Source] = {
    "solar": {"config_entry_solar_forecast": None},
    "battery": {},
    "grid": {
        "stat_cost": None,
        "entity_energy_price": None,
        "number_energy_price": None,
        "stat_compensation": None,
        "entity_energy_price_export": None,
        "number_energy_price_export": None,
        "cost_adjustment_day": 0.0,
    },
}
# A counter of the device, or where it has none the energy that is computed from its power.
_SUFFIXES = ("total", "computed")
# What a device of a kind is expected to provide, sooner or later.
_EXPECTED: Mapping[Kind, tuple[SourceType, ...]] = {
    **dict.fromkeys(HPS, ("solar", "battery", "grid")),
    Kind.PCS: ("battery", "grid"),
    Kind.PBD: ("solar",),
}
# A source goes without what its device does not have.
_ABSENT = frozenset({"no_energy_yet", "no_entity"})
# Self-checks whose contradiction makes a source doubtful.
_DOUBTS: Mapping[str, SourceType] = {
    "battery_sign": "battery",
    "battery_direction": "battery",
    "grid_sign": "grid",
    "grid_direction": "grid",
    "grid_counters": "grid",
}


@dataclass(slots=True, kw_only=True)
class Offer:
    """The sources that devices provide, and what is missing of others."""

    wanted: list[Wanted] = field(default_factory=list)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


@callback
def async_offer(hass: HomeAssistant, chosen: Collection[str] | None) -> Offer:
    """Return the sources of the chosen devices, of all devices without the plant if none are named.

    What one device counts is no source of another: the energies are those that the plant would sum.
    """
    offer = Offer()
    for entry in _entries(hass):
        data = entry.runtime_data
        for coordinator in data.coordinators.values():
            if chosen is None or coordinator.identifier in chosen:
                _offer_device(hass, data, coordinator, offer, named=chosen is not None)
        if chosen is not None and data.plant.identifier in chosen:
            for kind in _ENERGIES:
                keys = {role: f"{stem}_total" for role, stem in _ENERGIES[kind].items()}
                if any(key in data.plant.values for key in keys.values()):
                    _Source(hass, data, data.plant, kind).build(keys, offer)
    return offer


def _offer_device(
    hass: HomeAssistant, data: AtessData, coordinator: AtessCoordinator, offer: Offer, *, named: bool
) -> None:
    if coordinator.data is None:
        if coordinator.kind in _EXPECTED:
            offer.skipped.append({"device": coordinator.name, "reason": "no_reading"})
        return
    for kind, stems in _ENERGIES.items():
        keys = {}
        for role, stem in stems.items():
            for suffix in _SUFFIXES:
                if coordinator.device_sn in data.plant.counted(f"{stem}_{suffix}"):
                    keys[role] = f"{stem}_{suffix}"
                    break
        if keys:
            _Source(hass, data, coordinator, kind).build(keys, offer)
        elif kind in _EXPECTED.get(coordinator.kind, ()):
            offer.skipped.append({"type": kind, "device": coordinator.name, "reason": "no_energy_yet"})
        elif named and any(f"{stem}_{suffix}" in coordinator.values for stem in stems.values() for suffix in _SUFFIXES):
            offer.skipped.append({"type": kind, "device": coordinator.name, "reason": "counted_by_inverter"})


class _Source:
    """A source that is being built for one device, or for the plant."""

    def __init__(
        self, hass: HomeAssistant, data: AtessData, coordinator: ValueCoordinator[Any], kind: SourceType
    ) -> None:
        self._hass, self._data, self._coordinator, self._kind = hass, data, coordinator, kind
        self._told = {"type": kind, "device": _name_of(coordinator)}
        self._names: dict[str, str] = {}

    def build(self, keys: Mapping[str, str], offer: Offer) -> None:
        """Add the source to what is offered, or why there is none."""
        # A battery without both energies would be wrong, and a grid without import is flagged by Home Assistant.
        needed = ("stat_energy_from", "stat_energy_to") if self._kind == "battery" else ("stat_energy_from",)
        source: Source = {"type": self._kind, **_FIXED[self._kind]}
        if self._kind == "grid":
            source |= {"stat_energy_from": None, "stat_energy_to": None}
        for role, key in {**keys, **_OTHERS[self._kind]}.items():
            entity_id, problem = self._resolve(key, role)
            if problem is None:
                source[role] = entity_id
            elif role in keys:
                offer.skipped.append({**self._told, "sensor": self._name(key), "reason": problem})
                return
            elif problem not in _ABSENT:
                offer.warnings.append({**self._told, "sensor": self._name(key), "warning": problem})
        if any(role not in keys for role in needed):
            offer.skipped.append({**self._told, "reason": "energies_missing"})
            return
        if self._kind == "battery" and (capacity := self._capacity()) is not None:
            source["capacity"] = capacity
        offer.warnings += [{**self._told, "warning": doubt} for doubt in self._doubts()]
        offer.wanted.append(
            Wanted(
                type=self._kind,
                device=self._told["device"],
                source=source,
                names=self._names,
                devices=_covered(self._data, self._coordinator, self._kind),
            )
        )

    def _resolve(self, key: str, role: str) -> tuple[str, str | None]:
        """Return the entity of a key, and what keeps it from its role."""
        registry = er.async_get(self._hass)
        entity_id = registry.async_get_entity_id("sensor", DOMAIN, f"{self._coordinator.identifier}_{key}")
        registered = None if entity_id is None else registry.async_get(entity_id)
        if registered is None:
            return "", "no_energy_yet" if self._coordinator.values.get(key) is None else "no_entity"
        if registered.disabled_by is not None:
            return "", "disabled"
        if (problem := problem_of(self._hass, registered.entity_id, role)) is None:
            self._names[registered.entity_id] = registered.name or registered.original_name or key
        return registered.entity_id, problem

    def _capacity(self) -> float | None:
        """Return the usable capacity in kWh, by which Home Assistant weighs states of charge."""
        return self._coordinator.usable_capacity if isinstance(self._coordinator, AtessCoordinator) else None

    def _name(self, key: str) -> str:
        definition = self._coordinator.definitions.get(key)
        return key if definition is None else definition.name

    def _doubts(self) -> list[str]:
        """Return the self-checks that contradict what the source relies on, and that nobody has decided yet."""
        if not isinstance(self._coordinator, AtessCoordinator):
            return []
        decided, now = self._coordinator.corrections, dt_util.utcnow()
        return [
            verdict.name
            for verdict in self._coordinator.verdicts
            if _DOUBTS.get(verdict.name) == self._kind and verdict.name not in decided and verdict.worth_telling(now)
        ]


def _name_of(coordinator: ValueCoordinator[Any]) -> str:
    """Return what a device or the plant is called, without a serial number."""
    return coordinator.name if isinstance(coordinator, AtessCoordinator) else "Plant"


@callback
def coverage(hass: HomeAssistant) -> Covers:
    """Return a function that tells of a statistic what it counts; None if it is none of ours."""
    registry = er.async_get(hass)
    known = [
        (f"{coordinator.identifier}_", entry.runtime_data, coordinator)
        for entry in _entries(hass)
        for coordinator in entry.runtime_data.all_coordinators
    ]

    def of(statistic_id: str) -> Coverage | None:
        registered = registry.async_get(statistic_id)
        if registered is None or registered.platform != DOMAIN:
            return None
        for prefix, data, coordinator in known:
            if registered.unique_id.startswith(prefix):
                kind = _type_of(registered.unique_id.removeprefix(prefix))
                devices = frozenset[str]() if kind is None else _covered(data, coordinator, kind)
                return Coverage(type=kind, devices=devices, plant=coordinator is data.plant)
        return Coverage(type=None, devices=frozenset())

    return of


def _type_of(key: str) -> SourceType | None:
    stems: Iterable[tuple[SourceType, str]] = ((kind, stem) for kind in _ENERGIES for stem in _ENERGIES[kind].values())
    return next((kind for kind, stem in stems if key.startswith(stem)), None)


def _covered(data: AtessData, coordinator: ValueCoordinator[Any], kind: SourceType) -> frozenset[str]:
    """Return the devices whose energy of a type is in that of a device or of the plant."""
    devices = data.coordinators.values()
    if not isinstance(coordinator, AtessCoordinator):
        return frozenset(device.device_sn for device in devices)
    covered = {coordinator.device_sn}
    if coordinator.kind is Kind.PCS and kind != "grid":
        covered.update(data.plant.controllers(coordinator.device_sn))
    if coordinator.kind in INVERTERS and kind == "battery":
        covered.update(
            device.device_sn
            for device in devices
            if device.kind in {Kind.MBMS, Kind.BCU} and device.data_log_key == coordinator.data_log_key
        )
    return frozenset(covered)


def _entries(hass: HomeAssistant) -> list[AtessConfigEntry]:
    return hass.config_entries.async_loaded_entries(DOMAIN)
