"""Counters that change places go on where the entity stood, so that statistics see neither a step nor a fall."""

from collections.abc import Mapping

from ..enerclo.model import Json
from .numbers import rounded
from .store import a_dict, a_number, a_text


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
