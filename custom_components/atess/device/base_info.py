"""The base info of a device: its model, nominal power, firmware, and data logger, read once a day."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from homeassistant.util import dt as dt_util

from ..catalogue import model_in, nominal_power_in
from ..const import BASE_INFO_INTERVAL, POLL_MAX_WAIT
from ..enerclo import EnercloClient, Json, Kind, Priority, Terms


def age_of(moment: datetime | None) -> timedelta:
    """Return how long ago a moment was; without limit if it is not known, or ahead of a clock that was set back."""
    if moment is None or moment.tzinfo is None:
        return timedelta.max
    age = dt_util.utcnow() - moment
    return timedelta.max if age < timedelta(0) else age


class BaseInfo:
    """The members of the last base info, and when it was asked for."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        """Restore what a dump returned; damaged parts count as never read."""
        info = stored.get("base_info")
        self.read_at: datetime | None = None
        self._take(info if isinstance(info, dict) else {})
        if isinstance(info, dict):
            read_at = dt_util.parse_datetime(str(stored.get("base_info_at")))
            self.read_at = read_at if read_at is not None and read_at.tzinfo is not None else None

    def _take(self, members: dict[str, Json]) -> None:
        self.members = members
        self.model: str | None = model_in(members)
        """The model's name as the cloud gives it."""
        self.nominal_power: float | None = nominal_power_in(members)
        """The nominal power in kW, if base info tells it."""

    def dump(self) -> dict[str, Any]:
        """Return the state to store."""
        return {
            "base_info": self.members,
            "base_info_at": None if self.read_at is None else self.read_at.isoformat(),
        }

    @property
    def due(self) -> bool:
        """Whether a day has passed since it was asked for."""
        return age_of(self.read_at) >= BASE_INFO_INTERVAL

    async def async_read(self, client: EnercloClient, kind: Kind, device_sn: str) -> None:
        """Ask for it, unless a list has just told the same. Raises EnercloError."""
        self.read_at = dt_util.utcnow()
        listed = client.last_listed(kind, device_sn)
        # The list of a data logger tells the same, where it tells the model; a BMS has none to tell.
        if listed and not self.members and (model_in(listed) or kind in {Kind.BCU, Kind.MBMS}):
            self._take(listed)
        else:
            terms = Terms(priority=Priority.SETTINGS, max_wait=POLL_MAX_WAIT)
            self._take(await client.base_info(kind, device_sn, terms=terms))

    @property
    def firmware(self) -> str | None:
        """The firmware's version as the cloud gives it."""
        return text_of(self.members.get("firmwareVersion")) or text_of(self.members.get("fwVersion"))

    @property
    def data_log_sn(self) -> str | None:
        """The serial number of the data logger that the device reports through."""
        return text_of(self.members.get("dataLogSn"))


def text_of(value: Json) -> str | None:
    """Return a text without space around it; None if it is none, or empty."""
    return value.strip() or None if isinstance(value, str) else None
