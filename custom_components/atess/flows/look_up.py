"""Looking up what a person entered: behind the form while it is quick, as a progress step when it takes long."""

import asyncio
from abc import abstractmethod
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, override

import voluptuous as vol
from homeassistant.components.recorder import DOMAIN as RECORDER
from homeassistant.data_entry_flow import FlowContext, FlowHandler, FlowResult
from homeassistant.helpers import entity_registry as er

from ..account import Account
from ..const import CONF_DEVICE_SN, CONF_ENERGY_DASHBOARD, CONF_IMPORT_HISTORY, CONF_KIND, DOMAIN, LOGGER
from ..enerclo import (
    AuthenticationError,
    EnercloClient,
    EnercloError,
    Kind,
    LimitedError,
    NoDataError,
    NotFoundError,
    PacedError,
    UnreachableError,
)
from ..enerclo.discovery import PERSON_WAITS, FoundDevice, async_discover, async_identify
from ..energy_dashboard.preferences import async_get_preferences
from .forms import (
    KIND_AUTOMATIC,
    NO_ERRORS,
    FormError,
    async_devices_schema,
    check_not_configured,
    chosen_devices,
    configured_serials,
    with_offers,
)

# A look-up that takes longer is shown as progress, in seconds.
QUICK = 3.0


class LookUpFlow[ContextT: FlowContext, ResultT: FlowResult[Any, Any], HandlerT](
    FlowHandler[ContextT, ResultT, HandlerT]
):
    """A form with serial numbers, the look-up of these, and the choice among the devices that lists name."""

    def __init__(self) -> None:
        """Start with nothing entered and nothing found."""
        super().__init__()
        self._entered: dict[str, Any] | None = None
        self._error = NO_ERRORS
        # What can be done beside adding devices, and whether the form suggests it.
        self._offers: dict[str, bool] = {}
        self._found: list[FoundDevice] = []
        self._look_up: asyncio.Task[bool] | None = None
        self._done = (0, 1)
        self._fetch_pending = False
        # Serial numbers in one case, and the device type with which each could not be looked up; the last of these.
        self._failed: set[tuple[str, str]] = set()
        self._failed_last = ""

    @abstractmethod
    def _show_form(self) -> ResultT:
        """Show the form with what was entered, and the error."""

    @abstractmethod
    async def _async_add(self, devices: list[FoundDevice]) -> ResultT:
        """Add the devices."""

    async def _async_offer(self) -> None:
        """Offer to set the Energy dashboard up and to import history.

        The one is suggested as long as the dashboard is empty, the other as long as nothing of ours was recorded.
        """
        preferences = await async_get_preferences(self.hass)
        if preferences.available:
            self._offers[CONF_ENERGY_DASHBOARD] = not (await preferences.async_read()).sources
        if RECORDER in self.hass.config.components:
            registry = er.async_get(self.hass)
            known = {item.platform for item in registry.entities.values()}
            known |= {item.platform for item in registry.deleted_entities.values()}
            self._offers[CONF_IMPORT_HISTORY] = DOMAIN not in known

    def _with_offers(self, schema: vol.Schema) -> vol.Schema:
        """Return a form with what is offered."""
        return with_offers(schema, self._offers)

    async def _async_request(self, account: Account, devices: Iterable[FoundDevice]) -> None:
        """Note for devices of an account which of the offers were accepted."""
        serials = [device.device_sn for device in devices]
        wanted = {name: bool(self._entered and self._entered.get(name)) for name in self._offers}
        if CONF_ENERGY_DASHBOARD in wanted:
            preferences = await async_get_preferences(self.hass)
            await preferences.async_request(serials, wanted=wanted[CONF_ENERGY_DASHBOARD])
        if CONF_IMPORT_HISTORY in wanted:
            await account.async_request_imports(serials, wanted=wanted[CONF_IMPORT_HISTORY])

    def _refuse(self, error: FormError) -> ResultT:
        """Show the form with an error."""
        self._error = error
        return self._show_form()

    async def _async_look_up(self, work: Coroutine[Any, Any, bool]) -> ResultT:
        """Look up, and go on: at once if it is quick, else with a progress step."""
        self._error, self._done, self._fetch_pending = NO_ERRORS, (0, 1), False
        self._look_up = self.hass.async_create_task(work, "look up devices")
        await asyncio.wait({self._look_up}, timeout=QUICK)
        return await (self.async_step_looked_up() if self._look_up.done() else self.async_step_look_up())

    async def async_step_look_up(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Show how far the look-up is."""
        if self._look_up is None or self._look_up.done():
            return self.async_show_progress_done(next_step_id="looked_up")
        self._fetch_pending = False
        done, total = self._done
        return self.async_show_progress(
            step_id="look_up",
            progress_action="look_up",
            description_placeholders={"done": str(done), "total": str(total)},
            progress_task=self._look_up,
        )

    async def async_step_looked_up(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Go on with what was found; after an error, back to the form."""
        look_up, self._look_up = self._look_up, None
        if look_up is None or look_up.cancelled():
            return self._show_form()
        try:
            listed = look_up.result()
        except FormError as err:
            return self._refuse(err)
        except Exception:  # noqa: BLE001  # whatever it was, what was entered must not be lost
            LOGGER.exception("Looking up devices failed")
            return self._refuse(FormError("unknown"))
        return await (self.async_step_devices() if listed else self._async_add(self._found))

    def _progress(self, done: int, total: int) -> None:
        """Note how far the look-up is, and show it if the progress step is open."""
        self._done = (done, max(total, 1))
        if self.cur_step is not None and self.cur_step.get("step_id") == "look_up":
            self.async_update_progress(min(done / max(total, 1), 1.0))
            self.async_notify_flow_changed()

    @override
    def async_notify_flow_changed(self) -> None:
        """Have the frontend fetch the flow, unless it is about to.

        It fetches once for each event, and a second fetch would find no flow once the first has created the entry.
        """
        if not self._fetch_pending:
            self._fetch_pending = True
            super().async_notify_flow_changed()

    @override
    def async_remove(self) -> None:
        """Cancel the look-up when the dialog is closed."""
        super().async_remove()
        if self._look_up is not None:
            self._look_up.cancel()

    async def async_step_devices(self, user_input: dict[str, Any] | None = None) -> ResultT:
        """Let the user choose among the devices that the cloud lists."""
        error = NO_ERRORS
        if user_input is not None:
            try:
                chosen = chosen_devices(self.hass, self._found, user_input)
            except FormError as err:
                error = err
            else:
                return await self._async_add(chosen)
        return self.async_show_form(
            step_id="devices",
            data_schema=self.add_suggested_values_to_schema(
                await async_devices_schema(self.hass, self._found), user_input
            ),
            errors=error.errors,
            description_placeholders=error.placeholders,
        )

    async def _async_find(self, client: EnercloClient, serials: list[str], named: Mapping[str, str]) -> bool:
        """Find the devices of the serial numbers, or of the whole account; True if lists named them.

        `named` holds the device types that the user knows, by serial number in one case.
        """
        found: dict[str, FoundDevice] = {}
        listed = not serials
        if not serials:
            _add(found, await self._async_discover(client))
        for number, serial in enumerate(serials):

            def progress(done: int, total: int, number: int = number) -> None:
                self._progress(number * total + done, len(serials) * total)

            if kind := named.get(serial.casefold()):
                await self._async_check_kind(client, serial, Kind(kind))
                _add(found, [FoundDevice(device_sn=serial, kind=Kind(kind))])
                continue
            try:
                devices, from_list = await async_identify(client, serial, progress=progress)
            except EnercloError as err:
                self._note_failure(err, serial, KIND_AUTOMATIC)
                field = CONF_DEVICE_SN if isinstance(err, NotFoundError) else "base"
                raise FormError.of(err, field, serial) from err
            _add(found, devices)
            listed = listed or from_list
        if not found:
            raise FormError("nothing_found", CONF_DEVICE_SN)
        if not listed:
            check_not_configured(self.hass, [device.device_sn for device in found.values()])
        known = configured_serials(self.hass)
        self._found = [device for serial, device in found.items() if serial not in known]
        if not self._found:
            raise FormError("nothing_new", CONF_DEVICE_SN, device=", ".join(serials))
        return listed

    async def _async_discover(self, client: EnercloClient) -> list[FoundDevice]:
        """Find the devices of the whole account; raises FormError."""
        try:
            return await async_discover(client, progress=self._progress)
        except PacedError as err:
            # There is no device to name.
            raise FormError.of(LimitedError(str(err), retry_after=err.retry_after)) from err
        except EnercloError as err:
            raise FormError.of(err) from err

    async def _async_check_kind(self, client: EnercloClient, serial: str, kind: Kind) -> None:
        """Ask for a device as one of the given type, once: after that, and without data, the user is believed."""
        if {(serial.casefold(), KIND_AUTOMATIC), (serial.casefold(), kind.value)} & self._failed:
            return
        try:
            await client.latest(kind, serial, terms=PERSON_WAITS)
        except NoDataError:
            return
        except EnercloError as err:
            if isinstance(err, PacedError) and client.last_sample(kind, serial) is not None:
                return
            self._note_failure(err, serial, kind.value)
            if isinstance(err, NotFoundError):
                raise FormError("wrong_kind", CONF_KIND, device=serial) from err
            raise FormError.of(err, device=serial) from err

    def _note_failure(self, error: EnercloError, serial: str, kind: str) -> None:
        """Keep in mind that a device could not be looked up, unless that is due to the token or the address."""
        if not isinstance(error, AuthenticationError | UnreachableError):
            self._failed.add((serial.casefold(), kind))
            self._failed_last = serial


def _add(found: dict[str, FoundDevice], devices: Iterable[FoundDevice]) -> None:
    """Add devices by serial number in one case; the first of a number stays."""
    for device in devices:
        found.setdefault(device.device_sn.casefold(), device)
