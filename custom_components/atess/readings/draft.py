"""A reading in the making: what the steps of the interpreter hand on to one another."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..enerclo.model import Kind, Sample
from .clock import Moment, News
from .counters import Counters
from .derived import Facts, Flows
from .energies import Energies
from .members import Parsed
from .reading import ActiveFault, Reading, Value
from .rises import When


@dataclass(slots=True, kw_only=True)
class Draft:
    """One sample, its values so far, and which guards changed them."""

    kind: Kind
    sample: Sample
    parsed: Parsed
    moment: Moment
    notes: dict[str, list[str]] = field(default_factory=dict)
    """By entity key: the guards that changed or rejected its value."""
    lost: bool = False
    """Whether the cloud calls the device lost."""
    sent: dict[str, float | None] = field(default_factory=dict)
    """The numbers before the guards on counters."""
    facts: Facts = field(init=False)
    flows: Flows = field(init=False)
    single_phase: bool = False
    faults: tuple[ActiveFault, ...] = ()
    day_by_counters: Energies = field(default_factory=dict)
    day_by_powers: Energies = field(default_factory=dict)

    @property
    def numbers(self) -> dict[str, float | None]:
        """The quantities of the sample, by entity key."""
        return self.parsed.numbers

    @property
    def values(self) -> dict[str, Value]:
        """The values of the reading; the numbers join them after the guards."""
        return self.parsed.values

    @property
    def learn(self) -> bool:
        """Whether the sample is news."""
        return self.moment.news is News.FRESH

    @property
    def teaches(self) -> bool:
        """Whether checks and energies may take the sample: it is news, and of a device that is not lost."""
        return self.learn and not self.lost

    @property
    def when(self) -> When:
        """The moment of the sample, as counters take it."""
        return When(utc=self.moment.sampled_at, local=self.moment.local)

    def note(self, keys: Iterable[str], guard: str) -> None:
        """Note that a guard changed values."""
        for key in keys:
            self.notes.setdefault(key, []).append(guard)

    def reading(self, counters: Counters) -> Reading:
        """Return the finished reading."""
        return Reading(
            kind=self.kind,
            device_sn=self.sample.device_sn,
            sampled_at=self.moment.sampled_at,
            received=self.sample.received,
            fresh=self.learn,
            values=self.values,
            members=self.sample.members,
            unknown=self.parsed.unknown,
            codes=self.parsed.codes,
            sent=self.parsed.sent,
            unreadable=tuple(self.parsed.unreadable.values()),
            faults=self.faults,
            corrections={key: tuple(names) for key, names in self.notes.items()},
            day_by_counters=self.day_by_counters,
            day_by_powers=self.day_by_powers,
            days={key: day for key, day in counters.days.items() if key in self.values},
        )
