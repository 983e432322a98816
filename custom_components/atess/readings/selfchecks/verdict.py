"""Verdicts and the votes that lead to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...enerclo.model import Json
from ..store import a_count, a_dict, a_moment, a_number, a_text

CLOCK_SETTLES = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Result of a self-check: its name, the verdict (None: not decided), the numbers behind it, and since when (UTC).

    `expected` is what the catalogue assumes; a verdict that differs is reported to the user.
    """

    name: str
    verdict: str | None
    expected: str | None
    evidence: Mapping[str, float] = field(default_factory=dict)
    since: datetime | None = None

    @property
    def contradicts(self) -> bool:
        """Whether the verdict is against what the catalogue assumes."""
        return self.verdict is not None and self.expected is not None and self.verdict != self.expected

    def worth_telling(self, now: datetime) -> bool:
        """Return whether a contradiction has stood long enough: a clock may seem to be off while uploads are late."""
        if self.name == "clock" and (self.since is None or now - self.since < CLOCK_SETTLES):
            return False
        return self.contradicts

    def as_dict(self) -> dict[str, Json]:
        """Return the verdict for diagnostics."""
        return {
            "verdict": self.verdict,
            "expected": self.expected,
            "evidence": {**self.evidence},
            "since": None if self.since is None else self.since.isoformat(),
        }


class Votes:
    """Latches a verdict after some equal votes in a row, and changes it only after some opposite ones in a row."""

    def __init__(self, choices: tuple[str, ...], state: Json = None, *, latch: int, change: int) -> None:
        stored = a_dict(state)
        self._latch, self._change = latch, change
        verdict, last = a_text(stored.get("verdict")), a_text(stored.get("last"))
        self.verdict = verdict if verdict in choices else None
        self._last = last if last in choices else None
        self._run = a_count(stored.get("run"))
        self.since = a_moment(stored.get("since"))
        evidence = ((key, a_number(value)) for key, value in a_dict(stored.get("evidence")).items())
        self.evidence = {key: value for key, value in evidence if value is not None}

    def dump(self) -> dict[str, Json]:
        """Return votes and verdict, for storage."""
        return {
            "verdict": self.verdict,
            "last": self._last,
            "run": self._run,
            "since": None if self.since is None else self.since.isoformat(),
            "evidence": {**self.evidence},
        }

    def vote(self, choice: str, at: datetime, weight: int = 1, /, **evidence: float) -> None:
        """Count a vote, as often as it weighs, with the numbers behind it."""
        self._run = self._run + weight if choice == self._last else weight
        self._last = choice
        needed = self._latch if self.verdict is None else self._change
        if choice == self.verdict or self._run >= needed:
            self.evidence = {key: round(value, 3) for key, value in evidence.items()}
        if choice != self.verdict and self._run >= needed:
            self.verdict, self.since = choice, at

    def as_verdict(self, name: str, expected: str | None) -> Verdict:
        """Return the verdict with its evidence."""
        return Verdict(name=name, verdict=self.verdict, expected=expected, evidence=self.evidence, since=self.since)
