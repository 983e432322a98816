"""Limit the rise of a counter in a time, and check whether samples continue each other like a counter."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

ROW, ROW_SPAN = 6, timedelta(minutes=25)
UNIT_FACTORS = (10.0, 100.0, 1000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The moment of a sample: UTC, and in the device's own clock, whose midnight resets daily counters."""

    utc: datetime
    local: datetime

    @property
    def hours_into_day(self) -> float:
        """Hours since the device's midnight."""
        return (self.local - datetime.combine(self.local.date(), time.min)).total_seconds() / 3600


def hours_since(start: datetime, when: When) -> float:
    """Return the hours from a moment to a sample, never below 0."""
    return max(0.0, (when.utc - start).total_seconds() / 3600)


def allowance(nominal: float, hours: float) -> float:
    """Return by how many kWh a counter may rise in some hours, at the most: R(h) = 3 N h + 1."""
    return 3 * nominal * max(0.0, hours) + 1.0


def from_zero(nominal: float, hours: float) -> float:
    """Return what a counter that was at 0 some hours ago may show, in kWh."""
    return 1.2 * nominal * max(0.0, hours) + 0.25


def tolerance(value: float) -> float:
    """Return by how many kWh a lifetime counter may dip without meaning it."""
    return max(1.0, 0.001 * value)


def unit_factor(value: float, last: float, rise: float) -> float | None:
    """Return the power of ten by which a value is a reading of the last one in another unit; None if it is none.

    `rise` is by how much the counter may have risen since, in kWh.
    """
    if last <= 0 or value <= 0:
        return None
    for factor in UNIT_FACTORS:
        if last - tolerance(last) <= value / factor <= last + rise:
            return factor
        rounding = 0.05 * factor
        if last - tolerance(last) - rounding <= value * factor <= last + rise + rounding:
            return 1 / factor
    return None


@dataclass(slots=True, kw_only=True)
class Row:
    """Samples of a counter in a row that are not believed yet: the first and the last, and how often they rose."""

    first: float
    last: float
    since: datetime
    at: datetime
    count: int = 1
    rises: int = 0
    total: float | None = None
    other_unit: bool = False
    """Whether the first may be a reading of the last value in another unit."""

    def continues(self, value: float, nominal: float, when: When) -> bool:
        """Return whether a value may follow the last one on the same counter."""
        return self.last <= value <= self.last + allowance(nominal, hours_since(self.at, when)) + 1e-9

    def add(self, value: float, when: When) -> None:
        """Take a value that continues the row."""
        self.rises += value > self.last
        self.count += 1
        self.last, self.at = value, when.utc

    @property
    def lasting(self) -> bool:
        """Whether there are six samples over at least 25 minutes, equal ones or not."""
        return self.count >= ROW and self.at - self.since >= ROW_SPAN

    @property
    def counting(self) -> bool:
        """Whether six samples over at least 25 minutes rise as a counter does; equal ones prove nothing."""
        return self.rises >= ROW - 1 and self.at - self.since >= ROW_SPAN


def extend(row: Row | None, value: float, nominal: float, when: When, total: float | None = None) -> Row:
    """Return the row with one more value, or the one that begins with it; `total` is that of the same flow."""
    if row is None or not row.continues(value, nominal, when):
        return Row(first=value, last=value, since=when.utc, at=when.utc, total=total)
    row.add(value, when)
    return row
