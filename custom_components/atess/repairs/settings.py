"""The repair flow of a change of settings that failed: try again, or take note of it."""

from typing import TYPE_CHECKING, Any

from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError

from ..control.coordinator import SettingsCoordinator
from .choice import ChoiceFlow

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult


class FailedChangeFlow(ChoiceFlow):
    """Ask once more for what has failed, or take note of it; either settles the issue."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Keep which failure of which device it is."""
        super().__init__(data)
        self._failure_id: str = data["failure_id"]
        self.choices = ("try_again", "understood") if data["retryable"] else ("understood",)

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
        return None if (data := self._loaded()) is None else data.settings.get(self._subentry_id)
