"""Adding a device to an account, and renaming it or correcting its kind later."""

from typing import Any

from homeassistant.config_entries import ConfigEntry, SubentryFlowResult
from homeassistant.const import CONF_NAME, CONF_TOKEN

from .account import async_get_accounts
from .const import CONF_BASE_URL, CONF_CORRECTIONS, CONF_DEVICE_SN, CONF_KIND, CONF_SETTINGS
from .corrections import corrections_entered, corrections_of, corrections_section, corrections_shown
from .discovery import PERSON_MAX_WAIT, FoundDevice, async_identify
from .enerclo import EnercloClient, EnercloError, Kind, NoDataError, NotFoundError, PacedError, Priority
from .flow_forms import (
    ADD_DEVICE_SCHEMA,
    CHANGE_DEVICE_SCHEMA,
    CHANGE_DEVICE_WITH_SETTINGS_SCHEMA,
    CONF_MATCH_SETTINGS,
    KIND_AUTOMATIC,
    NO_ERRORS,
    FormError,
    add_devices,
    async_devices_schema,
    async_kind_names,
    check_not_configured,
    chosen_devices,
    clean_serials,
    device_data,
    device_titles,
    subentry_titles,
)
from .match_settings_flow import MatchSettingsFlow
from .settings_matching import candidates, settings_read_of


class DeviceSubentryFlow(MatchSettingsFlow):
    """A device of an account."""

    def __init__(self) -> None:
        """Start with nothing found."""
        super().__init__()
        self._found: list[FoundDevice] = []

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for a serial number, of a device or of a data logger, and look it up."""
        error = NO_ERRORS
        if user_input is not None:
            try:
                [serial] = clean_serials([user_input[CONF_DEVICE_SN]]) or [""]
                if not serial:
                    raise FormError("invalid_serial", CONF_DEVICE_SN)
                check_not_configured(self.hass, [serial])
                listed = await self._async_find(serial, user_input[CONF_KIND])
            except FormError as err:
                error = err
            else:
                if listed:
                    return await self.async_step_devices()
                return await self._async_add(self._found, user_input.get(CONF_NAME))
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(ADD_DEVICE_SCHEMA, user_input or {}),
            errors=error.errors,
            description_placeholders=error.placeholders,
        )

    async def _async_find(self, serial: str, kind: str) -> bool:
        """Find the device, or the devices of a data logger (True); raises FormError."""
        client = await self._async_client()
        if kind != KIND_AUTOMATIC:
            await self._async_check_kind(client, serial, Kind(kind))
            self._found = [FoundDevice(device_sn=serial, kind=Kind(kind))]
            return False
        try:
            devices, listed = await async_identify(client, serial)
        except NotFoundError as err:
            raise FormError.of(err, CONF_DEVICE_SN, serial) from err
        except EnercloError as err:
            raise FormError.of(err, device=serial) from err
        entry = self._get_entry()
        known = {subentry.unique_id for subentry in entry.subentries.values()}
        self._found = [device for device in devices if device.device_sn not in known]
        if not self._found:
            raise FormError("nothing_new", CONF_DEVICE_SN, device=serial)
        return listed

    async def _async_check_kind(self, client: EnercloClient, serial: str, kind: Kind) -> None:
        """Ask for a device as one of the given kind; one that has not reported yet is taken at the user's word."""
        try:
            await client.latest(kind, serial, priority=Priority.PERSON, max_wait=PERSON_MAX_WAIT)
        except NoDataError:
            return
        except PacedError as err:
            if client.last_sample(kind, serial) is None:
                raise FormError.of(err, device=serial) from err
        except NotFoundError as err:
            raise FormError("wrong_kind", CONF_KIND, device=serial) from err
        except EnercloError as err:
            raise FormError.of(err, device=serial) from err

    async def async_step_devices(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Let the user choose among the devices of a data logger."""
        error = NO_ERRORS
        if user_input is not None:
            try:
                chosen = chosen_devices(self.hass, self._found, user_input)
            except FormError as err:
                error = err
            else:
                return await self._async_add(chosen, None)
        return self.async_show_form(
            step_id="devices",
            data_schema=await async_devices_schema(self.hass, self._found),
            errors=error.errors,
            description_placeholders=error.placeholders,
        )

    async def _async_add(self, devices: list[FoundDevice], name: str | None) -> SubentryFlowResult:
        """Add the devices; the flow itself creates one, further ones are added beside it."""
        entry = self._get_entry()
        titles = device_titles(await async_kind_names(self.hass), devices, subentry_titles(entry))
        if name and name.strip():
            titles[0] = name.strip()
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
                if CONF_CORRECTIONS in user_input:
                    updates[CONF_CORRECTIONS] = corrections_entered(user_input[CONF_CORRECTIONS])
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

    async def _async_client(self) -> EnercloClient:
        entry: ConfigEntry = self._get_entry()
        accounts = await async_get_accounts(self.hass)
        return accounts.client(entry.data[CONF_TOKEN], entry.data[CONF_BASE_URL])
