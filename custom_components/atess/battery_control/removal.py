"""Tell what a battery control leaves behind when its device is removed."""

from typing import Any

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from ..const import CONF_KIND, CONF_SETTINGS, DOMAIN
from ..control.coordinator import settings_store
from ..control.texts import wishes
from ..enerclo import Kind
from ..settings import DeviceSettings
from ..storage import async_load_cache, part
from .controller import STORED, BatteryControl
from .engine import Control


async def async_tell_left(hass: HomeAssistant, entry: ConfigEntry[Any], subentry_id: str) -> None:
    """Show a notification with the settings that nobody sets back any more, if there are some.

    There is no time to set them back: the cloud lets a device be written to each few minutes only.
    """
    data = getattr(entry, "runtime_data", None)
    control: BatteryControl | None = None if data is None else data.battery_controls.get(subentry_id)
    if control is not None:
        name, left = control.settings.device.name, control.left if control.current is not None else ""
    else:
        name, left = await _async_stored(hass, entry, subentry_id)
    if not left:
        return
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})
    message = texts[f"component.{DOMAIN}.exceptions.battery_control_left.message"]
    persistent_notification.async_create(
        hass,
        message.format(device=name, settings=left),
        title=entry.title,
        notification_id=f"{DOMAIN}_battery_control_{subentry_id}",
    )


async def _async_stored(hass: HomeAssistant, entry: ConfigEntry[Any], subentry_id: str) -> tuple[str, str]:
    """Return the name of a device that is not loaded, and what is to be set again."""
    subentry = entry.subentries.get(subentry_id)
    stored = await async_load_cache(settings_store(hass, subentry_id))
    if subentry is None or not part(stored, STORED):
        return "", ""
    try:
        control = Control.load(stored[STORED])
        kind = Kind(subentry.data[CONF_KIND])
    except KeyError, TypeError, ValueError, AttributeError:
        return "", ""
    if not control.in_force:
        return "", ""
    model = DeviceSettings(kind, part(stored, "members"), dict(subentry.data.get(CONF_SETTINGS, {})), None)
    return subentry.title, wishes(hass, model, control.originals)
