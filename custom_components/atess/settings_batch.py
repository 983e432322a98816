"""Changes of settings that are sent together, what became of them, and those of the past."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from homeassistant.exceptions import HomeAssistantError

from .enerclo import Json
from .settings import same

HISTORY_LENGTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a change: a status per cloud key, and the values before and after, as far as they are known."""

    status: Mapping[str, str]
    before: Mapping[str, Json] = field(default_factory=dict)
    after: Mapping[str, Json] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Batch:
    """Changes that are sent together, by the cloud's key; `before` is all that was read before sending."""

    asked: dict[str, Json] = field(default_factory=dict)
    origin: dict[str, str | None] = field(default_factory=dict)
    waiting: list[asyncio.Future[Outcome]] = field(default_factory=list)
    before: dict[str, Json] = field(default_factory=dict)
    sending: bool = False
    reverts: bool = False

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
    def load(cls, stored: object) -> Batch | None:
        """Return a stored batch; None if there is none."""
        if not isinstance(stored, dict) or not isinstance(asked := stored.get("asked"), dict) or not asked:
            return None
        origin, before = stored.get("origin"), stored.get("before")
        return cls(
            asked=asked,
            origin=origin if isinstance(origin, dict) else {},
            before=before if isinstance(before, dict) else {},
            sending=bool(stored.get("sending")),
            reverts=bool(stored.get("reverts")),
        )


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

    def anonymous(self) -> list[dict[str, Any]]:
        """Return the changes for diagnostics: of a person only that it was one."""
        return [
            {**item, "origin": "user" if item.get("origin", {}).get("user_id") else "automation"} for item in self.items
        ]


def part(members: Mapping[str, Json], keys: Mapping[str, object]) -> dict[str, Json]:
    """Return those members that are among the keys."""
    return {key: members[key] for key in keys if key in members}


def settle(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    """Tell whoever waits what became of the change."""
    if not future.done():
        future.set_result(outcome)


def retrieve(future: asyncio.Future[Outcome]) -> None:
    """Look at the exception, lest asyncio complain when nobody waits any more."""
    if not future.cancelled():
        future.exception()


def pass_on(done: asyncio.Future[Outcome], future: asyncio.Future[Outcome], changes: Mapping[str, Json]) -> None:
    """Hand the outcome of a batch to one who asked for a part of it."""
    error: BaseException | None = HomeAssistantError("cancelled") if done.cancelled() else done.exception()
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
        return
    outcome = done.result()
    status = {}
    for key, value in changes.items():
        status[key] = outcome.status.get(key, "unchanged")
        if key in outcome.after and not same(outcome.after[key], value):
            status[key] = "superseded"
    future.set_result(Outcome(status=status, before=part(outcome.before, changes), after=part(outcome.after, changes)))
