"""The clock rule and staleness (G19): when a sample was taken, whether it is news, and how long it holds.

The zone of a device's clock is not documented: Home Assistant's is assumed, and checked against the moments received.
"""

import re
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Literal

from ..enerclo.model import Json
from .store import a_count, a_dict, a_list, a_local, a_moment, a_number, a_text

LAST = 12
DEFAULT_INTERVAL = 5.0
DECIDE, RECONSIDER, SET_BACK = 3, 6, 3
EARLIEST_AGE, LATEST_AGE = -2.0, 15.0
SERVERS_OFFSET = 480
FOLLOWS = timedelta(days=30)  # after a change to or from summer time in which a clock may turn out to have followed it
FARTHEST_AHEAD, FARTHEST_BEHIND = 14 * 60.0, 12 * 60.0 + 20.0

type Zone = Literal["home"] | int  # Home Assistant's zone, or minutes ahead of UTC


class News(StrEnum):
    """Whether a sample is news."""

    FRESH = "fresh"
    REPEATED = "repeated"
    BACKWARDS = "backwards"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a sample was taken: UTC, and in the device's own clock; `flag` says what is wrong with its time."""

    news: News
    sampled_at: datetime
    local: datetime
    flag: Literal["future", "clock"] | None = None


def parse_time(text: str | None, zone: tzinfo) -> datetime | None:
    """Return the naive device time of `time` or `updateTime`; None if missing or unreadable.

    `YYYY-MM-DD HH:MM:SS` is documented; ISO 8601 and Unix time are accepted since the form of `updateTime` is not.
    A text that names its own offset is brought into Home Assistant's zone.
    """
    text = (text or "").strip()
    if not 10 <= len(text) <= 40:
        return None
    try:
        if text.isascii() and text.isdigit() and len(text) in {10, 13}:
            found = datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
        else:
            found = datetime.fromisoformat(text.replace("/", "-"))
            if len(text) == 10:  # a date alone
                return None
        if found.tzinfo is not None:
            found = found.astimezone(zone).replace(tzinfo=None, fold=0)
    except ValueError, OverflowError:
        return None
    return found.replace(fold=0) if 2000 <= found.year < 2100 else None


