"""Sensor for the import of history: how much of it is done, where it is, and when it should end."""

from typing import Any, override

from homeassistant.components.sensor import SensorEntity, SensorEntityDescription
from homeassistant.const import PERCENTAGE, EntityCategory

from ..device.values import ValueCoordinator
from ..entity import AtessEntity
from ..history.importer import HistoryImport

DESCRIPTION = SensorEntityDescription(
    key="history_import",
    translation_key="history_import",
    entity_category=EntityCategory.DIAGNOSTIC,
    native_unit_of_measurement=PERCENTAGE,
    suggested_display_precision=1,
)


class HistoryImportSensor(AtessEntity, SensorEntity):
    """Progress of the account's last import, unknown if there never was one."""

    _unrecorded_attributes = frozenset({"status", "day", "rows", "expected_end"})

    def __init__(self, coordinator: ValueCoordinator[Any], history: HistoryImport) -> None:
        """Belong to the plant."""
        super().__init__(coordinator, DESCRIPTION)
        self._history = history

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the import."""
        await super().async_added_to_hass()
        self.async_on_remove(self._history.async_add_listener(self.async_write_ha_state))

    @property
    @override
    def available(self) -> bool:
        """Always."""
        return True

    @property
    @override
    def native_value(self) -> float | None:
        """The percentage of days that were read."""
        return self._history.percent

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """What the import is doing, the day read next, the rows written, and the expected end."""
        return self._history.attributes
