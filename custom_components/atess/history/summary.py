"""What an import tells people when it has ended."""

from collections.abc import Mapping
from typing import Final

from .job import DeviceJob, Job

TITLE: Final = "ATESS history import"
_REASONS: Final = {
    "no_history": "the cloud provides no history for this device",
    "no_more": "the cloud has no older data",
    "removed": "the device was removed",
    "failed": "the import failed; the log says why",
}
_LEFT: Final = {
    "no_statistics": "no statistics yet",
    "other_statistics": "another unit or type of statistics",
    "inconsistent": "statistics that do not follow the counter",
    "database": "the database did not accept the rows",
}
_COSTS: Final = (
    "Costs are not imported: the Energy dashboard keeps them in statistics of their own, which are calculated from the "
    "prices at the time and begin when you set up the cost tracking."
)


def message_of(job: Job, names: Mapping[str, str]) -> str:
    """Return the text of the notification; `names` by config subentry."""
    begin = "The import was canceled." if job.cancelled else "The import is complete."
    lines = [f"- {names.get(name, 'Removed device')}: {_of(device)}" for name, device in job.devices.items()]
    undo = "To remove everything that was imported, use the action **Undo import**."
    return "\n".join([begin, "", *lines, "", _COSTS, "", undo])


def _of(device: DeviceJob) -> str:
    read = device.days - max(0, (device.next_day - device.first_day).days + 1)
    parts = [f"{_count(device.rows, 'row')} from {read} of {_count(device.days, 'day')}"]
    if device.failed:
        parts.append(f"{_count(device.failed, 'day')} could not be read")
    if device.skipped:
        missing = _count(device.skipped, "missing hour")
        parts.append(f"{missing} left out because the recorded sums around them do not match")
    for reason, text in _LEFT.items():
        if count := sum(each == reason for each in device.left.values()):
            parts.append(f"{_count(count, 'entity was', 'entities were')} left out: {text}")
    if device.reason is not None:
        parts.append(_REASONS[device.reason])
    return "; ".join(parts)


def _count(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