class Clock:
    """Learn the offset of one device's clock from every fresh sample."""

    def __init__(self, zone: tzinfo, state: Json = None, *, fixed: int | None = None) -> None:
        """Take up a state; `fixed` are the minutes ahead of UTC that the user has set.

        They are learned no more, but follow the change to or from summer time if the clock does.
        """
        self._home = zone
        self._fixed = fixed
        stored = a_dict(state)
        self._local = a_local(stored.get("local"))
        self._since = a_moment(stored.get("since"))
        self._fingerprint = a_text(stored.get("fingerprint"))
        self._flagged = stored.get("flagged") is True
        self._fresh = a_count(stored.get("fresh"))
        known = _a_zone(stored.get("zone"))
        self._zone = known if fixed is None or (known is not None and stored.get("fixed") == fixed) else fixed
        self._decided = a_moment(stored.get("decided")) if self._zone == known else None
        self._candidate = _a_zone(stored.get("candidate"))
        self._run = a_count(stored.get("run"))
        self._against = a_count(stored.get("against"))
        self._back = a_local(stored.get("back"))
        self._backs = a_count(stored.get("backs"))
        offsets = [a_list(item) for item in a_list(stored.get("offsets"))[-LAST:]]
        pairs = [(a_number(item[0]), a_number(item[1])) for item in offsets if len(item) == 2]
        self._offsets = [(ahead, age) for ahead, age in pairs if ahead is not None and age is not None]
        spacings = (a_number(item) for item in a_list(stored.get("spacings"))[-LAST + 1 :])
        self._spacings = [spacing for spacing in spacings if spacing is not None and spacing > 0]

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage."""
        return {
            "local": None if self._local is None else self._local.isoformat(),
            "since": None if self._since is None else self._since.isoformat(),
            "fingerprint": self._fingerprint,
            "flagged": self._flagged,
            "fresh": self._fresh,
            "zone": self._zone,
            "fixed": self._fixed,
            "decided": None if self._decided is None else self._decided.isoformat(),
            "candidate": self._candidate,
            "run": self._run,
            "against": self._against,
            "back": None if self._back is None else self._back.isoformat(),
            "backs": self._backs,
            "offsets": [[ahead, age] for ahead, age in self._offsets],
            "spacings": list[Json](self._spacings),
        }

    @property
    def zone(self) -> Zone | None:
        """The zone that was decided: Home Assistant's, minutes ahead of UTC, or None while it is only assumed."""
        return self._zone

    @property
    def decided(self) -> datetime | None:
        """Since when the zone is what it is (UTC)."""
        return self._decided

    @property
    def ahead(self) -> float | None:
        """By how many minutes the least delayed of the last samples was ahead of UTC (D)."""
        return max((ahead for ahead, _ in self._offsets), default=None)

    @property
    def interval(self) -> float:
        """The upload interval U in minutes."""
        return min(30.0, max(1.0, statistics.median(self._spacings))) if self._spacings else DEFAULT_INTERVAL

    def take(self, local: datetime | None, received: datetime, fingerprint: str) -> Moment:
        """Return the moment of a sample, and learn from it if it is news.

        `local` is the parsed time, `fingerprint` stands for the numbers of a sample without one.
        """
        received = received.astimezone(UTC)
        if local is None:
            return self._take_without_time(received, fingerprint)
        if local == self._local:
            return self._moment(News.REPEATED, self._local, self._since or received)
        if self._follows_summer_time(local, received):
            self._offsets, self._spacings, self._local = [], [], None
        if self._goes_backwards(local, received):
            self._backs = self._backs + 1 if self._back is not None and local > self._back else 1
            self._back = local
            if self._backs < SET_BACK:
                return Moment(news=News.BACKWARDS, sampled_at=self._utc(local, received), local=local)
            self._offsets, self._spacings, self._local = [], [], None
        self._back, self._backs = None, 0
        if self._local is not None and local > self._local and not self._flagged:
            self._spacings = [*self._spacings, _minutes(local - self._local)][-LAST + 1 :]
        self._local, self._since, self._fingerprint = local, received, None
        self._fresh += 1
        before = self._zone
        self._learn_zone(local, received)
        if self._zone != before:
            self._decided = received
        moment = self._moment(News.FRESH, local, received)
        self._flagged = moment.flag is not None
        return moment

    def recall(self, local: datetime | None, received: datetime) -> Moment:
        """Return the moment of the last accepted sample again, without learning."""
        if local is None:
            return Moment(news=News.REPEATED, sampled_at=received, local=self._in_zone(received))
        return self._moment(News.REPEATED, local, received)

    def stale(self, now: datetime) -> bool:
        """G19: whether what was last taken no longer holds now (UTC)."""
        if self._since is None:
            return True
        now = now.astimezone(UTC)
        limit = max(3 * self.interval, 20.0)
        if _minutes(now - self._since) > limit:
            return True
        if self._local is None:
            return False
        if self._zone is None:
            return self._starting_off(self._local, now)
        return not self._flagged and _minutes(now - self._utc(self._local, self._since)) > limit

    def day_over(self, now: datetime) -> bool:
        """G12: return whether the device's midnight has passed since its last sample, and that is stale."""
        if self._since is None:
            return True
        local = self._local if self._local is not None and not self._flagged else self._in_zone(self._since)
        return self._in_zone(now).date() > local.date() and self.stale(now)

    def _take_without_time(self, received: datetime, fingerprint: str) -> Moment:
        fresh = fingerprint != self._fingerprint or self._since is None
        if fresh:
            self._since, self._local, self._fingerprint, self._flagged = received, None, fingerprint, False
            self._fresh += 1
        since = self._since or received
        news = News.FRESH if fresh else News.REPEATED
        return Moment(news=news, sampled_at=min(since, received), local=self._in_zone(since))

    def _moment(self, news: News, local: datetime, received: datetime) -> Moment:
        sampled_at = self._utc(local, received)
        if self._zone is None:
            ahead = _minutes(local - received.replace(tzinfo=None))
            off = ahead > FARTHEST_AHEAD or (ahead < -FARTHEST_BEHIND and self._fresh >= DECIDE)
            flag: Literal["future", "clock"] | None = "clock" if off else None
        else:
            flag = "future" if _minutes(received - sampled_at) < EARLIEST_AGE else None
        if flag is not None:
            return Moment(news=news, sampled_at=received, local=self._in_zone(received), flag=flag)
        return Moment(news=news, sampled_at=min(sampled_at, received), local=local)

    def _goes_backwards(self, local: datetime, received: datetime) -> bool:
        if self._local is None or self._since is None or self._flagged:
            return False
        # A clock that goes on is not set back, even where its zone's offset changes under it.
        return local <= self._local and self._utc(local, received) <= self._utc(self._local, self._since)

    def _stayed(self, local: datetime, received: datetime, age: float) -> int | None:
        """Return the offset of yesterday if the clock has not followed the change to or from summer time since."""
        before, now = (moment.astimezone(self._home).utcoffset() for moment in (received - timedelta(days=1), received))
        if before is None or before == now or EARLIEST_AGE <= age <= LATEST_AGE:
            return None
        offset = int(before.total_seconds() // 60)
        ahead = _minutes(local - received.replace(tzinfo=None))
        return offset if _fits(offset, ahead) else None

    def _starting_off(self, local: datetime, now: datetime) -> bool:
        ahead = _minutes(local - now.replace(tzinfo=None))
        return self._fresh < DECIDE and (ahead > FARTHEST_AHEAD or ahead < -FARTHEST_BEHIND)

    def _in_zone(self, moment: datetime) -> datetime:
        if isinstance(self._zone, int):
            return (moment + timedelta(minutes=self._zone)).replace(tzinfo=None)
        return moment.astimezone(self._home).replace(tzinfo=None, fold=0)

    def _utc(self, local: datetime, received: datetime) -> datetime:
        if isinstance(self._zone, int):
            return local.replace(tzinfo=UTC) - timedelta(minutes=self._zone)
        return _home_utc(local, received, self._home)

    def _follows_summer_time(self, local: datetime, received: datetime) -> bool:
        """Move a fixed offset with the home's if that has changed lately and the clock has, too; return whether."""
        if self._fixed is None or not isinstance(self._zone, int):
            return False
        self._decided = self._decided or received
        moments = self._decided, received - FOLLOWS, received
        decided, lately, now = ((each.astimezone(self._home).utcoffset() or timedelta()) for each in moments)
        moved = self._zone + int(_minutes(now - decided))
        ahead = _minutes(local - received.replace(tzinfo=None))
        self._run = self._run + 1 if lately != now and _fits(moved, ahead) and not _fits(self._zone, ahead) else 0
        if self._run < DECIDE:
            return False
        self._zone, self._decided, self._run = moved, received, 0
        return True

    def _learn_zone(self, local: datetime, received: datetime) -> None:
        ahead = _minutes(local - received.replace(tzinfo=None))
        age = _minutes(received - _home_utc(local, received, self._home))
        self._offsets = [*self._offsets, (ahead, age)][-LAST:]
        if self._fixed is not None:
            return
        if self._zone == "home" and (stayed := self._stayed(local, received, age)) is not None:
            self._zone, self._candidate, self._run, self._against = stayed, stayed, DECIDE, 0
            self._offsets = self._offsets[-1:]
            return
        candidate = _candidate(max(each for each, _ in self._offsets), min(each for _, each in self._offsets))
        if candidate is None:
            self._candidate, self._run = None, 0
            return
        self._run = self._run + 1 if candidate == self._candidate else 1
        self._candidate = candidate
        if self._zone is None:
            self._zone = candidate if self._run >= DECIDE else None
            self._against = 0
            return
        self._against = 0 if candidate == self._zone else self._against + 1
        if self._against >= RECONSIDER:
            self._zone = candidate if self._run >= DECIDE else None
            self._against = 0


def _fits(offset: float, ahead: float) -> bool:
    """Return whether a clock of an offset is as much ahead of UTC as a sample, both in minutes."""
    return EARLIEST_AGE <= offset - ahead <= LATEST_AGE


def _candidate(ahead: float, age: float) -> Zone | None:
    """Return the zone that fits the greatest D and the least age in Home Assistant's zone, both in minutes."""
    if EARLIEST_AGE <= age <= LATEST_AGE:
        return "home"
    for offset in (SERVERS_OFFSET, 0):
        if _fits(offset, ahead):
            return offset
    fitting = [offset for offset in range(-720, 841, 15) if _fits(offset, ahead)]
    return min(fitting, key=lambda offset: abs(offset - ahead), default=None)


def _home_utc(local: datetime, received: datetime, zone: tzinfo) -> datetime:
    """Return the moment of a local time; in the repeated hour of autumn the one that gives the smaller age."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    tolerated = received - timedelta(minutes=EARLIEST_AGE)
    return second if first < second <= tolerated else first


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


def offset_of(text: str | None) -> int | None:
    """Return the minutes ahead of UTC that a correction names; None for anything else."""
    zone = _a_zone(int(text)) if text is not None and re.fullmatch(r"[+-]?\d{1,3}", text, re.ASCII) else None
    return zone if isinstance(zone, int) else None


def _a_zone(value: Json) -> Zone | None:
    if value == "home":
        return "home"
    offset = a_number(value)
    return int(offset) if offset is not None and offset % 15 == 0 and -720 <= offset <= 840 else None
