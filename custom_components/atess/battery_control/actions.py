"""Actions: charge, discharge, or hold the battery until a time, and end that."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from ..access import POLICY_CONTROL, async_targets, validation_error
from ..const import DOMAIN
from ..control.answer import CHANGE_FIELDS, async_results, plans_of, response_of
from ..control.batch import ChangeResult
from ..control.coordinator import SettingsCoordinator
from ..enerclo import Json
from .controller import BatteryControl
from .recipes import Plan, Verb, Wish
from .shown import ACTIONS

# A control ends after so long unless told otherwise, and after the longest in any case.
DEFAULT_DURATION: Final = timedelta(hours=4)
LONGEST: Final = timedelta(hours=24)
_TO_KW: Final = {"W": 0.001, "kW": 1.0}


def _until(value: object) -> time | datetime:
    """Return a time of day or a date with a time."""
    if isinstance(value, datetime | time):
        return value
    if isinstance(value, str) and (parsed := dt_util.parse_time(value.strip())) is not None:
        return parsed
    moment: datetime = cv.datetime(value)
    return moment


_POSITIVE = vol.All(vol.Coerce(float), vol.Range(min=0, max=1e6, min_included=False))
_END = {
    vol.Exclusive("duration", "end"): vol.All(cv.positive_time_period, vol.Range(min=timedelta(minutes=1))),
    vol.Exclusive("until", "end"): _until,
}
FORCE_SCHEMA = vol.Schema(
    {
        **CHANGE_FIELDS,
        **_END,
        vol.Optional("power"): _POSITIVE,
        vol.Optional("power_unit", default="W"): vol.In(list(_TO_KW)),
        vol.Optional("soc"): vol.All(vol.Coerce(float), vol.Range(min=0, max=100)),
    }
)
HOLD_SCHEMA = vol.Schema({**CHANGE_FIELDS, **_END})
RESUME_SCHEMA = vol.Schema(CHANGE_FIELDS)


def end_of(data: Mapping[str, Any], now: datetime) -> datetime:
    """Return when a control ends, from what an action was told.

    Raises:
        ServiceValidationError: That is over already, or too far away.
    """
    until = data.get("until")
    if until is None:
        duration: timedelta = data.get("duration", DEFAULT_DURATION)
        end = now + duration
    elif isinstance(until, time):
        end = _next(until, now)
    else:
        end = dt_util.as_utc(until) if until.tzinfo is not None else _first_after(until, now)
    if end <= now:
        raise validation_error("battery_end_past")
    # The next 6:00 is an hour further away on the day on which the clocks are put back.
    if end > now + LONGEST + timedelta(hours=1 if isinstance(until, time) else 0):
        raise validation_error("battery_end_far", hours=f"{LONGEST / timedelta(hours=1):g}")
    return end


def _next(moment: time, now: datetime) -> datetime:
    """Return when it is a time of day again, in local time."""
    local = dt_util.as_local(now)
    for days in range(2):
        day = local.date() + timedelta(days=days)
        end = _first_after(datetime.combine(day, moment.replace(tzinfo=None)), now)
        if end > now:
            return end
    return now + LONGEST


def _first_after(local: datetime, now: datetime) -> datetime:
    """Return when a local time comes after now; where clocks are put back, it comes twice. Else when it last was."""
    zone = dt_util.get_default_time_zone()
    first, second = (dt_util.as_utc(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return first if first > now else second


@callback
def async_setup_battery_control(hass: HomeAssistant) -> None:
    """Register the actions."""

    async def force_charge(call: ServiceCall) -> ServiceResponse:
        return await _begin(hass, call, Verb.CHARGING)

    async def force_discharge(call: ServiceCall) -> ServiceResponse:
        return await _begin(hass, call, Verb.DISCHARGING)

    async def hold(call: ServiceCall) -> ServiceResponse:
        return await _begin(hass, call, Verb.HOLDING)

    async def resume(call: ServiceCall) -> ServiceResponse:
        return await _resume(hass, call)

    for handler, name, schema in (
        (force_charge, ACTIONS[Verb.CHARGING], FORCE_SCHEMA),
        (force_discharge, ACTIONS[Verb.DISCHARGING], FORCE_SCHEMA),
        (hold, ACTIONS[Verb.HOLDING], HOLD_SCHEMA),
        (resume, "resume", RESUME_SCHEMA),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema=schema, supports_response=SupportsResponse.OPTIONAL)


async def _begin(hass: HomeAssistant, call: ServiceCall, verb: Verb) -> ServiceResponse:
    """Plan for all devices, and only if that is possible for all of them, begin; wait for the read-backs."""
    controls = await _async_controls(hass, call)
    end = end_of(call.data, dt_util.utcnow())
    power = None if "power" not in call.data else call.data["power"] * _TO_KW[call.data["power_unit"]]
    wish = Wish(verb=verb, power=power, target=call.data.get("soc"))
    plans: dict[str, tuple[Plan, dict[str, Json]]] = plans_of(controls, lambda control: control.plan(wish))
    futures = {
        device_id: controls[device_id].begin(wish, plan, written, end, call.context)
        for device_id, (plan, written) in plans.items()
    }
    changes = {device_id: written for device_id, (_, written) in plans.items()}
    return await _answer(call, controls, changes, futures)


async def _resume(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Go back on all devices; where there is nothing to go back from, nothing happens."""
    controls = await _async_controls(hass, call)
    changes: dict[str, dict[str, Json]] = {}
    futures: dict[str, asyncio.Future[ChangeResult]] = {}
    for device_id, control in controls.items():
        changes[device_id] = {} if control.current is None else dict(control.current.originals)
        if (future := control.resume()) is not None:
            futures[device_id] = future
    return await _answer(call, controls, changes, futures)


async def _answer(
    call: ServiceCall,
    controls: Mapping[str, BatteryControl],
    changes: Mapping[str, Mapping[str, Json]],
    futures: Mapping[str, asyncio.Future[ChangeResult]],
) -> ServiceResponse:
    """Wait for what was asked for, and return what became of it. Raises HomeAssistantError if one has failed."""
    results = await async_results(call, changes, futures)
    if not call.return_response:
        return None
    nothing = ChangeResult(status={})
    return {
        "devices": {
            device_id: {
                **response_of(control.settings, results.get(device_id, nothing)),
                **_state(control),
            }
            for device_id, control in controls.items()
        }
    }


def _state(control: BatteryControl) -> dict[str, Any]:
    """Return the state of the control as JSON."""
    current = control.current
    attributes = control.attributes
    until = attributes["until"]
    return {
        "control": "none" if current is None else current.verb.value,
        **attributes,
        "until": None if until is None else until.isoformat(),
    }


async def _async_controls(hass: HomeAssistant, call: ServiceCall) -> Mapping[str, BatteryControl]:
    """Return the battery controls of the devices that an action names.

    Raises:
        Unauthorized: The user may not control all of them.
        ServiceValidationError: A device has none.
    """
    targets = await async_targets(hass, call, POLICY_CONTROL, lambda data: data.settings.values())
    return {device_id: _control_of(item) for device_id, item in targets.items()}


def _control_of(item: SettingsCoordinator) -> BatteryControl:
    control: BatteryControl | None = item.config_entry.runtime_data.battery_controls.get(item.subentry_id)
    if control is None:
        raise validation_error("not_a_device", device=item.device.name)
    return control
