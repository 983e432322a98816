"""Detect a rate limit in an unknown form, from the times at which the same failure occurs."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Self

from .errors import EnercloError, TemporaryError
from .intervals import DAY, MAXIMUM_INTERVAL, Key, member, number
from .model import Json

FAILURES_BELIEVED = 6
# A server in trouble fails at any distance; each time that shows, so many more failures are needed, for a day.
_DOUBT, _MOST_DOUBTS = 2, 10
_TOLERANCE = 1.0
# An outage fails often in a row and is over at a long distance: neither proves much of a limit.
_COUNTED_OF_A_RUN = frozenset({1, 2, 5})
_LONGEST_GUESS = 1800.0
_MAX_SUSPICIONS = 200
_MAX_MISFITS = 3
# Codes that a server in trouble answers with; any other code, inside an envelope, is more likely a limit's.
_TROUBLE = frozenset({500, 502, 503, 504})

type Signature = tuple[str, int | None, int | str | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a failure counts as a refusal, and the interval or the wait (seconds) that is known to succeed."""

    refused: bool = False
    fits: float = 0.0
    wait: float = 0.0


@dataclass(slots=True)
class _Suspicion:
    """Failures of one form at one path, by how long after the last success they came (seconds)."""

    count: int = 0
    cycles: int = 0  # how often a success followed, at a longer distance than all failures
    run: int = 0  # failures since the last success
    longest: float = 0.0
    fits: float = math.inf  # shortest distance of such a success
    learnt: bool = False
    misfits: int = 0
    doubts: int = 0
    at: float = 0.0

    def start_again(self, *, doubt: bool) -> None:
        """Forget the series; doubt if it was broken by an answer that no limit explains."""
        self.doubts = min(_MOST_DOUBTS, self.doubts + 1) if doubt and self.count else self.doubts
        self.count = self.cycles = self.run = self.misfits = 0
        self.longest, self.fits, self.learnt = 0.0, math.inf, False

    @classmethod
    def load(cls, state: object) -> Self | None:
        """Return what asdict made of a suspicion, None if it is damaged."""
        counts = [number(member(state, name), 0.0, 1e6) for name in ("count", "cycles", "run", "misfits", "doubts")]
        longest, at = number(member(state, "longest"), 0.0, DAY), number(member(state, "at"))
        if any(count is None for count in counts) or longest is None or at is None:
            return None
        count, cycles, run, misfits, doubts = (int(count or 0) for count in counts)
        fits = number(member(state, "fits"), 0.0, DAY) or math.inf
        learnt = member(state, "learnt") is True and math.isfinite(fits)
        return cls(count, cycles, run, longest, fits, learnt, misfits, min(doubts, _MOST_DOUBTS), at)


