"""Conditions by target: a device, an area, or a label is enough, Home Assistant finds the entities."""

from collections.abc import Mapping
from typing import ClassVar, override

from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityStateConditionBase

from ..entity import async_of_key


class _OfKey(EntityStateConditionBase):
    """A condition of those binary sensors of this integration that have a key."""

    _domain_specs: Mapping[str, DomainSpec] = {"binary_sensor": DomainSpec()}
    _key: ClassVar[str]
    _primary_entities_only = False

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Return the entities with the key."""
        return async_of_key(self._hass, super().entity_filter(entities), self._key)


class GridIsThere(_OfKey):
    """The grid is there."""

    _key, _states = "grid_present", {STATE_ON}


class GridIsLost(_OfKey):
    """The grid is lost, by the last sample."""

    _key, _states = "grid_present", {STATE_OFF}


class DataIsCurrent(_OfKey):
    """A device sends data."""

    _key, _states = "online", {STATE_ON}


class HasProblem(_OfKey):
    """A device has a fault."""

    _key, _states = "problem", {STATE_ON}


CONDITIONS: dict[str, type[Condition]] = {
    "data_is_current": DataIsCurrent,
    "grid_is_lost": GridIsLost,
    "grid_is_there": GridIsThere,
    "has_problem": HasProblem,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions by name."""
    return CONDITIONS
