"""Changes of settings that are sent together, what became of them, and those of the past."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """Result of a change: a status per cloud key, and the values before and after, as far as they are known."""

    status: Mapping[str, str]
    before: Mapping[str, Json] = field(default_factory=dict)
    after: Mapping[str, Json] = field(default_factory=dict)

    def of(self, changes: Mapping[str, Json]) -> ChangeResult:
        """Return the result for one caller, who asked for a part of the batch."""
        status = {}
        for key, value in changes.items():
            status[key] = self.status.get(key, "unchanged")
            if key in self.after and not same(self.after[key], value):
                status[key] = "superseded"
        return ChangeResult(status=status, before=part(self.before, changes), after=part(self.after, changes))


@dataclass(slots=True, kw_only=True)
class Batch:
    """Changes that are sent together, by the cloud's key; `before` is all that was read before sending.

    `sending` is set and stored before the request leaves: from then on the change may have been taken. `until` is the
    moment of the next step, if it is known. `future` is shared by all callers, none of whom cancels it.
    """

    future: asyncio.Future[ChangeResult]
    asked: dict[str, Json] = field(default_factory=dict)
    origin: dict[str, str | None] = field(default_factory=dict)
    before: dict[str, Json] = field(default_factory=dict)
    sending: bool = False
    reverts: bool = False
    until: datetime | None = None

    @property
    def stage(self) -> Stage:
        """Return the stage of the batch."""
        return Stage.CHECKING if self.sending else Stage.WAITING

    def dump(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            "asked": self.asked,
            "origin": self.origin,
            "before": self.before,
            "sending": self.sending,
            "reverts": self.reverts,
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
        return batch

    def settle(self, result: ChangeResult | Exception) -> None:
        """Resolve the future that the callers wait for."""
        if self.future.done():
            return
        if isinstance(result, Exception):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


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
        """Keep a confirmed change, or drop the one that it took back."""
        if batch.reverts:
            del self.items[-1:]
            return
        self.items.append(
            {
                "at": at.isoformat(),
                "origin": batch.origin,
                "before": part(batch.before, batch.asked),
                "after": dict(batch.asked),
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

    def anonymous(self) -> list[dict[str, Any]]:
        """Return the changes for diagnostics: of a person only that it was one."""
        return [
            {**item, "origin": "user" if item.get("origin", {}).get("user_id") else "automation"} for item in self.items
        ]


def part(members: Mapping[str, Json], keys: Mapping[str, object]) -> dict[str, Json]:
    """Return those members that are among the keys."""
    return {key: members[key] for key in keys if key in members}


def _retrieve(future: asyncio.Future[ChangeResult]) -> None:
    """Mark the exception as retrieved, so asyncio does not log it if nobody awaits."""
    if not future.cancelled():
        future.exception()
