"""Settings in the language of this Home Assistant: their names, their values, and why a change cannot be made."""

from collections.abc import Iterable, Mapping

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_cached_translations

from ..catalogue.settings import Setting, SettingType, settings_of
from ..const import DOMAIN
from ..enerclo import Json, Kind
from ..redaction import HIDDEN, is_private
from ..settings import DeviceSettings, Period, SettingError, SettingValue
from ..settings.values import decode

# What events, states and issues show of a change that touches very much.
_MOST, _LONGEST = 20, 60
_ENTITY = f"component.{DOMAIN}.entity.sensor."


def setting_name(hass: HomeAssistant, setting: Setting) -> str:
    """Return what a setting is called."""
    texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
    return texts.get(f"{_ENTITY}{setting.key}.name", setting.name)


def name_of(hass: HomeAssistant, kind: Kind, key: str) -> str:
    """Return what a setting of a kind of device is called, by our key; an unknown key is its own name."""
    setting = settings_of(kind).get(key)
    return key if setting is None else setting_name(hass, setting)


def value_text(hass: HomeAssistant, setting: Setting, value: SettingValue | None) -> str:
    """Return a value as people read it."""
    if value is None:
        return "?"
    if isinstance(value, Period):
        return value.text
    if setting.type in {SettingType.SELECT, SettingType.SWITCH}:
        state = value if isinstance(value, str) else "on" if value else "off"
        texts = async_get_cached_translations(hass, hass.config.language, "entity", DOMAIN)
        return texts.get(f"{_ENTITY}{setting.key}.state.{state}", state)
    return f"{value:g} {setting.unit or ''}".strip()


def member_texts(hass: HomeAssistant, model: DeviceSettings | None, cloud_key: str, value: Json) -> tuple[str, str]:
    """Return name and value of a member of a "get setting" answer as people read them."""
    if model is None or (found := model.find(cloud_key)) is None:
        return cloud_key, HIDDEN if is_private(cloud_key, value) else _short(value)
    meaning = decode(found.setting, value)
    text = _short(value) if meaning is None else value_text(hass, found.setting, meaning)
    return setting_name(hass, found.setting), text


def change_texts(
    hass: HomeAssistant, model: DeviceSettings | None, asked: Mapping[str, Json], before: Mapping[str, Json]
) -> dict[str, str | None]:
    """Return what a change is about, from which values to which, as people read them."""
    wanted = [member_texts(hass, model, key, value) for key, value in asked.items()]
    had = [member_texts(hass, model, key, before[key])[1] if key in before else "?" for key in asked]
    return {
        "what": _joined(", ", [name for name, _ in wanted]),
        "from": _joined(", ", had),
        "to": _joined(", ", [text for _, text in wanted]),
    }


def differences(
    hass: HomeAssistant, model: DeviceSettings, asked: Mapping[str, Json], found: Mapping[str, Json]
) -> str:
    """Return per member what was asked for and what is there instead."""
    parts = []
    for key, value in found.items():
        name, there = member_texts(hass, model, key, value)
        wanted = member_texts(hass, model, key, asked[key])[1] if key in asked else None
        parts.append(f"{name}: {there}" if wanted is None else f"{name}: {wanted} → {there}")
    return _joined("; ", parts)


def wishes(hass: HomeAssistant, model: DeviceSettings | None, asked: Mapping[str, Json]) -> str:
    """Return what was asked for."""
    return _joined("; ", [": ".join(member_texts(hass, model, key, value)) for key, value in asked.items()])


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _joined(separator: str, parts: list[str]) -> str:
    more = len(parts) - _MOST
    return separator.join(parts[:_MOST]) + (f"{separator}… ({more})" if more > 0 else "")


def names_text(hass: HomeAssistant, kind: Kind, keys: Iterable[str]) -> str:
    """Return the names of some settings in a row."""
    return ", ".join(name_of(hass, kind, key) for key in keys)


def refusal(hass: HomeAssistant, kind: Kind, device: str, error: SettingError) -> ServiceValidationError:
    """Return what to tell the user about a change that cannot be made."""
    placeholders = dict(error.placeholders)
    if "other" in placeholders:
        placeholders["other"] = name_of(hass, kind, placeholders["other"])
    if (setting := settings_of(kind).get(error.key)) is not None:
        if "options" in placeholders:
            placeholders["options"] = ", ".join(value_text(hass, setting, option) for option in setting.options)
        if "mode" in placeholders:
            placeholders["mode"] = value_text(hass, setting, placeholders["mode"])
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=f"setting_{error.reason}",
        translation_placeholders={"device": device, "setting": name_of(hass, kind, error.key), **placeholders},
    )
