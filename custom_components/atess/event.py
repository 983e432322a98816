"""Events: faults, a grid that is lost or back, and what becomes of changes of settings and of battery control."""

import asyncio
from typing import Any, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .battery.watch import BatteryWatch
from .battery_control.entities import BatteryControlEvent, async_add_battery_control
from .control.change import SettingsChangeEvent, async_add_settings_change
from .coordinator import AtessCoordinator
from .entity import AtessEntity, async_add_as_reported
from .readings import ActiveFault
from .runtime import AtessConfigEntry

PARALLEL_UPDATES = 0

APPEARED = "appeared"
CLEARED = "cleared"
FAULT = EventEntityDescription(
    key="fault", translation_key="fault", entity_category=EntityCategory.DIAGNOSTIC, event_types=[APPEARED, CLEARED]
)
LOST = "lost"
BACK = "back"
GRID = EventEntityDescription(key="grid", translation_key="grid", event_types=[LOST, BACK])


async def async_setup_entry(
    hass: HomeAssistant, entry: AtessConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Set up the events of every device."""
    for subentry_id, coordinator in entry.runtime_data.coordinators.items():
        _add_fault_event(coordinator, async_add_entities)
        _add_grid_event(coordinator, entry.runtime_data.batteries[subentry_id], async_add_entities)
    async_add_settings_change(entry, Platform.EVENT, async_add_entities, SettingsChangeEvent)
    async_add_battery_control(entry, Platform.EVENT, async_add_entities, BatteryControlEvent)


def _add_fault_event(coordinator: AtessCoordinator, async_add_entities: AddConfigEntryEntitiesCallback) -> None:
    async_add_as_reported(
        coordinator,
        Platform.EVENT,
        async_add_entities,
        lambda key: FaultEvent(coordinator) if key == FAULT.key else None,
        lambda: [FAULT.key] if "active_faults" in coordinator.values else [],
    )


def _add_grid_event(
    coordinator: AtessCoordinator, watch: BatteryWatch, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    async_add_as_reported(
        coordinator,
        Platform.EVENT,
        async_add_entities,
        lambda key: GridEvent(coordinator, watch) if key == GRID.key else None,
        lambda: [GRID.key] if "grid_present" in coordinator.values else [],
    )


class _ChangeEvent(AtessEntity, EventEntity):
    """What has changed since the last reading, told when all entities show it: automations look at them then."""

    coordinator: AtessCoordinator
    _told: asyncio.Handle | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Report what the first reading brought, after the state from before the restart is shown.

        So a new event is a change of a state that is available, which tells it from an old one that is shown again.
        """
        await super().async_added_to_hass()
        self._told = self.hass.loop.call_soon(self._report)

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Report nothing any more."""
        if self._told is not None:
            self._told.cancel()
        await super().async_will_remove_from_hass()

    @property
    @override
    def available(self) -> bool:
        """Whether there was a reading; what happened stays true."""
        return self.coordinator.data is not None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Report what has changed since the last reading."""
        self.async_write_ha_state()
        self._told = self.hass.loop.call_soon(self._report)

    def _report(self) -> None:
        """Trigger what happened."""
        raise NotImplementedError


class GridEvent(_ChangeEvent):
    """The grid of an inverter, lost or back."""

    def __init__(self, coordinator: AtessCoordinator, watch: BatteryWatch) -> None:
        """Begin with what storage remembers, so that a restart does not report it again."""
        super().__init__(coordinator, GRID)
        self._watch = watch
        self._lost = watch.remembered_grid

    @callback
    @override
    def _report(self) -> None:
        """Trigger an event if the grid is lost or back; a state that was never known before is none."""
        grid, before = self._watch.grid, self._lost
        if grid.lost is None or grid.lost == before:
            return
        self._lost = grid.lost
        if before is None:
            return
        attributes: dict[str, Any] = {"since": None if grid.since is None else grid.since.isoformat()}
        if not grid.lost:
            attributes["minutes"] = grid.minutes_before
        self._trigger_event(LOST if grid.lost else BACK, attributes)
        self.async_write_ha_state()


class FaultEvent(_ChangeEvent):
    """A fault of a device that appeared or cleared since the reading before."""

    def __init__(self, coordinator: AtessCoordinator) -> None:
        """Begin with the faults that storage remembers, so that a restart does not report them again."""
        super().__init__(coordinator, FAULT)
        self._active = {fault.key: fault for fault in coordinator.remembered_faults}

    @callback
    @override
    def _report(self) -> None:
        """Trigger an event per fault that appeared or cleared; without fault words nothing is known to have cleared."""
        if self.coordinator.values.get("active_faults") is None or self.coordinator.data is None:
            return
        now = {fault.key: fault for fault in self.coordinator.data.faults}
        for event, faults in (
            (CLEARED, [fault for key, fault in self._active.items() if key not in now]),
            (APPEARED, [fault for key, fault in now.items() if key not in self._active]),
        ):
            for fault in faults:
                self._trigger_event(event, _fault_attributes(fault))
                self.async_write_ha_state()
        self._active = now


def _fault_attributes(fault: ActiveFault) -> dict[str, Any]:
    """Return the attributes of an event: the fault's key, its severity and the cloud's code."""
    return {"fault": fault.key, "severity": fault.severity.value, "code": fault.code}
