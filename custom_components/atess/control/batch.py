"""Changes of settings that are sent together, what became of them, and those of the past."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from homeassistant.core import Context

from ..enerclo import Json
from ..settings import same

HISTORY_LENGTH = 20
# Actions wait so long for the result, in seconds; the check itself goes on.
DEFAULT_WAIT = 30


class Stage(StrEnum):
    """Stage of the change of settings of a device."""

    IDLE = "idle"
    WAITING = "waiting"
    CHECKING = "checking"
    CONFIRMED = "confirmed"
    FAILED = "failed"


class Managed(StrEnum):
    """What a change is that ends by itself: its start, or the return to what was before, which is tried until done."""

    START = "start"
    RETURN = "return"


NO_GUARD: Mapping[str, Sequence[Json]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """Result of a change: a status per cloud key, and the values before and after, as far as they are known."""

    status: Mapping[str, str]
    before: Mapping[str, Json] = field(default_factory=dict)
    after: Mapping[str, Json] = field(default_factory=dict)

    def of(self, changes: Mapping[str, Json]) -> ChangeResult:
        """Return the result for one caller, who asked for a part of the batch."""
        status, present = {}, {**self.before, **self.after}
        for key, value in changes.items():
            status[key] = self.status.get(key, "unchanged")
            if key in present and not same(present[key], value):
                status[key] = "superseded"
        return ChangeResult(status=status, before=part(self.before, changes), after=part(self.after, changes))


@dataclass(slots=True, kw_only=True)
class Batch:
    """Changes that are sent together, by the cloud's key; `before` is all that was read before sending.

    `presumed` are values that the last copy of the settings has already: they are sent if the next one differs.
    `dropped` are members that are not sent after all, because somebody else has changed them or what asked is over.
    `sending` is set and stored before the request leaves: from then on the change may have been taken. `until` is the
    moment of the next step, if it is known. `future` is shared by all callers, none of whom cancels it. `managed` are
    the members whose change ends by itself; `only_if` has the values of which a member must have one, else it is left.
    """

    future: asyncio.Future[ChangeResult]
    asked: dict[str, Json] = field(default_factory=dict)
    presumed: dict[str, Json] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    origin: dict[str, str | None] = field(default_factory=dict)
    before: dict[str, Json] = field(default_factory=dict)
    sending: bool = False
    reverts: bool = False
    managed: dict[str, Managed] = field(default_factory=dict)
    only_if: dict[str, Sequence[Json]] = field(default_factory=dict)
    until: datetime | None = None

    @property
    def stage(self) -> Stage:
        """Return the stage of the batch."""
        return Stage.CHECKING if self.sending else Stage.WAITING

    @property
    def wanted(self) -> dict[str, Json]:
        """Return all that was asked for, also what seems to be as asked already."""
        return {**self.presumed, **self.asked}

    def dump(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            "asked": self.wanted,
            "origin": self.origin,
            "before": self.before,
            "sending": self.sending,
            "reverts": self.reverts,
            "managed": dict(self.managed),
        }

    @classmethod
    def new(cls, *, reverts: bool = False) -> Batch:
        """Return an empty batch."""
        future: asyncio.Future[ChangeResult] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_retrieve)
        return cls(future=future, reverts=reverts)

    @classmethod
    def load(cls, stored: object) -> Batch | None:
        """Return a stored batch; None if there is none."""
        if not isinstance(stored, dict) or not isinstance(asked := stored.get("asked"), dict) or not asked:
            return None
        origin, before = stored.get("origin"), stored.get("before")
        batch = cls.new(reverts=bool(stored.get("reverts")))
        batch.asked = asked
        batch.origin = origin if isinstance(origin, dict) else {}
        batch.before = before if isinstance(before, dict) else {}
        batch.sending = bool(stored.get("sending"))
        managed = stored.get("managed")
        for key, value in (managed if isinstance(managed, dict) else {}).items():
            if value in set(Managed):
                batch.managed[key] = Managed(value)
        return batch

    def take(
        self,
        asked: Mapping[str, Json],
        presumed: Mapping[str, Json],
        context: Context | None,
        managed: Managed | None,
        only_if: Mapping[str, Sequence[Json]],
    ) -> None:
        """Add changes; they replace those of the same members."""
        self.asked |= asked
        self.presumed = {key: value for key, value in {**self.presumed, **presumed}.items() if key not in asked}
        self.dropped -= asked.keys()
        for key in asked:
            self.managed.pop(key, None)
            self.only_if.pop(key, None)
            if managed is not None:
                self.managed[key] = managed
            if key in only_if:
                self.only_if[key] = only_if[key]
        self.origin = {
            "user_id": None if context is None else context.user_id,
            "context_id": None if context is None else context.id,
            "parent_id": None if context is None else context.parent_id,
        }

    def give_way(self, members: Mapping[str, Json]) -> None:
        """Leave alone what is not as the change expects: somebody has changed it."""
        for key, values in self.only_if.items():
            if key in self.asked and not any(same(members[key], value) for value in values):
                self._drop(key)

    def withdraw(self, managed: Managed) -> None:
        """Leave alone what was asked for by something that is over; must not be sending."""
        for key in [key for key, why in self.managed.items() if why is managed and key in self.asked]:
            self._drop(key)

    def _drop(self, key: str) -> None:
        del self.asked[key]
        self.dropped.add(key)

    def settle(self, result: ChangeResult | Exception) -> None:
        """Resolve the future that the callers wait for."""
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            status = {**dict.fromkeys(self.dropped, "superseded"), **result.status}
            self.future.set_result(replace(result, status=status))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastChange:
    """The change that ended last: `stage` is confirmed or failed, values by the cloud's key."""

    stage: Stage
    asked: Mapping[str, Json]
    before: Mapping[str, Json]

    def dump(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {"stage": self.stage.value, "asked": dict(self.asked), "before": dict(self.before)}

    @classmethod
    def load(cls, stored: object) -> LastChange | None:
        """Return a stored change; None if there is none."""
        if not isinstance(stored, dict) or stored.get("stage") not in (Stage.CONFIRMED, Stage.FAILED):
            return None
        asked, before = stored.get("asked"), stored.get("before")
        if not isinstance(asked, dict) or not isinstance(before, dict):
            return None
        return cls(stage=Stage(stored["stage"]), asked=asked, before=before)


class ChangeHistory:
    """The last confirmed changes of a device: when, on whose behalf, values before and after by the cloud's key."""

    def __init__(self) -> None:
        """Start with none."""
        self.items: list[dict[str, Any]] = []

    def load(self, stored: object) -> None:
        """Take up what was stored; damaged pieces are passed over."""
        self.items = [
            item
            for item in (stored if isinstance(stored, list) else [])
            if isinstance(item, dict) and isinstance(item.get("before"), dict) and isinstance(item.get("after"), dict)
        ]

    def add(self, batch: Batch, at: datetime) -> None:
        """Keep a confirmed change, or drop the one that it took back; what ends by itself is nothing to take back."""
        if batch.reverts:
            del self.items[-1:]
            return
        after = {key: value for key, value in batch.asked.items() if key not in batch.managed}
        if not after:
            return
        self.items.append(
            {
                "at": at.isoformat(),
                "origin": batch.origin,
                "before": part(batch.before, after),
                "after": after,
            }
        )
        del self.items[:-HISTORY_LENGTH]

    def earlier(self) -> dict[str, list[Json]]:
        """Return the values that settings had before changes from here, by the cloud's key."""
        values: dict[str, list[Json]] = {}
        for item in self.items:
            for key, value in item["before"].items():
                values.setdefault(key, []).append(value)
        return values

    def anonymous(self, redact: Callable[[Mapping[str, Json]], Any]) -> list[dict[str, Any]]:
        """Return the changes for diagnostics: of a person only that it was one, and members redacted."""
        return [
            {
                **item,
                "origin": "user" if item.get("origin", {}).get("user_id") else "automation",
                "before": redact(item["before"]),
                "after": redact(item["after"]),
            }
            for item in self.items
        ]


def managed_keys(*batches: Batch | None) -> set[str]:
    """Return the members whose last change, of batches in the order of sending, ends by itself."""
    keys: set[str] = set()
    for batch in filter(None, batches):
        keys = (keys - batch.asked.keys()) | (batch.managed.keys() & batch.asked.keys())
    return keys


def part(members: Mapping[str, Json], keys: Mapping[str, object]) -> dict[str, Json]:
    """Return those members that are among the keys."""
    return {key: members[key] for key in keys if key in members}


def _retrieve(future: asyncio.Future[ChangeResult]) -> None:
    """Mark the exception as retrieved, so asyncio does not log it if nobody awaits."""
    if not future.cancelled():
        future.exception()
