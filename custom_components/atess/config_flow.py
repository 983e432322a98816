"""Setting up an account, and changing its token, address and options later."""

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_SCAN_INTERVAL, CONF_TOKEN
from homeassistant.core import callback

from .account import async_get_accounts
from .const import (
    CONF_ADVANCED,
    CONF_ALLOW_CHANGES,
    CONF_BASE_URL,
    CONF_DAILY_BUDGET,
    CONF_DEVICE_SN,
    CONF_KIND,
    CONF_PATHS,
    DEFAULT_SCAN_INTERVAL,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from .device_flow import DeviceSubentryFlow
from .discovery import FoundDevice, async_check_access, async_discover, async_identify
from .enerclo import EnercloError, Kind, NotFoundError, account_identity, normalize_base_url, normalize_token
from .flow_forms import (
    NO_ERRORS,
    OPTIONS_SCHEMA,
    REAUTH_SCHEMA,
    RECONFIGURE_SCHEMA,
    USER_SCHEMA,
    FormError,
    async_devices_schema,
    async_kind_names,
    check_not_configured,
    chosen_devices,
    clean_serials,
    device_data,
    device_titles,
    parse_paths,
)


def _address(text: str) -> str:
    try:
        return normalize_base_url(text)
    except ValueError as err:
        raise FormError("invalid_base_url") from err


class AtessConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up an Enerclo account with its devices."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nothing found."""
        self._data: dict[str, Any] = {}
        self._allow_changes = False
        self._found: list[FoundDevice] = []

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Devices are subentries of their account."""
        return {SUBENTRY_DEVICE: DeviceSubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow that changes the options."""
        return AtessOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the token and the devices, and connect."""
        error = NO_ERRORS
        if user_input is not None:
            token = normalize_token(user_input[CONF_TOKEN])
            await self.async_set_unique_id(account_identity(token))
            self._abort_if_unique_id_configured()
            try:
                self._data = {CONF_TOKEN: token, CONF_BASE_URL: _address(user_input[CONF_ADVANCED][CONF_BASE_URL])}
                self._allow_changes = user_input[CONF_ALLOW_CHANGES]
                serials = clean_serials(user_input.get(CONF_DEVICE_SN, []))
                check_not_configured(self.hass, serials)
                listed = await self._async_find(serials)
            except FormError as err:
                error = err
            else:
                return await (self.async_step_devices() if listed else self._async_create(self._found))
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(USER_SCHEMA, user_input or {}),
            errors=error.errors,
            description_placeholders=error.placeholders,
        )

    async def _async_find(self, serials: list[str]) -> bool:
        """Find the devices of the serial numbers, or of the whole account; True if lists named them."""
        access = self._data[CONF_TOKEN], self._data[CONF_BASE_URL]
        client = (await async_get_accounts(self.hass)).account(*access).client(*access)
        found: dict[str, FoundDevice] = {}
        listed = False
        if not serials:
            try:
                found = {device.device_sn: device for device in await async_discover(client)}
            except EnercloError as err:
                raise FormError.of(err) from err
            listed = True
        for serial in serials:
            try:
                devices, from_list = await async_identify(client, serial)
            except NotFoundError as err:
                raise FormError.of(err, CONF_DEVICE_SN, serial) from err
            except EnercloError as err:
                raise FormError.of(err, device=serial) from err
            found |= {device.device_sn: device for device in devices}
            listed = listed or from_list
        self._found = list(found.values())
        if not self._found:
            raise FormError("nothing_found", CONF_DEVICE_SN)
        return listed

    async def async_step_devices(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose among the devices that the cloud has listed."""
        error = NO_ERRORS
        if user_input is not None:
            try:
                chosen = chosen_devices(self.hass, self._found, user_input)
            except FormError as err:
                error = err
            else:
                return await self._async_create(chosen)
        return self.async_show_form(
            step_id="devices",
            data_schema=await async_devices_schema(self.hass, self._found),
            errors=error.errors,
            description_placeholders=error.placeholders,
        )

    async def _async_create(self, devices: list[FoundDevice]) -> ConfigFlowResult:
        titles = device_titles(await async_kind_names(self.hass), devices, ())
        identity = account_identity(self._data[CONF_TOKEN])
        return self.async_create_entry(
            title=f"Enerclo {identity}" if identity.isdecimal() else "Enerclo",
            data=self._data,
            options={CONF_SCAN_INTERVAL: DEFAULT_SCAN_INTERVAL, CONF_ALLOW_CHANGES: self._allow_changes},
            subentries=[
                ConfigSubentryData(
                    data=device_data(device), subentry_type=SUBENTRY_DEVICE, title=title, unique_id=device.device_sn
                )
                for device, title in zip(devices, titles, strict=True)
            ],
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """The cloud no longer accepts the token."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new token of the same account."""
        entry = self._get_reauth_entry()
        return await self._async_change("reauth_confirm", REAUTH_SCHEMA, entry, user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for another token of the same account, or another address."""
        entry = self._get_reconfigure_entry()
        schema = self.add_suggested_values_to_schema(
            RECONFIGURE_SCHEMA, {CONF_ADVANCED: {CONF_BASE_URL: entry.data[CONF_BASE_URL]}}
        )
        return await self._async_change("reconfigure", schema, entry, user_input)

    async def _async_change(
        self, step: str, schema: vol.Schema, entry: ConfigEntry, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Take a new token and, where it is asked for, address, once the cloud has answered with them."""
        error = NO_ERRORS
        if user_input is not None:
            token = normalize_token(user_input[CONF_TOKEN])
            try:
                address = user_input.get(CONF_ADVANCED, {}).get(CONF_BASE_URL, entry.data[CONF_BASE_URL])
                data = {CONF_TOKEN: token, CONF_BASE_URL: _address(address)}
                identity = account_identity(token)
                if identity != entry.unique_id:
                    # Only numeric identities tell accounts apart; others change with the token.
                    if identity.isdecimal() and (entry.unique_id or "").isdecimal():
                        raise FormError("wrong_account", CONF_TOKEN)
                    await self.async_set_unique_id(identity)
                    self._abort_if_unique_id_configured()
                await self._async_check(data, entry)
            except FormError as err:
                error = err
            else:
                return self._update_and_reload(entry, data, identity)
        return self.async_show_form(
            step_id=step, data_schema=schema, errors=error.errors, description_placeholders=error.placeholders
        )

    async def _async_check(self, data: Mapping[str, Any], entry: ConfigEntry) -> None:
        """Ask the cloud for one of the entry's devices; raises FormError."""
        access = data[CONF_TOKEN], data[CONF_BASE_URL]
        client = (await async_get_accounts(self.hass)).account(*access).trial_client(*access)
        for subentry in entry.subentries.values():
            try:
                await async_check_access(client, Kind(subentry.data[CONF_KIND]), subentry.data[CONF_DEVICE_SN])
            except NotFoundError as err:
                raise FormError("wrong_account", CONF_TOKEN) from err
            except EnercloError as err:
                raise FormError.of(err, device=subentry.title) from err
            return

    def _update_and_reload(self, entry: ConfigEntry, data: dict[str, Any], identity: str) -> ConfigFlowResult:
        """Store the change; a loaded entry reloads itself when it changes, any other has to be told."""
        unchanged = entry.data == data or entry.state is not ConfigEntryState.LOADED
        result = self.async_update_and_abort(entry, unique_id=identity, data=data)
        if unchanged:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result


class AtessOptionsFlow(OptionsFlow):
    """Change how often the cloud is asked and whether settings may be changed."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        error = NO_ERRORS
        if user_input is not None:
            try:
                paths = parse_paths(user_input.get(CONF_ADVANCED, {}).get(CONF_PATHS, []))
            except FormError as err:
                error = err
            else:
                return self.async_create_entry(
                    data={
                        CONF_SCAN_INTERVAL: int(user_input[CONF_SCAN_INTERVAL]),
                        CONF_ALLOW_CHANGES: user_input[CONF_ALLOW_CHANGES],
                        CONF_PATHS: paths,
                        **{key: user_input[key] for key in (CONF_DAILY_BUDGET,) if key in user_input},
                    }
                )
        options = self.config_entry.options
        lines = [f"{operation} = {path}" for operation, path in options.get(CONF_PATHS, {}).items()]
        suggested = user_input or {**options, CONF_ADVANCED: {CONF_PATHS: lines}}
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(OPTIONS_SCHEMA, suggested),
            errors=error.errors,
            description_placeholders=error.placeholders,
        )
