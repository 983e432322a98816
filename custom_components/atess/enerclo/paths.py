"""Select the path of an operation: from the table, learned from responses, or set by the user."""

import re
from collections.abc import Mapping

from .endpoints import ENDPOINTS, Endpoint, Grade
from .model import Json

NOT_FOUND_FOR = 86400.0
_PATH = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_.-]*[A-Za-z0-9_-])*")
_READ = {row.key: row for row in ENDPOINTS if row.method == "GET"}


def normalize_overrides(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return paths set by hand (`pcs.latest` -> `pcs/data-last`) without slashes around; ValueError if one is wrong.

    Only operations that read have one: a write goes where reading has answered.
    """
    result = {}
    for key, text in overrides.items():
        path = text.strip().strip("/")
        if key not in _READ:
            raise ValueError("no such operation")
        if not _PATH.fullmatch(path):
            raise ValueError("not a path below the address of the API")
        result[key] = path
    return result


class PathBook:
    """Paths in use for one account.

    A path set by hand wins; else the path that has answered (with data or without) is used for every device; else
    the candidates are tried in a round. A path is not tried again for a device at which it was not found within
    24 hours, and when all were not found the whole round rests for 24 hours from its end. Since "not found" may mean
    one wrong serial number, it holds for that device only: another device still tries, those candidates first that
    were not found for nobody, so that a plant whose serial numbers are right tries each candidate once. After a path
    has answered, no other candidate is tried for any device.
    """

    def __init__(self, overrides: Mapping[str, str], state: object) -> None:
        """Take paths set by hand, and what dump returned; each damaged piece of that is passed over."""
        self._overrides = normalize_overrides(overrides)
        stored = state if isinstance(state, Mapping) else {}
        self._answered: dict[str, str] = {}
        self._absent: dict[str, dict[str, dict[str, float]]] = {}
        self._readable: dict[str, dict[str, str]] = {}
        for key, path in _items(stored.get("answered")):
            if isinstance(path, str) and key in _READ and path in _table_paths(_READ[key]):
                self._answered[key] = path
        for key, devices in _items(stored.get("absent")):
            for device, paths in _items(devices):
                for path, moment in _items(paths):
                    if isinstance(moment, int | float) and not isinstance(moment, bool):
                        self._absent.setdefault(key, {}).setdefault(device, {})[path] = moment
        for key, devices in _items(stored.get("readable")):
            for device, path in _items(devices):
                if isinstance(path, str):
                    self._readable.setdefault(key, {})[device] = path

    def settled(self, endpoint: Endpoint) -> str | None:
        """Return the one path to ask: set by hand, answered before, or known to the table; None: to be resolved."""
        if (path := self._overrides.get(endpoint.key) or self._answered.get(endpoint.key)) is not None:
            return path
        only = endpoint.paths[0]
        return only.path if len(endpoint.paths) == 1 and only.grade is not Grade.CANDIDATE else None

    def candidates(self, endpoint: Endpoint, device: str, now: float) -> list[str]:
        """Return the paths of a round in the order to try; empty if all were not found less than 24 hours ago."""
        devices = self._absent.get(endpoint.key, {})

        def others(path: str) -> int:
            return sum(_fresh(paths.get(path), now) for name, paths in devices.items() if name != device)

        missing = devices.get(device, {})
        return sorted((path for path in _table_paths(endpoint) if not _fresh(missing.get(path), now)), key=others)

    def answered(self, endpoint: Endpoint, path: str) -> None:
        """Remember that a path answers, with data or without."""
        self._answered[endpoint.key] = path
        self._absent.pop(endpoint.key, None)

    def not_found(self, endpoint: Endpoint, device: str, path: str, now: float) -> None:
        """Remember that a candidate was not found for a device; the last one ends the round for all of them."""
        missing = self._absent.setdefault(endpoint.key, {}).setdefault(device, {})
        missing[path] = now
        if not self.candidates(endpoint, device, now):
            missing.update(dict.fromkeys(_table_paths(endpoint), now))

    def settings_read(self, endpoint: Endpoint, device: str, path: str) -> None:
        """Remember that reading the settings of a device has answered at a path, which may then be written to."""
        self._readable.setdefault(endpoint.key, {})[device] = path

    def writable(self, endpoint: Endpoint, device: str) -> str | None:
        """Return the path at which the settings of that very device were read (endpoint), if it is still in use."""
        path = self._readable.get(endpoint.key, {}).get(device)
        return path if path is not None and path == self.settled(endpoint) else None

    def grade(self, endpoint: Endpoint, path: str) -> str:
        """Return how well a path is known: a grade of the table, or `override` if the user set it."""
        if endpoint.key in self._overrides:
            return "override"
        return next(candidate.grade.value for candidate in endpoint.paths if candidate.path == path)

    def dump(self, now: float) -> dict[str, Json]:
        """Return what was learned as JSON for storage."""
        absent: dict[str, Json] = {}
        for key, devices in self._absent.items():
            kept: dict[str, Json] = {}
            for device, paths in devices.items():
                if fresh := {path: moment for path, moment in paths.items() if _fresh(moment, now)}:
                    kept[device] = dict[str, Json](fresh)
            if kept:
                absent[key] = kept
        return {
            "answered": dict(self._answered),
            "absent": absent,
            "readable": {key: dict(devices) for key, devices in self._readable.items()},
        }


def readable_operations() -> list[Endpoint]:
    """Return the rows of the table that read."""
    return list(_READ.values())


def _table_paths(endpoint: Endpoint) -> list[str]:
    return [candidate.path for candidate in endpoint.paths]


def _fresh(moment: float | None, now: float) -> bool:
    """Whether a "not found" still holds; one in the future comes of a clock that was set back, and does not."""
    return moment is not None and 0 <= now - moment < NOT_FOUND_FOR


def _items(value: object) -> list[tuple[str, object]]:
    """Return the items of a stored object, nothing if it is none."""
    return [(key, item) for key, item in value.items() if isinstance(key, str)] if isinstance(value, Mapping) else []
