"""The repair flow of a change of settings that failed: try again, or take note of it."""

from typing import TYPE_CHECKING, Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..control.coordinator import SettingsCoordinator
from ..runtime import AtessConfigEntry

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult


class FailedChangeFlow(RepairsFlow):
    """Ask once more for what has failed, or take note of it; either settles the issue."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Keep which failure of which device it is."""
        self._entry_id: str = data["entry_id"]
        self._subentry_id: str = data["subentry_id"]
        self._failure_id: str = data["failure_id"]
        self._retryable = bool(data["retryable"])

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show the failure and offer the choice."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_menu(
            step_id="init",
            menu_options=["try_again", "understood"] if self._retryable else ["understood"],
            description_placeholders=None if issue is None else issue.translation_placeholders,
        )

    async def async_step_try_again(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Request the same change again."""
        if (settings := self._settings()) is None:
            return self.async_abort(reason="not_loaded")
        if (failure := settings.writer.failures.get(self._failure_id)) is not None:
            try:
                user_id = self.context.get("user_id")
                settings.writer.retry(failure, Context(user_id=user_id if isinstance(user_id, str) else None))
            except ServiceValidationError as err:
                return self.async_abort(reason="not_possible", description_placeholders={"error": str(err)})
        return self.async_create_entry(data={})

    async def async_step_understood(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Leave everything as it is."""
        if (settings := self._settings()) is None:
            return self.async_abort(reason="not_loaded")
        if (failure := settings.writer.failures.get(self._failure_id)) is not None:
            settings.writer.dismiss(failure)
        return self.async_create_entry(data={})

    def _settings(self) -> SettingsCoordinator | None:
        entry: AtessConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        return entry.runtime_data.settings.get(self._subentry_id)
