"""Words for a control of the battery: its stages, what it needs, what people are told, what it sees."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ..enerclo import Json

# What fails on the way back is tried again after so many minutes, then each hour.
PAUSES = (1, 2, 5, 10, 20, 30)
LAST_PAUSE = 60
# After so many failures there is an issue.
FAILURES_UNTIL_ISSUE = 3
# A start that failed although it was sent may still be taken: it is watched for until its end, at least so long.
LATE = timedelta(hours=2)
# Meanwhile the settings are read so often.
WATCH_PAUSE = timedelta(minutes=20)
# A read-back is over so shortly after its answer.
FRESH = timedelta(seconds=5)


class Stage(StrEnum):
    """Stage of a control."""

    STARTING = "starting"
    ACTIVE = "active"
    ENDING = "ending"
    WATCHING = "watching"
    GONE = "gone"


class Need(StrEnum):
    """What has to be done now."""

    NOTHING = "nothing"
    READ = "read"
    WRITE = "write"


class Event(StrEnum):
    """What people are told."""

    STARTED = "started"
    ENDED = "ended"
    CHANGED = "ended_by_change"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that people are told: the reason, and the members that it is about."""

    event: Event
    reason: str | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The settings of a device as the control sees them, by the cloud's key.

    `upcoming` are changes under way, `managed` those of them that the control has asked for, `sending` whether one of
    these may have reached the device.
    """

    members: Mapping[str, Json]
    upcoming: Mapping[str, Json]
    managed: Collection[str]
    sending: bool
    read_at: datetime | None
    now: datetime
    soc: float | None

    def wanted(self, key: str) -> Json:
        """Return the value that a member will have if all goes well, leaving out what the control has asked for."""
        return self.upcoming[key] if key in self.upcoming and key not in self.managed else self.members.get(key)
