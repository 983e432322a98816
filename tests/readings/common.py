"""Samples and clocks for the tests of the readings: a device that uploads every five minutes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.atess.enerclo.model import Json, Kind, Sample
from custom_components.atess.readings import Interpreter, Reading

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 5, 1, 12, 0, 0)  # noqa: DTZ001  # the device's own clock
SERIAL = "SIMHPS0001"
DELAY = timedelta(minutes=2)

HOME: dict[str, Json] = {
    "ppv": 5.0,
    "ppv1": 2.6,
    "ppv2": 2.4,
    "ppv3": 0.0,
    "pac": -2.4,
    "gactivePower": 0.5,
    "loadActivePower": 2.1,
    "vbat": 52.1,
    "epvToday": 21.8,
    "epvTotal": 1520.3,
    "etoGridToday": 5.0,
    "eloadToday": 4.8,
    "egridToday": 1.9,
    "status": 2,
}


def local_time(local: datetime) -> str:
    """Return the text of `time`."""
    return local.strftime("%Y-%m-%d %H:%M:%S")


def sample(
    members: Mapping[str, Json], local: datetime | None = NOON, kind: Kind = Kind.HPS_STRING, **more: Any
) -> Sample:
    """Return a sample of Berlin time, received two minutes later unless told otherwise."""
    text = more.get("time", None if local is None else local_time(local))
    received = more.get("received")
    if received is None:
        received = (local or NOON).replace(tzinfo=BERLIN).astimezone(UTC) + DELAY
    serial = more.get("device_sn", SERIAL)
    return Sample(kind=kind, device_sn=serial, members=members, time=text, received=received)


class Device:
    """A device whose samples are read one after the other."""

    def __init__(self, kind: Kind = Kind.HPS_STRING, nominal: float | None = 10.0, **more: Any) -> None:
        self.kind, self.nominal, self.more = kind, nominal, more
        self.local = NOON
        self.interpreter = self._new(None)

    def _new(self, state: Mapping[str, Json] | None) -> Interpreter:
        return Interpreter(self.kind, zone=BERLIN, nominal_power=self.nominal, state=state, **self.more)

    def read(self, minutes: float = 5, /, **members: Json) -> Reading:
        """Read a sample some minutes after the last."""
        reading = self.read_at(self.local + timedelta(minutes=minutes), members)
        assert reading is not None
        return reading

    def read_at(self, local: datetime, members: Mapping[str, Json]) -> Reading | None:
        """Read a sample of a moment in the device's clock."""
        self.local = local
        return self.interpreter.read(sample(members, local, self.kind))

    def verdict(self, name: str) -> str | None:
        """Return the verdict of a self-check."""
        return next(each.verdict for each in self.interpreter.verdicts() if each.name == name)
