"""Setting up an account, and changing its token, address and options later."""

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowContext,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_SCAN_INTERVAL, CONF_TOKEN
from homeassistant.core import callback
from yarl import URL

from .account import access_of, async_get_accounts
from .const import (
    CONF_ADVANCED,
    CONF_ALLOW_CHANGES,
    CONF_BASE_URL,
    CONF_DAILY_BUDGET,
    CONF_DEVICE_SN,
    CONF_HEAL_GAPS,
    CONF_KIND,
    CONF_PATHS,
    DEFAULT_SCAN_INTERVAL,
    DOMAIN,
    SUBENTRY_DEVICE,
)
from .enerclo import (
    DEFAULT_BASE_URL,
    EnercloError,
    Kind,
    NotFoundError,
    PacedError,
    Token,
    normalize_base_url,
)
from .enerclo.discovery import FoundDevice, async_check_access
from .flows.device import DeviceSubentryFlow
from .flows.forms import (
    KIND_AUTOMATIC,
    NO_ERRORS,
    REAUTH_SCHEMA,
    RECONFIGURE_SCHEMA,
    USER_SCHEMA,
    USER_WITH_KIND_SCHEMA,
    FormError,
    async_kind_names,
    check_not_configured,
    clean_serials,
    device_data,
    device_titles,
    options_schema,
    parse_paths,
    path_lines,
)
from .flows.look_up import LookUpFlow
from .runtime import AtessConfigEntry

# What tells less about a token than other failures; that all devices are unknown tells that it is another account's.
_SAYS_LITTLE: Mapping[type[EnercloError], int] = {PacedError: 1, NotFoundError: 2}


def _address(text: str) -> str:
    try:
        return normalize_base_url(text)
    except ValueError as err:
        raise FormError("invalid_base_url") from err


