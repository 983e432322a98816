"""What really flowed in a case, and what the samples taken until a moment can hold of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from simulator.variants import FORMAT
from simulator.world import World

from .cases import ZONE, Case

COUNTERS: Mapping[str, str] = {
    "pv_energy": "pv",
    "battery_charge_energy": "battery_charge",
    "battery_discharge_energy": "battery_discharge",
    "grid_import_energy": "grid_import",
    "grid_export_energy": "grid_export",
    "load_energy": "load",
}
type Energies = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """When the last sample was really taken (unix seconds), and the kWh that no daily counter held until then."""

    at: float = 0.0
    lost: Energies


class Truth:
    """The energies of a case, by the samples that were delivered."""

    def __init__(self, case: Case, world: World) -> None:
        """Begin without a sample."""
        self._case, self._world = case, world
        self._delivered: list[tuple[float, Taken]] = []
        self._taken = Taken(lost=dict.fromkeys(COUNTERS.values(), 0.0))

    def deliver(self, time: str, now: float) -> None:
        """Note a sample that carries a time, and what flowed between a day's last sample and midnight.

        No daily counter that the device sends holds that energy.
        """
        clock = self._case.variants.get("clock", {})
        shift = timedelta(minutes=clock.get("offset", 0.0))
        own = datetime.strptime(time, FORMAT)  # noqa: DTZ007  # the device's own clock
        if drift := clock.get("drift"):
            shift += timedelta(seconds=drift * (_moment(own) - self._world.start) / 86400.0)
        at = _moment(own - shift)
        midnight = _moment(own.replace(hour=0, minute=0, second=0) - shift)
        before, lost = self._taken.at, self._taken.lost
        if at > before:
            if 0.0 < before < midnight <= at:
                earlier, later = self.energies(before), self.energies(midnight)
                lost = {name: kwh + later[name] - earlier[name] for name, kwh in lost.items()}
            self._taken = Taken(at=at, lost=lost)
        self._delivered.append((now, self._taken))

    def until(self, now: float) -> Taken | None:
        """Return what had been delivered before a moment, None before the first sample."""
        return next((taken for at, taken in reversed(self._delivered) if at < now), None)

    def energies(self, at: float) -> Energies:
        """Return what has flowed at a moment, in kWh by name."""
        facts = self._world.truth(at)
        # A PBD knows only its PV, and here all of the battery is its share.
        total: dict[str, float] = facts["systems"][0]["total"] | facts["devices"][self._case.serial]["total"]
        return total


def _moment(local: datetime) -> float:
    return local.replace(tzinfo=ZoneInfo(ZONE)).timestamp()
