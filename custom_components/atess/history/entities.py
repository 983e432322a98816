"""Which entities of a device have statistics that history can be imported into."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from homeassistant.components.recorder import is_entity_recorded
from homeassistant.components.recorder.models import StatisticMeanType, StatisticMetaData
from homeassistant.components.recorder.statistics import UNIT_CLASS_TO_UNIT_CONVERTER
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..catalogue import Definition
from ..const import DOMAIN
from ..coordinator import AtessCoordinator
from ..readings import COMPUTED
from .planning import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An entity to import into."""

    key: str
    entity_id: str
    definition: Definition

    @property
    def counter(self) -> bool:
        """Whether the entity is a counter, with sums; else it has means."""
        return self.definition.lifetime


@callback
def targets_of(hass: HomeAssistant, coordinator: AtessCoordinator, keys: Collection[str] = ()) -> Iterator[Target]:
    """Yield the entities of a device, all or those of some keys, that are recorded and have statistics from the cloud.

    Not the energies of today, whose sums the lifetime ones hold too, nor energies computed from powers, which begin
    with the integration.
    """
    registry = er.async_get(hass)
    for key, definition in coordinator.definitions.items():
        if definition.quantity.state_class is None or key in COMPUTED or (keys and key not in keys):
            continue
        if definition.quantity.state_class == "total_increasing" and not definition.lifetime:
            continue
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, f"{coordinator.device_sn}_{key}")
        entry = None if entity_id is None else registry.async_get(entity_id)
        if entry is not None and entry.disabled_by is None and is_entity_recorded(hass, entry.entity_id):
            yield Target(key=key, entity_id=entry.entity_id, definition=definition)


@dataclass(frozen=True, slots=True)
class Conversion:
    """From a unit, that of the catalogue unless told otherwise, to that of the statistics, and back."""

    to_stored: Callable[[float], float]
    from_stored: Callable[[float], float]

    def row_from_stored(self, row: Row) -> Row:
        """Return a row of the statistics in the other unit."""
        state = None if row.state is None else self.from_stored(row.state)
        return Row(row.start, state, None if row.sum is None else self.from_stored(row.sum))

    def row_to_stored(self, row: Row) -> Row:
        """Return a row in the statistics' unit."""
        state = None if row.state is None else self.to_stored(row.state)
        return Row(row.start, state, None if row.sum is None else self.to_stored(row.sum))


def conversion_to(target: Target, metadata: StatisticMetaData) -> Conversion | None:
    """Return how values are converted; None if the statistics cannot hold what the entity measures."""
    mean = StatisticMeanType.NONE if target.counter else StatisticMeanType.ARITHMETIC
    if metadata["has_sum"] is not target.counter or metadata["mean_type"] is not mean:
        return None
    return conversion_from(target.definition.quantity.unit, metadata)


def conversion_from(unit: str | None, metadata: StatisticMetaData) -> Conversion | None:
    """Return how values in a unit are converted to that of the statistics; None if they cannot be."""
    stored = metadata["unit_of_measurement"]
    if unit == stored:
        return Conversion(_same, _same)
    converter = UNIT_CLASS_TO_UNIT_CONVERTER.get(metadata["unit_class"])
    if converter is None or not {unit, stored} <= converter.VALID_UNITS:
        return None
    return Conversion(converter.converter_factory(unit, stored), converter.converter_factory(stored, unit))


def _same(value: float) -> float:
    return value
