"""What people read of a battery control: attributes, events, diagnostics, and why something cannot be composed."""

from collections.abc import Mapping
from typing import Any

from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN
from ..control.batch import ChangeResult, part
from ..control.coordinator import SettingsCoordinator
from ..control.texts import member_texts, names_text
from ..enerclo import Json
from ..settings import DeviceSettings, same
from .engine import Control
from .recipes import PlanError, Verb, Wish
from .terms import Happening

ACTIONS: Mapping[Verb, str] = {
    Verb.CHARGING: "force_charge",
    Verb.DISCHARGING: "force_discharge",
    Verb.HOLDING: "hold",
}


def attributes_of(control: Control | None) -> dict[str, Any]:
    """Return the stage, the end, the power in kW, the target in percent, and whether a person asked for it."""
    return {
        "stage": None if control is None else control.stage.value,
        "until": None if control is None else control.end,
        "power": None if control is None else control.power,
        "soc": None if control is None else control.target,
        "by": None if control is None else control.by,
    }


def texts_of(settings: SettingsCoordinator, control: Control, happening: Happening) -> dict[str, str | None]:
    """Return the attributes of an event; the settings with the values that were read, but for those of a start."""
    names = []
    for key in happening.keys:
        name, value = member_texts(settings.hass, settings.data, key, settings.settings_members.get(key))
        names.append(name if happening.reason in {None, "start"} else f"{name}: {value}")
    return {"control": control.verb.value, "reason": happening.reason, "settings": ", ".join(names) or None}


def diagnostics_of(control: Control, model: DeviceSettings) -> dict[str, Any]:
    """Return all of a control, by the names of the settings."""
    names = dict(zip(control.written, model.names(control.written), strict=True))
    return {
        **attributes_of(control),
        "verb": control.verb.value,
        "reason": control.reason,
        "attempts": control.attempts,
        "written": {names[key]: value for key, value in control.written.items()},
        "originals": {names[key]: value for key, value in control.originals.items()},
    }


def plan_refusal(settings: SettingsCoordinator, wish: Wish, error: PlanError) -> ServiceValidationError:
    """Return what to tell the user about a wish that cannot be composed."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=f"battery_{error.reason}",
        translation_placeholders={
            "device": settings.device.name,
            "action": f"{DOMAIN}.{ACTIONS[wish.verb]}",
            "settings": names_text(settings.hass, settings.kind, error.keys),
            **error.placeholders,
        },
    )


def result_of(members: Mapping[str, Json], written: Mapping[str, Json], originals: Mapping[str, Json]) -> ChangeResult:
    """Return what became of the way back: what somebody else has changed stays as it is."""
    status = {
        key: "confirmed" if key in members and same(members[key], value) else "superseded"
        for key, value in originals.items()
    }
    return ChangeResult(status=status, before=written, after=part(members, originals))
