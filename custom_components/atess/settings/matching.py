"""Match keys of the cloud to settings: documented, confirmed by the user, or guessed from its words.

A guess needs that all words of a key, and none but them, name one setting; a key that could be two settings, or a
setting that two keys could be, is left open. So is a key whose present value the setting cannot have.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..catalogue.settings import Setting, SettingType, settings_of
from ..enerclo.model import Json, Kind
from .values import decode


class Known(StrEnum):
    """How a key was matched to a setting."""

    DOCUMENTED = "documented"
    CONFIRMED = "confirmed"
    GUESSED = "guessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A setting of a device and the cloud's key of it."""

    setting: Setting
    cloud_key: str
    known: Known


_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SYNONYMS: Mapping[str, str] = {
    word: canonical
    for canonical, words in {
        "adjust": "adjustment",
        "address": "addr",
        "anti": "prevent",
        "battery": "bat batt",
        "charge": "chg chrg charging charges",
        "communication": "comm com",
        "compensation": "comp",
        "current": "curr cur amp",
        "cutoff": "cut",
        "discharge": "dis disch dischg dischrg discharging",
        "export": "exp exporting feedin sell",
        "forced": "force",
        "generator": "gen dg diesel oil",
        "import": "imp importing buy",
        "insulation": "riso iso",
        "limit": "lim",
        "lower": "min minimum low",
        "number": "num no",
        "output": "out",
        "power": "pwr pow",
        "pv": "solar",
        "recover": "recovery resume rec",
        "reflux": "backflow",
        "regulation": "regulate",
        "system": "sys",
        "upper": "max maximum high up",
        "voltage": "volt",
        "work": "working run running operating operation operate",
    }.items()
    for word in words.split()
}
_PAIRS: Mapping[tuple[str, str], str] = {
    ("cutoff", "off"): "cutoff",
    ("on", "off"): "onoff",
    ("off", "grid"): "offgrid",
    ("on", "grid"): "ongrid",
    ("feed", "in"): "export",
    ("back", "flow"): "reflux",
}
_FILLERS = frozenset({"and", "cfg", "config", "of", "param", "parameter", "set", "setting", "val", "value"})
_TYPE_FILLERS: Mapping[SettingType, frozenset[str]] = {
    SettingType.NUMBER: frozenset(),
    SettingType.SWITCH: frozenset({"en", "enable", "enabled", "flag", "switch"}),
    SettingType.SELECT: frozenset({"sel", "select", "selection"}),
    SettingType.WINDOW: frozenset(),
}


def words_of(key: str) -> list[str]:
    """Return the words of a key in a common spelling: `gridChgCutOffSoc` -> grid, charge, cutoff, soc."""
    words: list[str] = []
    for token in _TOKEN.findall(key):
        word = _SYNONYMS.get(token.lower(), token.lower())
        if words and (joined := _PAIRS.get((words[-1], word))):
            words[-1] = joined
        else:
            words.append(word)
    return words


def _fits(setting: Setting, key: str, words: frozenset[str], value: Json) -> bool:
    """Return whether a key may be the setting's: by its spelling or words, and by its present value."""
    if key not in setting.spellings:
        own = words - _TYPE_FILLERS[setting.type]
        if own not in setting.words and own - {"battery"} not in setting.words:
            return False
    meaning = decode(setting, value)
    if not isinstance(meaning, float):
        return meaning is not None
    return (setting.low is None or setting.low <= meaning) and (setting.high is None or meaning <= setting.high)


def match(kind: Kind, reported: Mapping[str, Json], confirmed: Mapping[str, str | None]) -> dict[str, Match]:
    """Return the settings that a device reports, by key of ours.

    `confirmed` is the user's word: the cloud's key of a setting, or None if it is none of the keys.
    """
    found: dict[str, Match] = {}
    settings = settings_of(kind)
    taken: set[str] = set()

    def take(setting: Setting, key: str, known: Known) -> None:
        found[setting.key] = Match(setting=setting, cloud_key=key, known=known)
        taken.add(key)

    for setting in settings.values():
        if kind in setting.documented and (key := setting.spellings[0]) in reported:
            take(setting, key, Known.DOCUMENTED)
    for name, cloud_key in confirmed.items():
        wanted = settings.get(name)
        if wanted is None or name in found or cloud_key is None or cloud_key in taken or cloud_key not in reported:
            continue
        take(wanted, cloud_key, Known.CONFIRMED)
    left = {key: frozenset(words_of(key)) - _FILLERS for key in reported if key not in taken}
    fits = [
        (setting, key)
        for setting in settings.values()
        if setting.key not in found and setting.key not in confirmed
        for key, words in left.items()
        if _fits(setting, key, words, reported[key])
    ]
    for setting, key in fits:
        if sum(other is setting for other, _ in fits) == 1 and sum(other == key for _, other in fits) == 1:
            take(setting, key, Known.GUESSED)
    return found
