"""The repair flows of the Energy dashboard: enter new names of sensors, remove what is counted twice."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..energy_dashboard.plan import find_doubles, renamed, without
from ..energy_dashboard.preferences import (
    CONSUMPTION,
    SOURCES,
    EnergyPreferences,
    Snapshot,
    async_get_preferences,
)
from ..energy_dashboard.sources import coverage
from ..energy_dashboard.watch import renamed_statistics

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult

type Change = Mapping[str, list[dict[str, Any]]]


class EnergyFlow(RepairsFlow):
    """A change of the Energy dashboard that a person agrees to; what is wrong is found anew at that moment."""

    def _placeholders(self) -> dict[str, str] | None:
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return None if issue is None else issue.translation_placeholders

    async def _async_write(self, change: Callable[[EnergyPreferences, Snapshot], Change]) -> RepairsFlowResult:
        preferences = await async_get_preferences(self.hass)
        try:
            read = await preferences.async_read()
            await preferences.async_write(read, change(preferences, read))
        except ServiceValidationError as err:
            return self.async_abort(reason="not_possible", description_placeholders={"error": str(err)})
        return self.async_create_entry(data={})


class RenamedFlow(EnergyFlow):
    """Enter the new names of renamed sensors."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin; Home Assistant hands in the issue here, not what a user entered."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show the names, and enter them."""
        if user_input is not None:
            return await self._async_write(self._rename)
        return self.async_show_form(
            step_id="confirm", data_schema=vol.Schema({}), description_placeholders=self._placeholders()
        )

    def _rename(self, preferences: EnergyPreferences, read: Snapshot) -> Change:
        names = renamed_statistics(self.hass, preferences, read)
        return {SOURCES: renamed(read.sources, names), CONSUMPTION: renamed(read.consumption, names)}


class DoubleCountingFlow(EnergyFlow):
    """Remove totals, or what is in them."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what is counted twice and offer the choice."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["keep_parts", "keep_wholes"],
            description_placeholders=self._placeholders(),
        )

    async def async_step_keep_parts(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Remove the totals."""
        return await self._async_write(lambda _, read: self._without(read, wholes=True))

    async def async_step_keep_wholes(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Remove what the totals hold."""
        return await self._async_write(lambda _, read: self._without(read, wholes=False))

    def _without(self, read: Snapshot, *, wholes: bool) -> Change:
        covers = coverage(self.hass)
        doubles = find_doubles(read.sources, covers)
        return {SOURCES: without(read.sources, doubles.wholes if wholes else doubles.parts, covers)}
