"""One control of the battery, from its first write until the settings are back. Pure: no I/O, no clock of its own.

What happens follows only from what was read, what is asked for, and what time it is, so that it goes on after a restart
wherever it was.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..enerclo import Json
from ..settings import same
from .recipes import Verb
from .terms import (
    FAILURES_UNTIL_ISSUE,
    FRESH,
    LAST_PAUSE,
    LATE,
    PAUSES,
    WATCH_PAUSE,
    Event,
    Happening,
    Need,
    Stage,
    View,
)


@dataclass(slots=True, kw_only=True)
class Control:
    """What was asked of the battery, and how to go back.

    Attributes:
        written: The values of the members that it takes.
        originals: The values of the same members before the first of a series of controls.
        tried: All values that may have been written to them since, which are nobody else's.
        released: Members of an earlier control that this one does not need any more.
        wished: Members that somebody was about to change, so that what was wished for is what to go back to.
        claims: What somebody else has asked of the members meanwhile.
        named: The members of which people were told that somebody else has changed them.
        sent: Whether the start may have reached the device.
        unsure: Whether something was asked for of which the outcome was not read yet.
        trying: Whether the way back is under way.
        amended: Released members of which another value has to be asked for.
    """

    verb: Verb
    end: datetime
    by: str
    power: float | None = None
    target: float | None = None
    watched: bool = False
    written: dict[str, Json] = field(default_factory=dict)
    originals: dict[str, Json] = field(default_factory=dict)
    tried: dict[str, list[Json]] = field(default_factory=dict)
    released: list[str] = field(default_factory=list)
    wished: list[str] = field(default_factory=list)
    claims: dict[str, Json] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)
    stage: Stage = Stage.STARTING
    reason: str | None = None
    sent: bool = False
    unsure: bool = False
    trying: bool = False
    attempts: int = 0
    next_try: datetime | None = None
    watch_until: datetime | None = None
    landed_at: datetime | None = None
    amended: list[str] = field(default_factory=list)

    # what it is

    @property
    def in_force(self) -> bool:
        """Whether the settings of this control are, or may be, set."""
        return self.stage in {Stage.STARTING, Stage.ACTIVE, Stage.ENDING}

    @property
    def running(self) -> bool:
        """Whether it is not on its way back."""
        return self.stage in {Stage.STARTING, Stage.ACTIVE}

    @property
    def stuck(self) -> bool:
        """Whether it could not go back for so long that a person should know."""
        return self.stage is Stage.ENDING and self.attempts >= FAILURES_UNTIL_ISSUE

    def wake_at(self, view: View) -> datetime | None:
        """Return the moment at which to look again, None if there is none."""
        moments = [self.next_try, self.end if self.running else None]
        if self.stage is Stage.WATCHING:
            moments += [self.watch_until, None if view.read_at is None else view.read_at + WATCH_PAUSE]
        return min((moment for moment in moments if moment is not None and moment > view.now), default=None)

    def follow(self, earlier: Control, view: View) -> None:
        """Take the place of an earlier control: what was before that one is what this one goes back to.

        What somebody else has set since is what was before this one.
        """
        for key, original in earlier.originals.items():
            value = view.wanted(key)
            claimed = key in view.upcoming and key not in view.managed
            foreign = value is not None and not _among(value, [original, *earlier.tried[key]])
            if foreign and not claimed and key not in self.written:
                continue
            self.originals[key] = value if claimed or foreign else original
            self.tried[key] = list(earlier.tried[key])
            if key not in self.written:
                self.written[key] = self.originals[key]
                self.released += [] if claimed else [key]
        self.unsure, self.sent = earlier.unsure, earlier.sent

    def begin(self, view: View) -> None:
        """Note what is there before the first write, and what will be tried."""
        for key, value in self.written.items():
            if key in view.upcoming and key not in view.managed:
                self.wished.append(key)
            self.originals.setdefault(key, view.wanted(key))
            tried = self.tried.setdefault(key, [])
            if key not in self.released:
                tried.append(value)

    def guards(self) -> dict[str, list[Json]]:
        """Return the values of which members must have one before they go back: others are somebody else's."""
        keys = self.released if self.running else self.originals
        return {key: [self.originals[key], *self.tried[key]] for key in keys}

    def cancel(self, reason: str, now: datetime) -> None:
        """Go back now."""
        if self.stage is Stage.STARTING:
            self.watch_until = max(self.end, now + LATE)
        self.stage, self.reason = Stage.ENDING, reason
        self.attempts, self.next_try, self.trying = 0, None, False

    # what happens

    def look(self, view: View) -> list[Happening]:
        """Take note of what has happened; returns what people are told of it."""
        told: list[Happening] = []
        flying = any(key in view.managed for key in self.written)
        claimed = {key: view.upcoming[key] for key in self.written if key in view.upcoming and key not in view.managed}
        self.claims |= claimed
        if flying:
            self.landed_at = None
            if not self.trying:
                self.sent |= view.sending
                if not view.sending:
                    self._renew_originals(view)
        if self.running:
            told += self._end_in_time(view, claimed)
        if flying or claimed or not self._landed(view):
            return told
        if self.stage is Stage.STARTING:
            told += self._settle_start(view)
        elif self.stage is Stage.ACTIVE:
            told += self._guard(view)
        if self.stage is Stage.WATCHING:
            self._watch(view)
        if self.stage is Stage.ENDING:
            told += self._settle_end(view)
        return told

    def need(self, view: View) -> Need:
        """Return what has to be done now."""
        waits = self.next_try is not None and view.now < self.next_try
        if waits or any(key in view.upcoming for key in self.written):
            return Need.NOTHING
        if self.unsure or (self.stage is Stage.WATCHING and not self._read_lately(view)):
            return Need.READ
        return Need.WRITE if self.stage is Stage.ENDING else Need.NOTHING

    def back(self, view: View) -> dict[str, Json]:
        """Return the members that are not as they were, with the values that they had."""
        return {
            key: value
            for key, value in self.originals.items()
            if value is not None and not same(value, view.members.get(key))
        }

    def asked(self) -> None:
        """Note that a write was asked for, of which the outcome has to be read."""
        self.unsure, self.landed_at = True, None
        self.trying = self.stage is Stage.ENDING

    def failed(self, now: datetime) -> list[Happening]:
        """Note that a step failed, and when to try again; returns what people are told of it."""
        told: list[Happening] = []
        if self.stage is Stage.STARTING:
            told += self._fail_start(now)
        self.trying = False
        pause = PAUSES[self.attempts] if self.attempts < len(PAUSES) else LAST_PAUSE
        self.attempts += 1
        self.next_try = now + timedelta(minutes=pause)
        if self.attempts == FAILURES_UNTIL_ISSUE and self.stage is Stage.ENDING:
            told.append(Happening(event=Event.FAILED, reason="end", keys=tuple(self.originals)))
        return told

    def _renew_originals(self, view: View) -> None:
        """Keep what was set elsewhere until the moment of sending: that is what was before."""
        for key in self.written:
            value = view.wanted(key)
            earlier = self.tried[key] if key in self.released else self.tried[key][:-1]
            if key not in self.wished and value is not None and not _among(value, earlier):
                self.originals[key] = value
                if key in self.released and not same(value, self.written[key]):
                    self.written[key] = value
                    self.amended.append(key)

    def _end_in_time(self, view: View, claimed: Collection[str]) -> list[Happening]:
        if claimed:
            self.cancel("changed", view.now)
            return self._tell_changed(claimed)
        if view.now >= self.end:
            self.cancel("time", view.now)
        elif self.stage is Stage.ACTIVE and self._reached(view.soc):
            self.cancel("target", view.now)
        return []

    def _reached(self, soc: float | None) -> bool:
        if not self.watched or soc is None or self.target is None:
            return False
        return soc >= self.target if self.verb is Verb.CHARGING else soc <= self.target

    def _landed(self, view: View) -> bool:
        """Return whether it is known what became of all that was asked for."""
        if not self.unsure:
            return True
        if self.landed_at is None:
            self.landed_at = view.now
        if view.read_at is None or view.read_at < self.landed_at - FRESH:
            return False
        self.unsure = False
        return True

    def _settle_start(self, view: View) -> list[Happening]:
        for key, value in self.written.items():
            found = view.members.get(key)
            if _among(found, self._own(key)) if key in self.released else not same(value, found):
                return self._fail_start(view.now)
        self.stage, self.next_try, self.attempts, self.sent = Stage.ACTIVE, None, 0, False
        for key in self.released:
            for values in (self.written, self.originals, self.tried):
                values.pop(key, None)
        self.released = []
        return [Happening(event=Event.STARTED, keys=tuple(self.written))]

    def _fail_start(self, now: datetime) -> list[Happening]:
        self.cancel("failed", now)
        return [Happening(event=Event.FAILED, reason="start", keys=tuple(self.written))]

    def _guard(self, view: View) -> list[Happening]:
        """End a control of which somebody has changed a setting."""
        found = {key: view.members.get(key) for key in self.written}
        moved = [key for key, value in found.items() if value is not None and not same(value, self.written[key])]
        if not moved:
            return []
        self.cancel("changed", view.now)
        return self._tell_changed(moved)

    def _tell_changed(self, keys: Iterable[str]) -> list[Happening]:
        """Tell of each setting that somebody else has changed, once."""
        fresh = [key for key in keys if key not in self.named]
        self.named += fresh
        return [Happening(event=Event.CHANGED, reason="changed", keys=tuple(fresh))] if fresh else []

    def _watch(self, view: View) -> None:
        """Go back after all if a start that had failed was taken late; what somebody asked for is theirs."""
        self._adopt(self.claims, view)
        if any(_among(view.members.get(key), self._own(key)) for key in self.originals):
            self.cancel("late", view.now)
        elif (self.watch_until is None or view.now >= self.watch_until) and self._read_lately(view):
            self.stage = Stage.GONE

    @staticmethod
    def _read_lately(view: View) -> bool:
        return view.read_at is not None and view.now - view.read_at < WATCH_PAUSE

    def _settle_end(self, view: View) -> list[Happening]:
        """Take note of what is back, and of what somebody else has set meanwhile."""
        foreign = [key for key in self.originals if self._is_foreign(key, view)]
        told = self._tell_changed(foreign)
        self._adopt(foreign, view)
        if self.back(view):
            return told + (self.failed(view.now) if self.trying else [])
        if self.reason not in {"changed", "failed"}:
            told.append(Happening(event=Event.ENDED, reason=self.reason))
        late = self.sent and self.watch_until is not None and view.now < self.watch_until
        self.stage = Stage.WATCHING if late else Stage.GONE
        self.trying, self.attempts, self.next_try = False, 0, None
        return told

    def _is_foreign(self, key: str, view: View) -> bool:
        """Return whether somebody else has set a member, be it to a value that this control tried too."""
        if (found := view.members.get(key)) is None:
            return False
        if key in self.claims and same(found, self.claims[key]):
            return not same(found, self.originals[key])
        return not _among(found, [self.originals[key], *self.tried[key]])

    def _adopt(self, keys: Iterable[str], view: View) -> None:
        """Take what somebody else has set for what is to stay, also if a write is taken late."""
        for key in keys:
            self.originals[key] = view.members.get(key, self.originals[key])
        self.claims = {}

    def _own(self, key: str) -> list[Json]:
        """Return the values that only this control can have set."""
        return [value for value in self.tried[key] if not same(value, self.originals[key])]

    # what is stored

    def dump(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        moments = {"end": self.end, "next_try": self.next_try, "watch_until": self.watch_until}
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            **{name: value and value.isoformat() for name, value in moments.items()},
            "verb": self.verb.value,
            "stage": self.stage.value,
        }

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Control:
        """Return a stored control; raises KeyError, TypeError or ValueError if it is damaged."""
        control = cls(verb=Verb(stored["verb"]), end=datetime.fromisoformat(stored["end"]), by=str(stored["by"]))
        for name in _PLAIN:
            setattr(control, name, stored[name])
        control.stage = Stage(stored["stage"])
        for name in ("next_try", "watch_until"):
            setattr(control, name, datetime.fromisoformat(stored[name]) if stored[name] else None)
        if control.originals.keys() != control.written.keys() or control.originals.keys() != control.tried.keys():
            raise ValueError("members do not fit")
        # After a restart there is no reason to wait.
        control.next_try, control.trying = None, False
        return control


_PLAIN = (
    *("by", "power", "target", "watched", "written", "originals", "tried", "released"),
    *("wished", "claims", "named", "reason", "sent", "unsure", "trying", "attempts"),
)


def _among(value: Json, values: Iterable[Json]) -> bool:
    return any(same(value, each) for each in values)
