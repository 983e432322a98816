"""Repairs: adding the devices that a data logger newly names, correcting what self-checks found."""

from typing import TYPE_CHECKING, Any

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow
from homeassistant.core import HomeAssistant

from ..const import CONF_DATA_LOG_SN, CONF_DEVICE_SN, CONF_KIND, CONF_SYSTEM_NO
from ..corrections import async_correct
from ..enerclo import Kind
from ..enerclo.discovery import FoundDevice
from ..energy_dashboard.watch import RENAMED_ISSUE
from ..flows.forms import (
    NO_ERRORS,
    FormError,
    add_devices,
    async_devices_schema,
    async_kind_names,
    chosen_devices,
    device_titles,
    subentry_titles,
)
from .battery_control import StuckControlFlow
from .choice import ChoiceFlow
from .energy import DoubleCountingFlow, RenamedFlow
from .settings import FailedChangeFlow

if TYPE_CHECKING:
    from homeassistant.components.repairs import RepairsFlowResult


class NewDevicesFlow(RepairsFlow):
    """Choose among the devices that a data logger names and that are not set up yet."""

    def __init__(self, entry_id: str, devices: list[FoundDevice]) -> None:
        """Keep what the daily look has found."""
        self._entry_id = entry_id
        self._devices = devices

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin; Home Assistant hands in the issue here, not what a user entered."""
        return await self.async_step_devices()

    async def async_step_devices(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask which of the devices to add, and add them."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None:
            return self.async_abort(reason="account_removed")
        error = NO_ERRORS
        if user_input is not None:
            try:
                chosen = chosen_devices(self.hass, self._devices, user_input)
            except FormError as err:
                error = err
            else:
                titles = device_titles(await async_kind_names(self.hass), chosen, subentry_titles(entry))
                add_devices(self.hass, entry, chosen, titles)
                return self.async_create_entry(data={})
        schema: vol.Schema = await async_devices_schema(self.hass, self._devices)
        return self.async_show_form(
            step_id="devices",
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=error.errors,
            description_placeholders={**error.placeholders, "count": str(len(self._devices))},
        )


class VerdictFlow(ChoiceFlow):
    """Take over what a self-check found, or stay with what was assumed; `assumed` is empty if that is no choice."""

    choices = ("correct", "leave")

    def __init__(self, data: dict[str, Any]) -> None:
        """Keep the device and what was found."""
        super().__init__(data)
        self._name: str = data["name"]
        self._found: str = data["found"]
        self._assumed: str = data["assumed"]

    async def async_step_correct(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Correct it from now on."""
        return self._keep(self._found)

    async def async_step_leave(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Leave it, or take it back, and do not ask again."""
        return self._keep(self._assumed)

    def _keep(self, value: str) -> RepairsFlowResult:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        subentry = None if entry is None else entry.subentries.get(self._subentry_id)
        if entry is None or subentry is None:
            return self.async_abort(reason="device_removed")
        async_correct(self.hass, entry, subentry, self._name, value)
        return self.async_create_entry(data={})


async def async_create_fix_flow(hass: HomeAssistant, issue_id: str, data: dict[str, Any] | None) -> RepairsFlow:
    """Return the flow that fixes an issue: of devices, self-checks, changes that failed, or the Energy dashboard."""
    if data is None:
        raise ValueError(f"there is nothing to fix in {issue_id}")
    if "energy" in data:
        return RenamedFlow() if data["energy"] == RENAMED_ISSUE else DoubleCountingFlow()
    if "battery_control" in data:
        return StuckControlFlow(data)
    if "found" in data:
        return VerdictFlow(data)
    if "failure_id" in data:
        return FailedChangeFlow(data)
    return NewDevicesFlow(
        data["entry_id"],
        [
            FoundDevice(
                device_sn=item[CONF_DEVICE_SN],
                kind=Kind(item[CONF_KIND]),
                online=item["online"],
                data_log_sn=item.get(CONF_DATA_LOG_SN),
                system_no=item.get(CONF_SYSTEM_NO),
            )
            for item in data["devices"]
        ],
    )
