"""Counters that change places go on where the entity stood, so that statistics see neither a step nor a fall."""

from collections.abc import Mapping

from ..enerclo.model import Json
from .numbers import rounded
from .selfchecks.grid import SWAPPED
from .store import a_dict, a_number, a_text

_GRID_PAIRS = tuple(
    (f"grid_import_{what}", f"grid_export_{what}")
    for what in ("energy_today", "energy_total", "time_today", "time_total")
)


class Continuity:
    """Per entity: the member's key that feeds it, the last value from there, and the offset of what is shown."""

    def __init__(self, state: Json = None) -> None:
        self._known: dict[str, tuple[str, float, float]] = {}
        for key, item in a_dict(state).items():
            stored = a_dict(item)
            source, value, offset = a_text(stored.get("source")), a_number(stored.get("value")), stored.get("offset")
            if source is not None and value is not None:
                self._known[key] = (source, value, a_number(offset) or 0.0)

    def dump(self) -> dict[str, Json]:
        """Return what feeds each entity, for storage."""
        return {
            key: {"source": source, "value": value, "offset": offset}
            for key, (source, value, offset) in self._known.items()
        }

    @property
    def offsets(self) -> Mapping[str, float]:
        """By how much what is shown exceeds the counter, where it does."""
        return {key: offset for key, (_, _, offset) in self._known.items() if offset}

    def show(self, key: str, source: str, value: float | None) -> float | None:
        """Return what an entity shows for a counter's guarded value; a counter that begins anew ends its offset."""
        if value is None:
            return None
        known = self._known.get(key)
        offset = 0.0
        if known is not None:
            before, last, offset = known
            if before != source:
                offset = rounded(last + offset - value)
            elif value < last:
                offset = 0.0
        self._known[key] = (source, value, offset)
        return rounded(value + offset)

    def orient(self, numbers: dict[str, float | None], order: str | None) -> list[str]:
        """Give the grid counters to import and export by their order; without one take their values back.

        Return the keys of those taken back.
        """
        unknown: list[str] = []
        for imported, exported in _GRID_PAIRS:
            sent = {key: numbers.pop(key) for key in (imported, exported) if key in numbers}
            if order is None:
                numbers.update(dict.fromkeys(sent))
                unknown += sent
                continue
            other = {imported: exported, exported: imported}
            for source, value in sent.items():
                key = other[source] if order == SWAPPED else source
                numbers[key] = self.show(key, source, value)
        return unknown
