"""What becomes of a write: it is obeyed, or one of the things happens that the option `write` names."""

from collections.abc import Mapping
from dataclasses import dataclass

from .options import Options
from .settings import Json, RefusedError, Setting, SettingsTable
from .world import World

type Plain = int | float | str | bool
_CLAMP = 0.2
_PAUSE = 60.0


class GoneError(Exception):
    """The device does not answer any more."""


class TooOftenError(Exception):
    """The device was written to less than a minute ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Late:
    due: float
    device_sn: str
    changes: Mapping[str, Plain]


class Writer:
    """Shows and writes the settings of a world's devices."""

    def __init__(self, world: World, options: Options) -> None:
        self._world = world
        self._options = options
        self._late: list[_Late] = []
        self._nulls: dict[str, set[str]] = {}
        self._gone: set[str] = set()
        self._written: dict[str, float] = {}

    def show(self, table: SettingsTable, sn: str, now: float) -> dict[str, Json]:
        """Return the answer to "get setting".

        Raises:
            GoneError: The device went away after a write, and still does so.
        """
        if sn in self._gone:
            if self._options.write == "vanish":
                raise GoneError
            self._gone.discard(sn)
        self._settle(now)
        shown = table.show(self._world.system(sn).config(now).settings[sn])
        return shown | dict.fromkeys(self._nulls.get(sn, ()))

    def write(self, table: SettingsTable, sn: str, body: Mapping[str, Json], now: float) -> None:
        """Take a written object.

        Raises:
            RefusedError: A key is unknown, a value is out of range, or writes are refused.
            TooOftenError: The last write is less than a minute ago, and that matters.
        """
        behaviour = self._options.write
        nulls = self._nulls.get(sn, set())
        changes = table.check({key: value for key, value in body.items() if value is not None or key not in nulls})
        if behaviour == "refuse":
            raise RefusedError("the parameter cannot be set")
        if behaviour == "once_a_minute" and now - self._written.get(sn, now - _PAUSE) < _PAUSE:
            raise TooOftenError
        self._written[sn] = now
        self._settle(now)
        present = self._world.system(sn).config(now).settings[sn]
        moved = {name: value for name, value in changes.items() if present[name] != value}
        match behaviour:
            case "ignore":
                return
            case "late":
                self._late.append(_Late(due=now + self._options.write_delay, device_sn=sn, changes=moved))
                return
            case "clamp":
                changes |= {name: _clamped(table.by_name[name], value) for name, value in moved.items()}
            case "side_effect":
                changes |= _side_effect(table, present, moved)
            case "replace":
                nulls = {key for key in table.by_key if key not in body or body[key] is None}
                self._nulls[sn] = nulls
            case "vanish":
                self._gone.add(sn)
        if behaviour != "replace":
            self._nulls[sn] = nulls - {key for key, value in body.items() if value is not None}
        self._world.system(sn).change_settings(now, sn, changes)

    def _settle(self, now: float) -> None:
        """Let late writes take effect that are due."""
        for late in [late for late in self._late if late.due <= now]:
            self._late.remove(late)
            self._world.system(late.device_sn).change_settings(late.due, late.device_sn, late.changes)


def _clamped(setting: Setting, value: Plain) -> Plain:
    """Return a number moved into the middle of its range, anything else as it is."""
    if setting.type not in {"int", "float"} or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if setting.high - setting.low <= 1:
        return value
    margin = _CLAMP * (setting.high - setting.low)
    inside = min(max(value, setting.low + margin), setting.high - margin)
    return round(inside) if setting.type == "int" else inside


def _side_effect(table: SettingsTable, present: Mapping[str, Plain], moved: Mapping[str, Plain]) -> dict[str, Plain]:
    """Return a change of a number that nobody has asked to move."""
    for setting in table.by_name.values():
        value = present[setting.name]
        if setting.name in moved or setting.type not in {"int", "float"} or setting.high - setting.low < 20:
            continue
        if not isinstance(value, bool) and isinstance(value, int | float):
            return {setting.name: value - 1 if value >= setting.low + 1 else value + 1}
    return {}
