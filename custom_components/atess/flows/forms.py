"""The forms of the flows: their fields, the checks of what people type, and the errors they see."""

from collections.abc import Iterable, Mapping
from math import ceil
from types import MappingProxyType
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_NAME, CONF_SCAN_INTERVAL, CONF_TOKEN, UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.translation import async_get_translations

from ..const import (
    CONF_ADVANCED,
    CONF_ALLOW_CHANGES,
    CONF_BASE_URL,
    CONF_DAILY_BUDGET,
    CONF_DATA_LOG_SN,
    CONF_DEVICE_SN,
    CONF_HEAL_GAPS,
    CONF_KIND,
    CONF_PATHS,
    CONF_SYSTEM_NO,
    CONF_USABLE_CAPACITY,
    DEFAULT_SCAN_INTERVAL,
    DOMAIN,
    MAX_SCAN_INTERVAL,
    SUBENTRY_DEVICE,
)
from ..coordinator import error_key
from ..enerclo import DEFAULT_BASE_URL, EnercloError, Kind, normalize_overrides
from ..enerclo.discovery import FoundDevice
from ..readings.capacity import CAPACITIES
from ..runtime import AtessConfigEntry

CONF_DEVICES = "devices"
KIND_AUTOMATIC = "automatic"
MAX_SERIALS = 20

TOKEN_SELECTOR = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
_TEXT = TextSelector()
_TEXTS = TextSelector(TextSelectorConfig(multiple=True))
_ADDRESS = section(
    vol.Schema(
        {
            vol.Required(CONF_BASE_URL, default=DEFAULT_BASE_URL): TextSelector(
                TextSelectorConfig(type=TextSelectorType.URL)
            )
        }
    ),
    {"collapsed": True},
)


def _kind_selector(*first: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=[*first, *(kind.value for kind in Kind)],
            translation_key=CONF_KIND,
            mode=SelectSelectorMode.DROPDOWN,
        )
    )


# A section has no default of its own: the frontend would take it instead of the defaults of the fields in the section.
USER_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_TOKEN): TOKEN_SELECTOR,
        vol.Optional(CONF_DEVICE_SN): _TEXTS,
        vol.Optional(CONF_ALLOW_CHANGES, default=False): BooleanSelector(),
        vol.Optional(CONF_ADVANCED): _ADDRESS,
    }
)
USER_WITH_KIND_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_TOKEN): TOKEN_SELECTOR,
        vol.Optional(CONF_DEVICE_SN): _TEXTS,
        vol.Required(CONF_KIND, default=KIND_AUTOMATIC): _kind_selector(KIND_AUTOMATIC),
        vol.Optional(CONF_ALLOW_CHANGES, default=False): BooleanSelector(),
        vol.Optional(CONF_ADVANCED): _ADDRESS,
    }
)
REAUTH_SCHEMA = vol.Schema({vol.Required(CONF_TOKEN): TOKEN_SELECTOR})
RECONFIGURE_SCHEMA = vol.Schema({vol.Required(CONF_TOKEN): TOKEN_SELECTOR, vol.Optional(CONF_ADVANCED): _ADDRESS})
_OPTIONS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_SCAN_INTERVAL, default=DEFAULT_SCAN_INTERVAL): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=1, max=MAX_SCAN_INTERVAL, step=1, unit_of_measurement="min", mode=NumberSelectorMode.BOX
                )
            ),
            vol.Coerce(int),
        ),
        vol.Optional(CONF_DAILY_BUDGET): vol.All(
            NumberSelector(NumberSelectorConfig(min=10, max=100_000, step=1, mode=NumberSelectorMode.BOX)),
            vol.Coerce(int),
        ),
        vol.Required(CONF_ALLOW_CHANGES, default=False): BooleanSelector(),
        vol.Required(CONF_HEAL_GAPS, default=True): BooleanSelector(),
    }
)
ADD_DEVICE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_DEVICE_SN): _TEXT,
        vol.Required(CONF_KIND, default=KIND_AUTOMATIC): _kind_selector(KIND_AUTOMATIC),
        vol.Optional(CONF_NAME): _TEXT,
    }
)
CHANGE_DEVICE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_NAME): _TEXT,
        vol.Required(CONF_KIND): _kind_selector(),
        vol.Optional(CONF_USABLE_CAPACITY): NumberSelector(
            NumberSelectorConfig(
                min=CAPACITIES[0],
                max=CAPACITIES[1],
                step="any",
                unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
                mode=NumberSelectorMode.BOX,
            )
        ),
    }
)
CONF_MATCH_SETTINGS = "match_settings"
CHANGE_DEVICE_WITH_SETTINGS_SCHEMA = CHANGE_DEVICE_SCHEMA.extend(
    {vol.Optional(CONF_MATCH_SETTINGS, default=False): BooleanSelector()}
)