class AtessConfigFlow(LookUpFlow[ConfigFlowContext, ConfigFlowResult, str], ConfigFlow, domain=DOMAIN):
    """Set up an Enerclo account with its devices."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        """Start with nothing entered."""
        super().__init__()
        self._data: dict[str, Any] = {}
        # Device types that the user named after a failed look-up, by serial number in one case.
        self._named: dict[str, str] = {}

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
        if user_input is None:
            await self._async_offer()
            return self._show_form()
        self._entered = user_input
        self._note_kind(user_input.get(CONF_KIND, KIND_AUTOMATIC))
        token = Token(user_input[CONF_TOKEN])
        # A dialog that was left open in another window must not block this one.
        await self.async_set_unique_id(token.identity, raise_on_progress=False)
        self._abort_if_unique_id_configured()
        try:
            address = _address(user_input.get(CONF_ADVANCED, {}).get(CONF_BASE_URL, DEFAULT_BASE_URL))
            serials = clean_serials(user_input.get(CONF_DEVICE_SN, []))
            check_not_configured(self.hass, serials)
        except FormError as err:
            return self._refuse(err)
        self._data = {CONF_TOKEN: token.header, CONF_BASE_URL: address}
        client = (await async_get_accounts(self.hass)).account(token, address).client(token, address)
        return await self._async_look_up(self._async_find(client, serials, self._named))

    def _note_kind(self, kind: str) -> None:
        """Keep the type of the device that could not be looked up."""
        self._named.pop(self._failed_last.casefold(), None)
        if kind != KIND_AUTOMATIC:
            self._named[self._failed_last.casefold()] = kind

    @override
    def _show_form(self) -> ConfigFlowResult:
        suggested = dict(self._entered or {})
        if self._failed:
            suggested[CONF_KIND] = self._named.get(self._failed_last.casefold(), KIND_AUTOMATIC)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(
                self._with_offers(USER_WITH_KIND_SCHEMA if self._failed else USER_SCHEMA), suggested
            ),
            errors=self._error.errors,
            description_placeholders={**self._error.placeholders, "failed": self._failed_last},
        )

    @override
    async def _async_add(self, devices: list[FoundDevice]) -> ConfigFlowResult:
        titles = device_titles(await async_kind_names(self.hass), devices, ())
        await self._async_request((await async_get_accounts(self.hass)).account(*access_of(self._data)), devices)
        identity = Token(self._data[CONF_TOKEN]).identity
        allow_changes = bool(self._entered and self._entered[CONF_ALLOW_CHANGES])
        return self.async_create_entry(
            title=f"Enerclo {identity}" if identity.isdecimal() else "Enerclo",
            data=self._data,
            options={CONF_SCAN_INTERVAL: DEFAULT_SCAN_INTERVAL, CONF_ALLOW_CHANGES: allow_changes},
            subentries=[
                ConfigSubentryData(
                    data=device_data(device), subentry_type=SUBENTRY_DEVICE, title=title, unique_id=device.device_sn
                )
                for device, title in zip(devices, titles, strict=True)
            ],
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for a new token, since the cloud no longer accepts the old one."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new token of the same account."""
        return await self._async_change("reauth_confirm", REAUTH_SCHEMA, self._get_reauth_entry(), user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for another token of the same account, or another address."""
        return await self._async_change("reconfigure", RECONFIGURE_SCHEMA, self._get_reconfigure_entry(), user_input)

    async def _async_change(
        self, step: str, schema: vol.Schema, entry: AtessConfigEntry, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Take a new token and, where it is asked for, address, once the cloud has answered with them."""
        error = NO_ERRORS
        if user_input is not None:
            token = Token(user_input[CONF_TOKEN])
            try:
                address = user_input.get(CONF_ADVANCED, {}).get(CONF_BASE_URL, entry.data[CONF_BASE_URL])
                data = {CONF_TOKEN: token.header, CONF_BASE_URL: _address(address)}
                identity = token.identity
                if identity != entry.unique_id:
                    # Only numeric identities tell accounts apart; others change with the token.
                    if identity.isdecimal() and (entry.unique_id or "").isdecimal():
                        raise FormError("wrong_account", CONF_TOKEN)
                    await self.async_set_unique_id(identity, raise_on_progress=False)
                    self._abort_if_unique_id_configured()
                await self._async_check(data, entry)
            except FormError as err:
                error = err
            else:
                return await self._async_update_and_reload(entry, data, identity)
        suggested = user_input or {CONF_ADVANCED: {CONF_BASE_URL: entry.data[CONF_BASE_URL]}}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=error.errors,
            description_placeholders={**error.placeholders, "account": entry.title},
        )

    async def _async_check(self, data: Mapping[str, Any], entry: AtessConfigEntry) -> None:
        """Ask the cloud for the entry's devices until it serves one; raises FormError."""
        access = access_of(data)
        accounts = await async_get_accounts(self.hass)
        same_host = URL(data[CONF_BASE_URL]).host == URL(entry.data[CONF_BASE_URL]).host
        # The cloud limits how often a device is asked for, with whatever token.
        account = accounts.account_of(entry) if same_host else accounts.account(*access)
        client = account.trial_client(*access)
        failures: list[tuple[EnercloError, str]] = []
        for subentry in entry.subentries.values():
            try:
                await async_check_access(client, Kind(subentry.data[CONF_KIND]), subentry.data[CONF_DEVICE_SN])
            except EnercloError as err:
                # It may be this device alone that the cloud no longer knows, or that the token has no access to.
                failures.append((err, subentry.title))
                if not err.answered:
                    break
            else:
                return
        if not failures:
            return
        error, device = min(failures, key=lambda failure: _SAYS_LITTLE.get(type(failure[0]), 0))
        if isinstance(error, NotFoundError):
            raise FormError("wrong_account", CONF_TOKEN) from error
        raise FormError.of(error, device=device) from error

    async def _async_update_and_reload(
        self, entry: AtessConfigEntry, data: dict[str, Any], identity: str
    ) -> ConfigFlowResult:
        """Store the change, and forget refusals. A loaded entry reloads itself; reload any other entry."""
        (await async_get_accounts(self.hass)).account_of(entry).forgive()
        unchanged = entry.data == data or entry.state is not ConfigEntryState.LOADED
        result = self.async_update_and_abort(entry, unique_id=identity, data=data)
        if unchanged:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return result


class AtessOptionsFlow(OptionsFlow):
    """Handle the options flow: polling, permission to change settings, and API paths."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the options."""
        error = NO_ERRORS
        options = self.config_entry.options
        stored_paths = options.get(CONF_PATHS, {})
        if user_input is not None:
            try:
                entered = user_input.get(CONF_ADVANCED)
                paths = stored_paths if entered is None else parse_paths(entered[CONF_PATHS])
            except FormError as err:
                error = err
            else:
                optional = {CONF_DAILY_BUDGET, CONF_HEAL_GAPS, CONF_PATHS}
                kept = {key: value for key, value in options.items() if key not in optional}
                shown = {key: value for key, value in user_input.items() if key != CONF_ADVANCED}
                if shown.get(CONF_HEAL_GAPS):
                    # Only a person's no is stored.
                    del shown[CONF_HEAL_GAPS]
                return self.async_create_entry(data={**kept, **shown, **({CONF_PATHS: paths} if paths else {})})
        suggested = user_input or {**options, CONF_ADVANCED: {CONF_PATHS: path_lines(stored_paths)}}
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(options_schema(stored_paths), suggested),
            errors=error.errors,
            description_placeholders=error.placeholders,
        )
