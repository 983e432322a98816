"""Define kinds of devices and uninterpreted samples, the data passed from the client."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


class Kind(StrEnum):
    """Kinds of devices, each with endpoints of its own."""

    HPS_STRING = "hps_string"
    HPS_CENTRAL = "hps_central"
    PCS = "pcs"
    PBD = "pbd"
    BCU = "bcu"
    MBMS = "mbms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Response of the cloud for one device: members as sent, their time as text, and the moment received (UTC)."""

    kind: Kind
    device_sn: str
    members: Mapping[str, Json]
    time: str | None
    received: datetime

    def as_dict(self) -> dict[str, Json]:
        """Return the sample as JSON for storage."""
        return {
            "kind": self.kind.value,
            "device_sn": self.device_sn,
            "members": dict(self.members),
            "time": self.time,
            "received": self.received.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Json]) -> Self:
        """Return the sample that as_dict wrote; raises KeyError, TypeError or ValueError if it is not one."""
        members, received, time = data["members"], data["received"], data["time"]
        if not isinstance(members, dict) or not isinstance(received, str) or not isinstance(time, str | None):
            raise TypeError("not a stored sample")
        return cls(
            kind=Kind(str(data["kind"])),
            device_sn=str(data["device_sn"]),
            members=members,
            time=time,
            received=datetime.fromisoformat(received),
        )
