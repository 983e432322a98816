"""The repair flow of a battery control that cannot go back: try again now, or leave everything as it is."""

from typing import TYPE_CHECKING, Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from ..battery_control.controller import BatteryControl
from ..const import DOMAIN
from ..runtime import AtessConfigEntry

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult


class StuckControlFlow(RepairsFlow):
    """Try once more now, or leave the settings as they are."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Keep which device it is."""
        self._entry_id: str = data["entry_id"]
        self._subentry_id: str = data["subentry_id"]

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what is still set and offer the choice."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=["try_again", "leave"],
            description_placeholders=None if issue is None else issue.translation_placeholders,
        )

    async def async_step_try_again(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Go back now; the issue comes again if that keeps failing."""
        if (control := self._control()) is None:
            return self.async_abort(reason="not_loaded")
        control.resume()
        return self.async_create_entry(data={})

    async def async_step_leave(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Leave everything as it is."""
        if (control := self._control()) is None:
            return self.async_abort(reason="not_loaded")
        control.leave()
        return self.async_create_entry(data={})

    def _control(self) -> BatteryControl | None:
        entry: AtessConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        return entry.runtime_data.battery_controls.get(self._subentry_id)
