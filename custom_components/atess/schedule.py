"""When a device is asked next: what its rhythm suggests, within what the pacing of the account permits."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from weakref import WeakValueDictionary

from homeassistant.util import dt as dt_util

from .account import async_wait
from .enerclo import EnercloClient, Json, Kind, Sample
from .polling import Rhythm
from .readings.clock import parse_time

# DataUpdateCoordinator counts from the last whole second: it is told to come so much earlier, the rest is waited for.
_EARLY, _LONGEST_WAIT = 0.5, 2.0
_SOON, _LOOKS = 5.0, 3  # seconds after which, and how often, to look whether another entry's request brought something
# Two entries of an account share its client and its interval: each looking for a rhythm would be in the other's way.
_RHYTHMS = WeakValueDictionary[tuple[EnercloClient, Kind, str], Rhythm]()


class Schedule:
    """The next poll of one device, learnt from its samples."""

    def __init__(self, client: EnercloClient, kind: Kind, device_sn: str, zone: tzinfo, state: Json = None) -> None:
        """Take up the rhythm that another entry of the account follows, else the one that storage knows."""
        self._client = client
        self._kind = kind
        self._device_sn = device_sn
        self._zone = zone
        shared = _RHYTHMS.get((client, kind, device_sn))
        self.rhythm = shared if shared is not None and shared.learnt else Rhythm(state)
        _RHYTHMS[client, kind, device_sn] = self.rhythm
        self.next_poll: float | None = None
        self._beside = 0
        self.data_age: float | None = None

    @property
    def interval(self) -> float:
        """Seconds that pacing keeps between two polls at present."""
        return self._client.interval(self._kind, self._device_sn)

    @property
    def permitted_at(self) -> float:
        """The earliest moment (unix seconds) at which pacing permits a poll."""
        return self._client.permitted_at(self._kind, self._device_sn)

    def take(self, sample: Sample) -> None:
        """Learn from what a poll brought."""
        local = parse_time(sample.time, self._zone)
        label = None if local is None else local.replace(tzinfo=UTC).timestamp()
        self.rhythm.take(label, sample.received.timestamp())
        self._beside = 0

    def plan(self) -> None:
        """Decide on the next poll after one that was answered."""
        self.next_poll = self.rhythm.next_poll(self.permitted_at, self.interval)

    def plan_first(self) -> None:
        """Decide on the first poll after a start, so that homes that start together do not ask together."""
        now, permitted = _now(), self.permitted_at
        if permitted > now or self.rhythm.learnt:
            self.next_poll = self.rhythm.next_poll(permitted, self.interval, late=permitted > now)
        else:
            self.next_poll = now + random.random() * self.interval  # noqa: S311

    def plan_beside(self) -> None:
        """Decide on the next poll after another entry of the account came first: look soon at what that brings."""
        soon = _now() + _SOON
        self.plan()
        if self._beside < _LOOKS and self.next_poll is not None:
            self.next_poll = min(self.next_poll, soon)
        self._beside += 1

    def plan_again(self) -> float:
        """Decide on the next poll after one that failed, no sooner than else; return the seconds until then."""
        self.next_poll = max(self.rhythm.next_poll(self.permitted_at, self.interval, late=False), _now() + 1.0)
        return self.seconds

    @property
    def seconds(self) -> float:
        """Seconds after which DataUpdateCoordinator shall come."""
        return 0.0 if self.next_poll is None else max(self.next_poll - _now() - _EARLY, 0.0)

    async def async_wait(self) -> None:
        """Wait for the moment planned, if it is a matter of a rounding."""
        while self.next_poll is not None and 0.0 < (rest := self.next_poll - _now()) < _LONGEST_WAIT:
            await async_wait(max(rest, 0.001))

    @property
    def next_poll_at(self) -> datetime | None:
        """The moment of the next poll, None before one is planned."""
        return None if self.next_poll is None else dt_util.utc_from_timestamp(self.next_poll)

    def dump(self) -> Mapping[str, Json]:
        """Return what was learnt, for storage."""
        return self.rhythm.dump()


def _now() -> float:
    return dt_util.utcnow().timestamp()
