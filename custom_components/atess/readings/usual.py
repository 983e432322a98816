"""Learn the usual members of a device. A member that one sample leaves out counts as null, not as missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..enerclo.model import Json
from .members import Parsed
from .store import a_dict, dumped, loaded

ENOUGH = 3
FORGOTTEN = timedelta(days=7)


@dataclass(slots=True, kw_only=True)
class Sent:
    """A number that was sent: its quantity, how often (up to enough), and when last."""

    quantity: str
    at: datetime
    count: int = 1


class Usual:
    """Remembers which numbers a device sends; one that was not sent for a week is forgotten, but for counters."""

    def __init__(self, state: Json = None) -> None:
        found = {key: loaded(Sent, item) for key, item in a_dict(state).items()}
        self._sent = {key: each for key, each in found.items() if each is not None}

    def dump(self) -> dict[str, Json]:
        """Return what is sent, for storage."""
        return {key: dumped(each) for key, each in self._sent.items()}

    def complete(self, parsed: Parsed, at: datetime, *, learn: bool) -> None:
        """Learn from a fresh sample, and add what it leaves out, as null."""
        if learn:
            self._learn(parsed, at)
        for key, each in self._sent.items():
            if key not in parsed.numbers and key not in parsed.values:
                parsed.numbers[key], parsed.quantities[key] = None, each.quantity

    def _learn(self, parsed: Parsed, at: datetime) -> None:
        for key, value in parsed.numbers.items():
            if value is None:
                continue
            quantity = parsed.quantities[key]
            known = self._sent.get(key)
            if known is None:
                self._sent[key] = Sent(quantity=quantity, at=at)
            else:
                known.quantity, known.at, known.count = quantity, at, min(ENOUGH, known.count + 1)
        oldest = at - FORGOTTEN
        for key in [key for key, each in self._sent.items() if each.at < oldest]:
            if not self._sent[key].quantity.endswith("_total"):
                del self._sent[key]

    def missing(self, numbers: Mapping[str, float | None]) -> frozenset[str]:
        """Return the keys that are usually sent and have no usable value now."""
        return frozenset(key for key, each in self._sent.items() if each.count >= ENOUGH and numbers.get(key) is None)