def with_offers(schema: vol.Schema, offers: Mapping[str, bool]) -> vol.Schema:
    """Return a form with a tick for each offer, set or not, before a section that is folded up."""
    fields = dict(schema.schema)
    folded = {key: fields.pop(key) for key in list(fields) if key == CONF_ADVANCED}
    ticks = {vol.Optional(name, default=default): BooleanSelector() for name, default in offers.items()}
    return vol.Schema({**fields, **ticks, **folded})


def path_lines(paths: Mapping[str, str]) -> list[str]:
    """Return stored paths as the lines of the form, the reverse of parse_paths."""
    return [f"{operation} = {path}" for operation, path in paths.items()]


def options_schema(paths: Mapping[str, str]) -> vol.Schema:
    """Return the form of the options, with the stored paths as the default: only an emptied list removes them."""
    fields = vol.Schema({vol.Required(CONF_PATHS, default=path_lines(paths)): _TEXTS})
    return _OPTIONS_SCHEMA.extend({vol.Optional(CONF_ADVANCED): section(fields, {"collapsed": True})})


class FormError(Exception):
    """Something that the user can put right in the form: the field it belongs to and a translation key."""

    def __init__(self, key: str, field: str = "base", **placeholders: str) -> None:
        """Name the error, its field and what its text mentions."""
        super().__init__(key)
        self.errors = {field: key}
        self.placeholders = {"device": "", "detail": "", "minutes": "", **placeholders}

    @classmethod
    def of(cls, error: EnercloError, field: str = "base", device: str = "") -> FormError:
        """Say what the cloud, or the way to it, has answered about a device."""
        minutes = str(ceil((getattr(error, "retry_after", None) or 300) / 60))
        return cls(error_key(error), field, device=device, detail=str(error), minutes=minutes)


NO_ERRORS = FormError("")
NO_ERRORS.errors = {}


def clean_serials(serials: Iterable[str]) -> list[str]:
    """Return serial numbers without spaces around them, each once whatever its case.

    Raises FormError if one is invalid, or if there are too many.
    """
    cleaned: dict[str, str] = {}
    for serial in filter(None, (serial.strip() for serial in serials)):
        if not 4 <= len(serial) <= 32 or any(character.isspace() for character in serial):
            raise FormError("invalid_serial", CONF_DEVICE_SN, device=serial)
        cleaned.setdefault(serial.casefold(), serial)
    if len(cleaned) > MAX_SERIALS:
        raise FormError("too_many_serials", CONF_DEVICE_SN, detail=str(MAX_SERIALS))
    return list(cleaned.values())


def configured_serials(hass: HomeAssistant) -> set[str]:
    """Return the serial numbers of all devices that are configured, under any account, in one case."""
    return {
        (subentry.unique_id or "").casefold()
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry in entry.subentries.values()
    }


