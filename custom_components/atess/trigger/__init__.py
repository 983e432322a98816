"""Triggers by target: a device, an area, or a label is enough, Home Assistant finds the entities."""

from collections.abc import Mapping
from typing import Any, ClassVar, override

from homeassistant.const import STATE_OFF
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    EntityTargetStateTriggerBase,
    EntityTriggerBase,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
)

from ..entity import async_of_key

# Events at the same moment differ in these.
_DISTINCT = ("event_type", "fault", "code", "what")


class _OfKey(EntityTriggerBase):
    """A trigger for those entities of this integration that have a key."""

    _key: ClassVar[str]
    _primary_entities_only = False

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the entities with the key."""
        return async_of_key(self._hass, super().entity_filter(entities), self._key)


class _Event(_OfKey, StatelessEntityTriggerBase):
    """A trigger for events of one type."""

    _domain_specs: Mapping[str, DomainSpec] = {"event": DomainSpec()}
    _type: ClassVar[str]

    @override
    def is_valid_state(self, state: State, report_not_triggered: NotTriggeredReasonReporter) -> bool:
        """Return whether the event is of the type."""
        return state.attributes.get("event_type") == self._type

    @override
    def is_valid_transition(self, from_state: State, to_state: State) -> bool:
        """Return whether it is another event than before, also of those that came at the same moment."""
        return _event_of(from_state) != _event_of(to_state)


def _event_of(state: State) -> tuple[Any, ...]:
    return state.state, *(state.attributes.get(name) for name in _DISTINCT)


class FaultAppeared(_Event):
    """A fault has appeared."""

    _key, _type = "fault", "appeared"


class ChangeFailed(_Event):
    """A change of settings has failed."""

    _key, _type = "settings_change", "failed"


class GridLost(_Event):
    """The grid is lost."""

    _key, _type = "grid", "lost"


class GridBack(_Event):
    """The grid is back."""

    _key, _type = "grid", "back"


class BatteryControlEnded(_OfKey, EntityTargetStateTriggerBase):
    """A control of the battery is over."""

    _domain_specs: Mapping[str, DomainSpec] = {"sensor": DomainSpec()}
    _key, _to_states = "battery_control", {"none"}


class DataStopped(_OfKey, EntityTargetStateTriggerBase):
    """A device sends no data any more."""

    _domain_specs: Mapping[str, DomainSpec] = {"binary_sensor": DomainSpec()}
    _key, _to_states = "online", {STATE_OFF}


TRIGGERS: dict[str, type[Trigger]] = {
    "battery_control_ended": BatteryControlEnded,
    "change_failed": ChangeFailed,
    "data_stopped": DataStopped,
    "fault_appeared": FaultAppeared,
    "grid_back": GridBack,
    "grid_lost": GridLost,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers by name."""
    return TRIGGERS
