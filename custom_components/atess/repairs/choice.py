"""What the repair flows of issues of a device have in common: they explain it, and offer a choice."""

from typing import TYPE_CHECKING, Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..runtime import AtessConfigEntry, AtessData

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult


class ChoiceFlow(RepairsFlow):
    """Show what an issue of a device says, and offer a choice."""

    choices: tuple[str, ...]

    def __init__(self, data: dict[str, Any]) -> None:
        """Keep which device it is."""
        self._entry_id: str = data["entry_id"]
        self._subentry_id: str = data["subentry_id"]

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Explain the issue and offer the choice."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=list(self.choices),
            description_placeholders=None if issue is None else issue.translation_placeholders,
        )

    def _loaded(self) -> AtessData | None:
        """Return the data of the account, None if it is not loaded."""
        entry: AtessConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        return None if entry is None or entry.state is not ConfigEntryState.LOADED else entry.runtime_data
