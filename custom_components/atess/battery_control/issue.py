"""The repair issue about a battery control that cannot go back."""

from homeassistant.core import callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..control.coordinator import SettingsCoordinator
from ..issues import battery_issue


class StuckIssue:
    """Says what is still set, as long as it is."""

    def __init__(self, settings: SettingsCoordinator) -> None:
        """Belong to the settings of a device."""
        self._settings = settings
        self._shown: str | None = None

    @callback
    def show(self, stuck: bool, left: str, attempts: int) -> None:
        """Create the issue with what has to be set again, or delete it."""
        settings = self._settings
        issue_id = battery_issue(settings.subentry_id or "")
        if not stuck:
            self._shown = None
            ir.async_delete_issue(settings.hass, DOMAIN, issue_id)
            return
        if self._shown == left:
            return
        self._shown = left
        ir.async_create_issue(
            settings.hass,
            DOMAIN,
            issue_id,
            data={
                "battery_control": True,
                "entry_id": settings.config_entry.entry_id,
                "subentry_id": settings.subentry_id,
            },
            is_fixable=True,
            is_persistent=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key="battery_control_stuck",
            translation_placeholders={"device": settings.device.name, "settings": left, "attempts": str(attempts)},
        )
