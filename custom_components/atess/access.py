"""The devices that an action names, what its user may do with them, and the error of several of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import voluptuous as vol
from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .device.values import ValueCoordinator
from .runtime import AtessConfigEntry, AtessData

__all__ = [
    "DEVICES",
    "POLICY_CONTROL",
    "POLICY_READ",
    "async_require_admin",
    "async_targets",
    "together",
    "validation_error",
]

# The field of an action that async_targets reads.
DEVICES: Final[dict[vol.Marker, Any]] = {
    vol.Required(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string], vol.Length(min=1))
}


async def async_targets[CoordinatorT: ValueCoordinator[Any]](
    hass: HomeAssistant,
    call: ServiceCall,
    permission: str,
    of: Callable[[AtessData], Iterable[CoordinatorT]],
) -> Mapping[str, CoordinatorT]:
    """Return the coordinators of the devices that an action names, by device id.

    Raises:
        Unauthorized: The user may not do this with all ATESS entities of each device. Without a user, as in
            automations, everything is permitted.
        ServiceValidationError: A device is unknown, its account is not loaded, or it has no such coordinator.
    """
    user = await _async_user(hass, call)
    device_ids: list[str] = list(dict.fromkeys(call.data[ATTR_DEVICE_ID]))
    if user is not None:
        for device_id in device_ids:
            _check(hass, call, user, device_id, permission)
    return {device_id: _coordinator(hass, device_id, of) for device_id in device_ids}


async def async_require_admin(hass: HomeAssistant, call: ServiceCall) -> None:
    """Raise Unauthorized if the user of an action is not an administrator."""
    user = await _async_user(hass, call)
    if user is not None and not user.is_admin:
        raise Unauthorized(context=call.context, user_id=user.id)


def validation_error(key: str, **placeholders: str) -> ServiceValidationError:
    """Return a translated error about what an action was asked."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders or None
    )


def together(
    errors: Sequence[HomeAssistantError], kind: type[HomeAssistantError] = HomeAssistantError
) -> HomeAssistantError:
    """Return the one error of one device, or an error of a kind that lists those of several."""
    if len(errors) == 1:
        return errors[0]
    return kind(
        translation_domain=DOMAIN,
        translation_key="several_devices",
        translation_placeholders={"errors": "; ".join(str(error) for error in errors)},
    )


async def _async_user(hass: HomeAssistant, call: ServiceCall) -> User | None:
    if (user_id := call.context.user_id) is None:
        return None
    if (user := await hass.auth.async_get_user(user_id)) is None:
        raise UnknownUser(context=call.context, user_id=user_id)
    return user


@callback
def _check(hass: HomeAssistant, call: ServiceCall, user: User, device_id: str, permission: str) -> None:
    if user.permissions.access_all_entities(permission):
        return
    registered = er.async_entries_for_device(er.async_get(hass), device_id, include_disabled_entities=True)
    entity_ids = [item.entity_id for item in registered if item.platform == DOMAIN]
    denied = [entity_id for entity_id in entity_ids if not user.permissions.check_entity(entity_id, permission)]
    if denied or not entity_ids:
        raise Unauthorized(
            context=call.context,
            user_id=user.id,
            entity_id=denied[0] if denied else None,
            permission=permission,
        )


@callback
def _coordinator[CoordinatorT: ValueCoordinator[Any]](
    hass: HomeAssistant, device_id: str, of: Callable[[AtessData], Iterable[CoordinatorT]]
) -> CoordinatorT:
    device = dr.async_get(hass).async_get(device_id)
    serials = set() if device is None else {serial for domain, serial in device.identifiers if domain == DOMAIN}
    entries: list[AtessConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        for coordinator in of(entry.runtime_data):
            if coordinator.identifier in serials:
                return coordinator
    if device is None or not serials:
        raise validation_error("no_such_device")
    loaded = {entry.entry_id for entry in entries}
    key = "not_a_device" if device.config_entry_id in loaded else "not_loaded"
    raise validation_error(key, device=device.name_by_user or device.name or "?")
