"""Which settings make a device charge, discharge, or hold its battery. Pure: no I/O, no clock.

The recipes follow from what the vendor calls registers and modes; none is confirmed on hardware.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import floor
from types import MappingProxyType

from ..catalogue.settings import settings_of
from ..enerclo import Json, Kind
from ..settings import DeviceSettings, SettingError

# A PBD has a mode too, but no battery of its own.
KINDS = frozenset({Kind.HPS_STRING, Kind.HPS_CENTRAL, Kind.PCS})
type Value = float | bool | str
NONE: Mapping[str, Value] = MappingProxyType({})


class Verb(StrEnum):
    """What the battery is made to do."""

    CHARGING = "charging"
    DISCHARGING = "discharging"
    HOLDING = "holding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Settings that make a device do something, by our key.

    Attributes:
        fixed: What is always set.
        present: What has to be there beside it.
        helpful: What is set too if the device has it, unless it is so already.
        power: The setting of the power.
        needs_power: Whether the power has to be set, now or before.
        stops: The settings of the state of charge at which the device stops by itself; the first that it has.
        raised: The settings that must not be below that state of charge.
        floor: The setting that is raised to the present state of charge, so that the battery keeps it.
    """

    fixed: Mapping[str, Value] = NONE
    present: tuple[str, ...] = ()
    helpful: Mapping[str, Value] = NONE
    power: str | None = None
    needs_power: bool = False
    stops: tuple[str, ...] = ()
    raised: tuple[str, ...] = ()
    floor: str | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """The settings without which it cannot be done."""
        return (*self.fixed, *self.present, *([self.floor] if self.floor else []))


_CUT_OFF, _RECOVER, _CHARGE_CUT_OFF = "discharge_cut_off_soc", "discharge_recover_soc", "charge_cut_off_soc"
_CHARGE_ENDS = (_CHARGE_CUT_OFF, "bms_soc_upper_limit")
_DISCHARGE_ENDS = (_CUT_OFF, "bms_soc_lower_limit")
_GRID_POWER, _OUTPUT_POWER = "grid_charging_power", "output_power_setting"
_NOT_FORCED = {"forced_charge": False}

# The first recipe whose settings a device has, and may change, is taken.
RECIPES: Mapping[Verb, tuple[Recipe, ...]] = {
    Verb.CHARGING: (
        Recipe(
            fixed={"mode": "forced_charging"},
            power=_GRID_POWER,
            stops=_CHARGE_ENDS,
            raised=("grid_charge_cut_off_soc",),
        ),
        Recipe(
            fixed={"forced_charge": True},
            power=_GRID_POWER,
            stops=_CHARGE_ENDS,
            raised=("grid_charge_cut_off_soc",),
        ),
    ),
    Verb.DISCHARGING: (
        Recipe(
            fixed={"mode": "constant_power_discharge"},
            present=(_OUTPUT_POWER,),
            helpful=_NOT_FORCED,
            power=_OUTPUT_POWER,
            needs_power=True,
            stops=_DISCHARGE_ENDS,
        ),
    ),
    Verb.HOLDING: (
        Recipe(fixed={"mode": "load_first"}, helpful={_GRID_POWER: 0.0, **_NOT_FORCED}, floor=_CUT_OFF),
        Recipe(fixed={_GRID_POWER: 0.0}, helpful=_NOT_FORCED, floor=_CUT_OFF),
    ),
}


class PlanError(Exception):
    """What cannot be composed; `reason` is a translation key without the prefix `battery_`, `keys` are settings."""

    def __init__(self, reason: str, keys: Iterable[str] = (), **placeholders: str) -> None:
        """Name the reason and the settings."""
        super().__init__(reason)
        self.reason = reason
        self.keys = tuple(keys)
        self.placeholders = placeholders


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks of the battery: power in kW, target in percent."""

    verb: Verb
    power: float | None = None
    target: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The settings to make, by our key; power and target as they are set; whether the target has to be watched."""

    settings: dict[str, Value] = field(default_factory=dict)
    power: float | None = None
    target: float | None = None
    watched: bool = False