class UnannouncedLimits:
    """Suspects failures of being refusals for frequency, by path and form of the failure, for all its devices.

    A limit fails whatever comes too early after a success and nothing that comes later. So a form of failure counts
    as a refusal after six in which every failure came earlier after a success than any success did, and successes
    followed three times, or twice if the failure has a code that is not known. Fixed distances of polls show this as a
    failure that alternates with success.
    """

    def __init__(self) -> None:
        """Start without any suspicion."""
        self._succeeded: dict[Key, float] = {}
        self._suspicions: dict[tuple[str, Signature], _Suspicion] = {}

    def succeeded(self, key: Key, now: float) -> None:
        """Take note of a call that has brought an answer about data."""
        if (distance := self._distance(key, now)) is not None:
            for suspicion in self._at(key[0]):
                _confirm(suspicion, distance)
        self._succeeded.pop(key, None)
        self._succeeded[key] = now
        if len(self._succeeded) > _MAX_SUSPICIONS:
            del self._succeeded[next(iter(self._succeeded))]

    def failed(self, key: Key, now: float, error: EnercloError) -> Finding:
        """Take note of a call that has failed with an answer, and say what the failure counts as."""
        signature = (type(error).__name__, error.http_status, error.code)
        error.repeated = False
        if (distance := self._distance(key, now)) is None:
            return Finding()
        suspicion = self._suspicion(key[0], signature, now)
        if distance >= suspicion.fits - _TOLERANCE:
            return self._misfit(suspicion, distance)
        error.repeated = suspicion.count > 0
        if distance > MAXIMUM_INTERVAL:
            suspicion.start_again(doubt=True)
            return Finding()
        suspicion.run += 1
        suspicion.count += suspicion.run in _COUNTED_OF_A_RUN
        suspicion.longest = max(suspicion.longest, distance)
        if math.isinf(suspicion.fits):
            return Finding()
        unknown = isinstance(error, TemporaryError) and error.code is not None and error.code not in _TROUBLE
        needed = FAILURES_BELIEVED + _DOUBT * suspicion.doubts
        suspicion.learnt |= suspicion.count >= needed and suspicion.cycles >= (2 if unknown else 3)
        fits = min(suspicion.fits, MAXIMUM_INTERVAL)
        sure = suspicion.cycles > 1 or fits <= _LONGEST_GUESS
        return Finding(suspicion.learnt, fits, max(0.0, fits - distance) if sure else 0.0)

    def dump(self) -> list[Json]:
        """Return the suspicions as JSON for storage."""
        return [
            [path, *signature, {**asdict(suspicion), "fits": suspicion.fits if suspicion.cycles else 0.0}]
            for (path, signature), suspicion in self._suspicions.items()
            if suspicion.count or suspicion.doubts
        ]

    def load(self, rows: object) -> None:
        """Take over what dump returned; a damaged row is passed over, and what is known already stays."""
        for row in rows[:_MAX_SUSPICIONS] if isinstance(rows, list) else ():
            match row:
                case [str() as path, str() as name, int() | None as status, int() | str() | None as code, state]:
                    if (suspicion := _Suspicion.load(state)) is not None:
                        self._suspicions.setdefault((path, (name, status, code)), suspicion)

    def _misfit(self, suspicion: _Suspicion, distance: float) -> Finding:
        """Take a failure at a distance that has succeeded for what it is, unless that happens again and again."""
        if suspicion.learnt:
            # Once per outage, at its first failure.
            suspicion.misfits += distance < 2 * suspicion.fits
            if suspicion.misfits < _MAX_MISFITS:
                return Finding()
        suspicion.start_again(doubt=True)
        suspicion.count = suspicion.run = 1
        suspicion.longest = distance
        return Finding()

    def _distance(self, key: Key, now: float) -> float | None:
        """Return the seconds since the last success; None if there was none, or the clock was set back."""
        last = self._succeeded.get(key)
        return None if last is None or now < last else now - last

    def _at(self, path: str) -> Iterator[_Suspicion]:
        return (suspicion for (other, _), suspicion in self._suspicions.items() if other == path)

    def _suspicion(self, path: str, signature: Signature, now: float) -> _Suspicion:
        """Return the suspicion of a form of failure; one that is a day old and not learned begins anew."""
        suspicion = self._suspicions.pop((path, signature), None)
        if suspicion is None or not 0 <= now - suspicion.at < DAY:
            learnt = suspicion if suspicion is not None and suspicion.learnt else None
            suspicion = learnt or _Suspicion()
            suspicion.misfits = 0
        suspicion.at = now
        self._suspicions[path, signature] = suspicion
        if len(self._suspicions) > _MAX_SUSPICIONS:
            del self._suspicions[next(iter(self._suspicions))]
        return suspicion


def _confirm(suspicion: _Suspicion, distance: float) -> None:
    """Hold a success against a suspicion."""
    if distance <= suspicion.longest + _TOLERANCE:
        suspicion.start_again(doubt=True)
        return
    if suspicion.run:
        suspicion.cycles += 1
        suspicion.run = 0
    if suspicion.count:
        suspicion.fits = min(suspicion.fits, distance)
