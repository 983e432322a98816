"""Adding a device to an account, and renaming it or correcting its kind later."""

from typing import Any, override

from homeassistant.config_entries import SubentryFlowContext, SubentryFlowResult
from homeassistant.const import CONF_NAME

from ..account import Account, access_of, async_get_accounts
from ..const import CONF_CORRECTIONS, CONF_DEVICE_SN, CONF_KIND, CONF_SETTINGS, CONF_USABLE_CAPACITY
from ..control.matching import candidates, settings_read_of
from ..corrections import corrections_entered, corrections_of, corrections_section, corrections_shown
from ..enerclo import EnercloClient, Kind
from ..enerclo.discovery import FoundDevice
from ..runtime import AtessConfigEntry
from .forms import (
    ADD_DEVICE_SCHEMA,
    CHANGE_DEVICE_SCHEMA,
    CHANGE_DEVICE_WITH_SETTINGS_SCHEMA,
    CONF_MATCH_SETTINGS,
    KIND_AUTOMATIC,
    NO_ERRORS,
    FormError,
    add_devices,
    async_kind_names,
    check_not_configured,
    clean_serials,
    device_data,
    device_titles,
    subentry_titles,
)
from .look_up import LookUpFlow
from .match_settings import MatchSettingsFlow


class DeviceSubentryFlow(LookUpFlow[SubentryFlowContext, SubentryFlowResult, tuple[str, str]], MatchSettingsFlow):
    """A device of an account."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a serial number, of a device or of a data logger, and look it up."""
        if user_input is None:
            await self._async_offer()
            return self._show_form()
        self._entered = user_input
        try:
            serials = clean_serials([user_input[CONF_DEVICE_SN]])
            if not serials:
                raise FormError("invalid_serial", CONF_DEVICE_SN)
            check_not_configured(self.hass, serials)
        except FormError as err:
            return self._refuse(err)
        kind = user_input[CONF_KIND]
        named = {} if kind == KIND_AUTOMATIC else {serials[0].casefold(): kind}
        return await self._async_look_up(self._async_find(await self._async_client(), serials, named))

    @override
    def _show_form(self) -> SubentryFlowResult:
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(self._with_offers(ADD_DEVICE_SCHEMA), self._entered),
            errors=self._error.errors,
            description_placeholders=self._error.placeholders,
        )

    @override
    async def _async_add(self, devices: list[FoundDevice]) -> SubentryFlowResult:
        """Add the devices; the flow itself creates one, further ones are added beside it."""
        entry = self._get_entry()
        titles = device_titles(await async_kind_names(self.hass), devices, subentry_titles(entry))
        name = (self._entered or {}).get(CONF_NAME, "").strip()
        if name and len(devices) == 1:
            titles[0] = name
        await self._async_request(await self._async_account(), devices)
        add_devices(self.hass, entry, devices[1:], titles[1:])
        return self.async_create_entry(title=titles[0], data=device_data(devices[0]), unique_id=devices[0].device_sn)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Rename a device, correct its kind, or what is assumed of it."""
        entry, subentry = self._get_entry(), self._get_reconfigure_subentry()
        settings = settings_read_of(entry, subentry)
        error = NO_ERRORS
        if user_input is not None:
            kind = Kind(user_input[CONF_KIND])
            try:
                if not (name := user_input[CONF_NAME].strip()):
                    raise FormError("no_name", CONF_NAME)
                if kind != subentry.data[CONF_KIND]:
                    await self._async_check_kind(await self._async_client(), subentry.data[CONF_DEVICE_SN], kind)
            except FormError as err:
                error = err
            else:
                updates: dict[str, Any] = {CONF_KIND: kind.value}
                if CONF_USABLE_CAPACITY in user_input or CONF_USABLE_CAPACITY in subentry.data:
                    updates[CONF_USABLE_CAPACITY] = user_input.get(CONF_USABLE_CAPACITY)
                if CONF_CORRECTIONS in user_input:
                    updates[CONF_CORRECTIONS] = corrections_entered(
                        user_input[CONF_CORRECTIONS], corrections_of(subentry.data)
                    )
                if kind != subentry.data[CONF_KIND]:
                    # The keys were matched with the settings of another kind.
                    updates[CONF_SETTINGS] = {}
                elif user_input.get(CONF_MATCH_SETTINGS) and settings is not None and candidates(settings):
                    self._name, self._updates = name, updates
                    return await self.async_step_match_settings()
                return self.async_update_and_abort(entry, subentry, title=name, data_updates=updates)
        current = Kind(subentry.data[CONF_KIND])
        suggested = user_input or {
            CONF_NAME: subentry.title,
            CONF_KIND: current.value,
            CONF_USABLE_CAPACITY: subentry.data.get(CONF_USABLE_CAPACITY),
            CONF_CORRECTIONS: corrections_shown(current, corrections_of(subentry.data)),
        }
        schema = CHANGE_DEVICE_SCHEMA if settings is None else CHANGE_DEVICE_WITH_SETTINGS_SCHEMA
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                schema.extend(corrections_section(current).schema), suggested
            ),
            errors=error.errors,
            description_placeholders=error.placeholders,
        )

    async def _async_account(self) -> Account:
        entry: AtessConfigEntry = self._get_entry()
        return (await async_get_accounts(self.hass)).account(*access_of(entry.data))

    async def _async_client(self) -> EnercloClient:
        return (await self._async_account()).client(*access_of(self._get_entry().data))
