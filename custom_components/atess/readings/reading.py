"""Define the reading: values by entity key, and the actions of the guards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from ..catalogue import Severity
from ..enerclo.model import Json, Kind

type Value = bool | int | float | str | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFault:
    """A fault that a device reports now: translation key, English label, severity and the cloud's `W-B-b` code."""

    key: str
    label: str
    severity: Severity
    code: str
    reserved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One interpreted sample.

    `values` by entity key, in the catalogue's units: absent if the device does not send it, None if it was sent but is
    not usable now. `sampled_at` is UTC and never later than `received`. `fresh` is False if the sample is not news.
    `corrections` names by entity key the guards that changed or rejected a value (`time` for the clock).
    `sent` counts the entities for which the sample has a value, `unreadable` names the members among them whose value
    could not be read.
    `day_by_counters` and `day_by_powers` hold what flowed in the last 24 hours in kWh, empty while that is not known.
    `days` holds the day that each energy of today belongs to, in the device's own clock.
    """

    kind: Kind
    device_sn: str
    sampled_at: datetime
    received: datetime
    fresh: bool
    values: Mapping[str, Value]
    members: Mapping[str, Json]
    unknown: Mapping[str, str | float | int | bool] = field(default_factory=dict)
    codes: Mapping[str, Json] = field(default_factory=dict)
    sent: int = 0
    unreadable: tuple[str, ...] = ()
    faults: tuple[ActiveFault, ...] = ()
    corrections: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    day_by_counters: Mapping[str, float] = field(default_factory=dict)
    day_by_powers: Mapping[str, float] = field(default_factory=dict)
    days: Mapping[str, date] = field(default_factory=dict)