def compose(model: DeviceSettings, wish: Wish, base: Mapping[str, Json], soc: float | None) -> Plan:
    """Return the settings that do what is asked.

    `base` are the members as they are without battery control, `soc` the present state of charge.

    Raises:
        PlanError: A setting is missing, or a number does not fit.
    """
    recipe = _choose(model, wish.verb)
    helpful = {
        key: value for key, value in recipe.helpful.items() if model.writable(key) and model.value(key, base) != value
    }
    settings: dict[str, Value] = {**recipe.fixed, **helpful}
    power = _power(model, recipe, wish, base)
    if wish.power is not None and power is not None and recipe.power is not None:
        settings[recipe.power] = power
    watched = False
    target = wish.target
    if target is not None:
        stop = next((key for key in recipe.stops if model.writable(key)), None)
        if stop is None:
            if soc is None:
                raise PlanError("missing", _of_kind(model.kind, recipe.stops)[:1])
            watched = True
        else:
            target = settings[stop] = _stepped(model, stop, target)
            settings |= {key: target for key in recipe.raised if _below(model, key, base, target)}
    if recipe.floor is not None:
        if soc is None:
            raise PlanError("no_soc")
        settings[recipe.floor] = _kept(model, recipe.floor, base, soc)
    _raise_recovery(model, settings, base)
    return Plan(settings=settings, power=power, target=target, watched=watched)


def _choose(model: DeviceSettings, verb: Verb) -> Recipe:
    """Return the first recipe that the device's settings suffice for."""
    recipes = RECIPES[verb]
    for recipe in recipes:
        if all(model.writable(key) for key in recipe.needed):
            return recipe
    wanted = next(recipe for recipe in recipes if all(key in settings_of(model.kind) for key in recipe.needed))
    raise PlanError("missing", (key for key in wanted.needed if not model.writable(key)))


def _of_kind(kind: Kind, keys: Iterable[str]) -> list[str]:
    return [key for key in keys if key in settings_of(kind)]


def _power(model: DeviceSettings, recipe: Recipe, wish: Wish, base: Mapping[str, Json]) -> float | None:
    """Return the power that is or will be set, None if nothing says."""
    key = recipe.power
    if key is None:
        return None
    if wish.power is None:
        present = model.value(key, base) if model.writable(key) else None
        if recipe.needs_power and not present:
            raise PlanError("power_needed", [key])
        return present if isinstance(present, float) else None
    if key not in settings_of(model.kind):
        raise PlanError("no_power")
    if not model.writable(key):
        raise PlanError("missing", [key])
    if (power := _stepped(model, key, wish.power)) <= 0:
        step = model.limits(key).step or 1.0
        raise PlanError("power_small", [key], power=f"{wish.power:g}", step=f"{step:g}")
    return power


def _stepped(model: DeviceSettings, key: str, value: float) -> float:
    """Return the value next to one that a setting can have by its step."""
    step = model.limits(key).step
    return round(float(round(value / step) * step), 6) if step else value


def _below(model: DeviceSettings, key: str, base: Mapping[str, Json], target: float) -> bool:
    present = model.value(key, base)
    return model.writable(key) and isinstance(present, float) and present < target


def _kept(model: DeviceSettings, key: str, base: Mapping[str, Json], soc: float) -> float:
    """Return the cut-off that keeps the present state of charge; there is room above it for what must be higher."""
    present, top = model.value(key, base), model.value(_CHARGE_CUT_OFF, base)
    room = 1.0 if model.value(_RECOVER, base) is None else 2.0
    highest = (top if isinstance(top, float) else 100.0) - room
    return max(min(float(floor(soc)), highest), present if isinstance(present, float) else 0.0)


def _raise_recovery(model: DeviceSettings, settings: dict[str, Value], base: Mapping[str, Json]) -> None:
    """Keep the state of charge at which discharging resumes above the cut-off."""
    cut_off, present = settings.get(_CUT_OFF), model.value(_RECOVER, base)
    if isinstance(cut_off, float) and isinstance(present, float) and present <= cut_off and model.writable(_RECOVER):
        settings[_RECOVER] = cut_off + 1.0


def compatible(model: DeviceSettings, changes: dict[str, Json], upcoming: Mapping[str, Json]) -> dict[str, Json]:
    """Return those of some changes, by the cloud's key, that break no relation with what somebody else has set.

    Raises:
        SettingError: None of them can be made now.
    """
    while True:
        try:
            model.check_together(changes, upcoming)
        except SettingError as err:
            found = model.find(err.key)
            if found is None or found.cloud_key not in changes or len(changes) == 1:
                raise
            changes = {key: value for key, value in changes.items() if key != found.cloud_key}
        else:
            return changes
