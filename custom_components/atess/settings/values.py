"""Values of settings: from the cloud's JSON to what people see, and back in the JSON type that the device uses."""

from dataclasses import dataclass

from ..catalogue.settings import Setting, SettingType
from ..enerclo.model import Json
from ..readings.numbers import parse_code, parse_flag, parse_number
from .periods import Period, parse_period
from .problems import SettingError

type SettingValue = float | bool | str | Period

_SWITCHES = {"on": True, "off": False, "true": True, "false": False}
# Steps are decimal fractions, which floats are not.
_ROUNDING = 1e-6
# Values of unknown meaning stay within what JSON, storage and an entity hold.
_GREATEST = 1e15
_LONGEST_TEXT = 255
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The range of a number in the setting's unit; None where it is not known."""

    low: float | None
    high: float | None
    step: float | None


def limits_of(setting: Setting, nominal_power: float | None) -> Limits:
    """Return the range of a setting on a device with this nominal power in kW, if it is known."""
    high = setting.high
    if setting.nominal and nominal_power and high is not None:
        high = min(high, nominal_power)
    return Limits(low=setting.low, high=high, step=setting.step)


def decode(setting: Setting, value: Json) -> SettingValue | None:
    """Return what a value of the cloud means; None if it cannot be a value of this setting."""
    match setting.type:
        case SettingType.NUMBER:
            return parse_number(value)
        case SettingType.SWITCH:
            return parse_flag(value)
        case SettingType.SELECT:
            code = None if isinstance(value, bool) else parse_code(value)
            return None if code is None or setting.enumeration is None else setting.enumeration.key(code)
        case SettingType.WINDOW:
            return parse_period(value)


def check(setting: Setting, limits: Limits, value: object) -> SettingValue:
    """Return a value that somebody asks for if the setting can have it.

    Raises:
        SettingError: Its type, range or step is wrong.
    """
    match setting.type:
        case SettingType.NUMBER:
            return _check_number(setting, limits, value)
        case SettingType.SWITCH:
            return _check_switch(setting, value)
        case SettingType.SELECT:
            return _check_option(setting, value)
        case SettingType.WINDOW:
            return _check_period(setting, value)


def _check_number(setting: Setting, limits: Limits, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or (number := parse_number(value)) is None:
        raise SettingError("not_a_number", setting.key, value=shown(value))
    low, high, step = limits.low, limits.high, limits.step
    if low is None or high is None:
        raise SettingError("range_unknown", setting.key)
    if not low <= number <= high:
        raise SettingError(
            "out_of_range",
            setting.key,
            value=f"{number:g}",
            low=f"{low:g}",
            high=f"{high:g}",
            unit=setting.unit or "",
        )
    if step and abs((steps := number / step) - round(steps)) > _ROUNDING * max(1.0, abs(steps)):
        raise SettingError("wrong_step", setting.key, value=f"{number:g}", step=f"{step:g}", unit=setting.unit or "")
    return number


def _check_switch(setting: Setting, value: object) -> bool:
    if isinstance(value, str):
        value = _SWITCHES.get(value.lower(), value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in {0, 1}:
        return bool(value)
    raise SettingError("not_a_switch", setting.key, value=shown(value))


def _check_option(setting: Setting, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and setting.enumeration is not None:
        value = setting.enumeration.key(value)
    if isinstance(value, str) and setting.enumeration is not None:
        wanted = value.strip().casefold()
        for choice in setting.enumeration.choices:
            if choice.key in setting.options and wanted in {choice.key, choice.label.casefold()}:
                return choice.key
    raise SettingError("not_an_option", setting.key, value=shown(value), options=", ".join(setting.options))


def _check_period(setting: Setting, value: object) -> Period:
    if isinstance(value, Period):
        return value
    period = parse_period(value) if isinstance(value, str) else None
    if period is None:
        raise SettingError("not_a_period", setting.key, value=shown(value))
    return period


def like(key: str, value: object, present: Json) -> Json:
    """Return a value for a member of unknown meaning, in the JSON type of its present one.

    A number is finite and at most 1e15, and whole where the present one is.
    It may be given as text, as forms of actions give all values. A text that holds a number takes a number.

    Raises:
        SettingError: The value is of another type, or out of these bounds.
    """
    if isinstance(present, bool) or isinstance(value, bool):
        if isinstance(value, bool) and isinstance(present, bool):
            return value
    elif isinstance(present, int | float):
        if (asked := _asked_number(value)) is not None:
            return _number_like(key, asked, whole=isinstance(present, int))
    elif isinstance(present, str) and (number := parse_number(present)) is not None:
        if (asked := _asked_number(value)) is not None:
            return str(_number_like(key, asked, whole=number.is_integer() and "." not in present))
    elif isinstance(present, str) and isinstance(value, str) and len(value) <= _LONGEST_TEXT and value.isprintable():
        return value
    raise SettingError("other_type", key, value=shown(value), present=shown(present))


def _asked_number(value: object) -> int | float | None:
    """Return a number, given as one or as text."""
    return value if isinstance(value, int | float) else parse_number(value) if isinstance(value, str) else None


def _number_like(key: str, value: float, *, whole: bool) -> int | float:
    """Return a number that JSON and storage can hold, as an int if it is whole and has to be."""
    # NaN is not within the bounds either.
    if not abs(value) <= _GREATEST:
        raise SettingError("not_a_number", key, value=shown(value))
    if not whole:
        return value
    if not float(value).is_integer():
        raise SettingError("wrong_step", key, value=f"{value:g}", step="1", unit="")
    return int(value)


def shown(value: object) -> str:
    """Return a value that somebody asks for as an error shows it."""
    try:
        text = "".join(char if char.isprintable() else "?" for char in str(value)[: _LONGEST_SHOWN + 1])
    except ValueError:
        # Python does not write integers of more than some thousand digits.
        text = "?"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def encode(setting: Setting, value: SettingValue, present: Json) -> Json:
    """Return a checked value as the device sends its present one: the same JSON type, a period in the same form.

    Raises:
        SettingError: The present value does not show the form that the device uses.
    """
    if isinstance(value, Period):
        if (shown := parse_period(present)) is None:
            raise SettingError("form_unknown", setting.key)
        return value.in_form(shown.form).text
    if setting.type is SettingType.SELECT and setting.enumeration is not None:
        value = float(next(item.code for item in setting.enumeration.choices if item.key == value))
    if isinstance(present, bool) or (isinstance(present, str) and present.strip().lower() in {"true", "false"}):
        flag = bool(value)
        return (
            flag if isinstance(present, bool) else (str(flag) if present.strip()[:1].isupper() else str(flag).lower())
        )
    number = float(value)
    plain: int | float = int(number) if number.is_integer() and not isinstance(present, float) else number
    if isinstance(present, str):
        return str(int(number) if number.is_integer() else number)
    if isinstance(present, int | float):
        return plain
    raise SettingError("form_unknown", setting.key)
