"""The repair flow of a battery control that cannot go back: try again now, or leave everything as it is."""

from typing import TYPE_CHECKING, Any

from ..battery_control.controller import BatteryControl
from .choice import ChoiceFlow

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult


class StuckControlFlow(ChoiceFlow):
    """Try once more now, or leave the settings as they are."""

    choices = ("try_again", "leave")

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
        return None if (data := self._loaded()) is None else data.battery_controls.get(self._subentry_id)
