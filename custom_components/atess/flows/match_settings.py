"""The steps in which a user says which of the cloud's keys is which setting."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult

from ..const import CONF_SETTINGS
from ..control.matching import (
    CONF_MATCH_INSTALLER,
    homeowner_schema,
    installer_schema,
    read_homeowner,
    read_installer,
    settings_read_of,
    shown_homeowner,
    shown_installer,
)
from .forms import NO_ERRORS, FormError


class MatchSettingsFlow(ConfigSubentryFlow):
    """The part of changing a device that matches settings; it confirms what a form shows, and nothing else."""

    def __init__(self) -> None:
        """Start with nothing entered."""
        super().__init__()
        self._name = ""
        self._updates: dict[str, Any] = {}
        self._matching: dict[str, str | None] = {}

    async def async_step_match_settings(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the keys of what a homeowner may change: only those may be changed."""
        subentry = self._get_reconfigure_subentry()
        settings = settings_read_of(self._get_entry(), subentry)
        if settings is None:
            return self.async_abort(reason="no_settings")
        error = NO_ERRORS
        if user_input is not None:
            try:
                self._matching = read_homeowner(self.hass, settings, subentry.data.get(CONF_SETTINGS), user_input)
            except FormError as err:
                error = err
            else:
                return await self.async_step_match_installer() if user_input[CONF_MATCH_INSTALLER] else self._finish()
        return self.async_show_form(
            step_id="match_settings",
            data_schema=self.add_suggested_values_to_schema(
                homeowner_schema(self.hass, settings), user_input or shown_homeowner(settings)
            ),
            errors=error.errors,
            description_placeholders={**error.placeholders, "device": subentry.title},
        )

    async def async_step_match_installer(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for what only an installer should change, each to be ticked."""
        subentry = self._get_reconfigure_subentry()
        settings = settings_read_of(self._get_entry(), subentry)
        if settings is None:
            return self.async_abort(reason="no_settings")
        error = NO_ERRORS
        if user_input is not None:
            try:
                self._matching = read_installer(self.hass, settings, self._matching, user_input)
            except FormError as err:
                error = err
            else:
                return self._finish()
        return self.async_show_form(
            step_id="match_installer",
            data_schema=self.add_suggested_values_to_schema(
                installer_schema(self.hass, settings), user_input or shown_installer(settings)
            ),
            errors=error.errors,
            description_placeholders={**error.placeholders, "device": subentry.title},
        )

    def _finish(self) -> SubentryFlowResult:
        subentry = self._get_reconfigure_subentry()
        return self.async_update_and_abort(
            self._get_entry(),
            subentry,
            title=self._name or subentry.title,
            data_updates={**self._updates, CONF_SETTINGS: self._matching},
        )
