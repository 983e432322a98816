"""Counters that change places go on where the entity stood, so that statistics see neither a step nor a fall."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ..enerclo.model import Json
from .numbers import rounded
from .selfchecks.grid import SWAPPED
from .store import a_dict, dumped, loaded

_GRID_PAIRS = tuple(
    (f"grid_import_{what}", f"grid_export_{what}")
    for what in ("energy_today", "energy_total", "time_today", "time_total")
)


@dataclass(slots=True, kw_only=True)
class Feed:
    """What feeds an entity: the member's key, its last value and day, and the offset of what is shown."""

    source: str
    value: float
    offset: float = 0.0
    day: date | None = None


class Continuity:
    """Per entity: the counter that feeds it, and by how much what is shown exceeds that counter."""

    def __init__(self, state: Json = None) -> None:
        found = {key: loaded(Feed, item) for key, item in a_dict(state).items()}
        self._feeds = {key: feed for key, feed in found.items() if feed is not None}

    def dump(self) -> dict[str, Json]:
        """Return what feeds each entity, for storage."""
        return {key: dumped(feed) for key, feed in self._feeds.items()}

    @property
    def offsets(self) -> Mapping[str, float]:
        """By how much what is shown exceeds the counter, where it does."""
        return {key: feed.offset for key, feed in self._feeds.items() if feed.offset}

    def show(self, key: str, source: str, value: float | None, day: date | None = None) -> float | None:
        """Return what an entity shows for a counter's guarded value; a counter that begins anew ends its offset.

        `day` is that of a daily counter, which may begin anew at 0 where it stood at 0.
        """
        if value is None:
            return None
        before, offset = self._feeds.get(key), 0.0
        if before is not None and before.source != source:
            offset = rounded(before.value + before.offset - value)
        elif before is not None and value >= before.value and before.day in {None, day}:
            offset = before.offset
        self._feeds[key] = Feed(source=source, value=value, offset=offset, day=day)
        return rounded(value + offset)

    def orient(self, numbers: dict[str, float | None], order: str | None, days: Mapping[str, date]) -> list[str]:
        """Give the grid counters to import and export by their order; without one take their values back.

        `days` are those that daily counters show. Return the keys of those taken back.
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
                numbers[key] = self.show(key, source, value, days.get(source))
        return unknown
