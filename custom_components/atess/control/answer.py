"""What actions that change settings share: their fields, plans for all devices, and what became of each."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import ServiceCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..access import DEVICES, together
from ..enerclo import Json
from ..settings import Period, SettingValue
from .batch import DEFAULT_WAIT, ChangeResult
from .coordinator import SettingsCoordinator

MAX_WAIT: Final = 900
CHANGE_FIELDS: Final[dict[vol.Marker, Any]] = {
    **DEVICES,
    vol.Optional("wait", default=DEFAULT_WAIT): vol.All(vol.Coerce(int), vol.Range(min=0, max=MAX_WAIT)),
}


def plain(value: SettingValue | None) -> float | bool | str | None:
    """Return a value as answers have it: a period as text."""
    return value.text if isinstance(value, Period) else value


def by_name(item: SettingsCoordinator, members: Mapping[str, Json]) -> dict[str, Any]:
    """Return members by our keys, with the values as people see them; unknown ones as they are."""
    data = item.data
    named: dict[str, Any] = {}
    for cloud_key, value in members.items():
        if data is None or (found := data.find(cloud_key)) is None:
            named[cloud_key] = value
        else:
            meaning = data.value(found.setting.key, {cloud_key: value})
            named[found.setting.key] = value if meaning is None else plain(meaning)
    return named


def plans_of[TargetT, PlanT](targets: Mapping[str, TargetT], plan: Callable[[TargetT], PlanT]) -> dict[str, PlanT]:
    """Return the plan of each device. Raises ServiceValidationError if one is not possible."""
    plans: dict[str, PlanT] = {}
    errors: list[HomeAssistantError] = []
    for device_id, item in targets.items():
        try:
            plans[device_id] = plan(item)
        except ServiceValidationError as err:
            errors.append(err)
    if errors:
        raise together(errors, ServiceValidationError)
    return plans


async def async_results(
    call: ServiceCall,
    plans: Mapping[str, Mapping[str, Json]],
    futures: Mapping[str, asyncio.Future[ChangeResult]],
) -> dict[str, ChangeResult]:
    """Wait as long as the action says, and return what came of each change, pending where it still waits.

    Raises:
        HomeAssistantError: One has failed.
    """
    if call.data["wait"] and futures:
        await asyncio.wait(futures.values(), timeout=call.data["wait"])
    results: dict[str, ChangeResult] = {}
    errors: list[HomeAssistantError] = []
    for device_id, future in futures.items():
        if not future.done():
            results[device_id] = ChangeResult(status=dict.fromkeys(plans[device_id], "pending"))
        elif isinstance(error := future.exception(), HomeAssistantError):
            errors.append(error)
        else:
            results[device_id] = future.result().of(plans[device_id])
    if errors:
        raise together(errors)
    return results


def response_of(item: SettingsCoordinator, result: ChangeResult) -> dict[str, Any]:
    """Return what a change did to a device, as people see it."""
    members = {} if item.data is None else item.data.members
    names = list(result.status) if item.data is None else item.data.names(result.status)
    before = {key: members[key] for key in result.status if key in members} | dict(result.before)
    return {
        "name": item.device.name,
        "status": dict(zip(names, result.status.values(), strict=True)),
        "before": by_name(item, before),
        "after": by_name(item, result.after),
    }