def check_not_configured(hass: HomeAssistant, serials: Iterable[str], field: str = CONF_DEVICE_SN) -> None:
    """Raise FormError for the field if one of the devices is already configured, under this or another account."""
    known = configured_serials(hass)
    for serial in serials:
        if serial.casefold() in known:
            raise FormError("device_configured", field, device=serial)


def chosen_devices(
    hass: HomeAssistant, found: Iterable[FoundDevice], user_input: Mapping[str, Any]
) -> list[FoundDevice]:
    """Return the found devices that were chosen; raises FormError if there are none, or one is there already."""
    chosen = [device for device in found if device.device_sn in user_input[CONF_DEVICES]]
    check_not_configured(hass, [device.device_sn for device in chosen], CONF_DEVICES)
    if not chosen:
        raise FormError("nothing_chosen", CONF_DEVICES)
    return chosen


def add_devices(
    hass: HomeAssistant, entry: AtessConfigEntry, devices: Iterable[FoundDevice], titles: Iterable[str]
) -> None:
    """Add devices to an account, each as a config subentry with its title."""
    for device, title in zip(devices, titles, strict=True):
        subentry = ConfigSubentry(
            data=MappingProxyType(device_data(device)),
            subentry_type=SUBENTRY_DEVICE,
            title=title,
            unique_id=device.device_sn,
        )
        hass.config_entries.async_add_subentry(entry, subentry)


def parse_paths(lines: Iterable[str]) -> dict[str, str]:
    """Return paths by operation from lines such as `pcs.latest = pcs/data-last`; raises FormError for any other."""
    paths: dict[str, str] = {}
    for line in lines:
        operation, _, path = line.partition("=")
        try:
            paths |= normalize_overrides({operation.strip(): path})
        except ValueError as err:
            raise FormError("invalid_path", detail=line) from err
    return paths


async def async_kind_names(hass: HomeAssistant) -> Mapping[Kind, str]:
    """Return what the kinds of devices are called in the language of this Home Assistant."""
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    return {kind: texts.get(f"component.{DOMAIN}.selector.{CONF_KIND}.options.{kind}", kind) for kind in Kind}


def device_titles(names: Mapping[Kind, str], devices: Iterable[FoundDevice], taken: Iterable[str]) -> list[str]:
    """Return a title for each device: what its kind is called, numbered where that is taken."""
    used = set(taken)
    titles = []
    for device in devices:
        title, number = names[device.kind], 1
        while title in used:
            number += 1
            title = f"{names[device.kind]} {number}"
        used.add(title)
        titles.append(title)
    return titles


def device_data(device: FoundDevice) -> dict[str, Any]:
    """Return what the config subentry of a device keeps."""
    data: dict[str, Any] = {CONF_DEVICE_SN: device.device_sn, CONF_KIND: device.kind.value}
    if device.data_log_sn is not None:
        data[CONF_DATA_LOG_SN] = device.data_log_sn
    if device.system_no is not None:
        data[CONF_SYSTEM_NO] = device.system_no
    return data


async def async_devices_schema(hass: HomeAssistant, devices: Iterable[FoundDevice]) -> vol.Schema:
    """Return the form in which to choose among found devices, all chosen at first."""
    names = await async_kind_names(hass)
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])

    def label(device: FoundDevice) -> str:
        if device.online is None:
            return f"{names[device.kind]} {device.device_sn}"
        state = "online" if device.online else "offline"
        text = texts.get(f"component.{DOMAIN}.selector.online.options.{state}", state)
        return f"{names[device.kind]} {device.device_sn} ({text})"

    options = [SelectOptionDict(value=device.device_sn, label=label(device)) for device in devices]
    selector = SelectSelector(SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST))
    return vol.Schema({vol.Required(CONF_DEVICES, default=[option["value"] for option in options]): selector})


def subentry_titles(entry: AtessConfigEntry) -> list[str]:
    """Return the titles that an entry's devices have."""
    return [item.title for item in entry.subentries.values() if item.subentry_type == SUBENTRY_DEVICE]
