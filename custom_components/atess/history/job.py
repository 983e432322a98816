"""The state of an import: which days of which devices are still to be read, and what has been written."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Self

from ..const import DOMAIN
from .hours import HOUR

STORAGE_VERSION = 1
DAY = timedelta(days=1)
# So far back an import goes unless told otherwise.
YEAR = timedelta(days=365)


@dataclass(slots=True, kw_only=True)
class DeviceJob:
    """The import of one device, from the newest day backwards.

    `next_day` is the newest day that is not written yet. `empty` counts the days without data at the end, `failed`
    those that could not be read, `skipped` the hours that were left between recorded sums that do not continue each
    other. `left` holds by entity key why it was left out; `reason` is why the device's import ended early.
    """

    first_day: date
    next_day: date
    last_day: date
    remembered: bool = False
    rows: int = 0
    empty: int = 0
    failed: int = 0
    skipped: int = 0
    left: dict[str, str] = field(default_factory=dict)
    reason: str | None = None

    @property
    def days(self) -> int:
        """Days of the range."""
        return (self.last_day - self.first_day).days + 1

    def days_left(self, next_day: date) -> int:
        """Return how many days are to be read if `next_day` is the next one."""
        return 0 if self.reason is not None else max(0, (next_day - self.first_day).days + 1)


@dataclass(slots=True, kw_only=True)
class Job:
    """An import of an account: a range in unix seconds, the devices by config subentry, and the keys, all if empty."""

    start: int
    end: int
    devices: dict[str, DeviceJob]
    fields: list[str] = field(default_factory=list)
    finished: bool = False
    cancelled: bool = False
    paused: bool = False

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return sum(device.rows for device in self.devices.values())

    def as_dict(self) -> dict[str, Any]:
        """Return this as JSON for storage."""
        stored = asdict(self)
        for device in stored["devices"].values():
            device |= {name: device[name].isoformat() for name in ("first_day", "next_day", "last_day")}
        return stored

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return what as_dict wrote; KeyError, TypeError, or ValueError if it is not that."""
        devices = {
            str(name): DeviceJob(
                **{
                    **device,
                    **{day: date.fromisoformat(device[day]) for day in ("first_day", "next_day", "last_day")},
                }
            )
            for name, device in dict(stored["devices"]).items()
        }
        return cls(
            start=int(stored["start"]),
            end=int(stored["end"]),
            devices=devices,
            fields=[str(key) for key in stored.get("fields", [])],
            finished=bool(stored["finished"]),
            cancelled=bool(stored["cancelled"]),
            paused=bool(stored.get("paused")),
        )


def new_device_job(start: datetime, end: datetime, zone: tzinfo) -> DeviceJob:
    """Return the import of a device whose clock is in a zone, for a range."""
    first, last = start.astimezone(zone).date(), (end - timedelta(seconds=1)).astimezone(zone).date()
    return DeviceJob(first_day=first, next_day=last, last_day=last)


def span_of(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a day of a device's clock, in its zone."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = day + DAY
    return begin, datetime(after.year, after.month, after.day, tzinfo=zone)


def hours_in(begin: datetime, end: datetime, job: Job) -> tuple[int, int]:
    """Return the first UTC hour that begins in a span and in the job's range, and the end of the last one."""
    first = -int(-begin.timestamp() // HOUR) * HOUR
    last = -int(-end.timestamp() // HOUR) * HOUR
    return max(first, -(-job.start // HOUR) * HOUR), min(last, job.end // HOUR * HOUR)


def job_name(entry_id: str) -> str:
    """Return the name of the file of an account's import."""
    return f"{DOMAIN}.history.{entry_id}"


def undo_name(subentry_id: str) -> str:
    """Return the name of the file that holds what an undo writes back to the entities of a device."""
    return f"{DOMAIN}.history_undo.{subentry_id}"
