"""The plant of an account: what is computed from several devices, with what has to be remembered for that."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from ..enerclo.model import Json, Kind
from .reading import Reading, Value
from .selfchecks import Verdict
from .selfchecks.pcs import PcsBattery
from .store import a_dict, a_moment
from .sums import Sums
from .system import (
    Links,
    Readings,
    Source,
    controllers_of,
    dc_side_power,
    pbd_output,
    plant_values,
    shared_values,
)

PCS_BATTERY = "pcs_battery"
IDLE = 0.05  # kW
FAR_AHEAD = timedelta(days=1)  # after the clock was set back


class Plant:
    """The values of a plant's devices together; pure: state goes out through `dump`.

    `corrections` are the user's by device: here `pcs_battery` of a PCS (`dc_side`, `battery`).
    """

    def __init__(self, state: Mapping[str, Json] | None = None) -> None:
        stored = a_dict(state)
        self._sums = Sums(stored.get("sums"))
        self._batteries = {sn: PcsBattery(item) for sn, item in a_dict(stored.get("batteries")).items()}
        self._seen = {sn: at for sn, item in a_dict(stored.get("seen")).items() if (at := a_moment(item)) is not None}
        self.corrections: Mapping[str, Mapping[str, str]] = {}

    def dump(self) -> dict[str, Json]:
        """Return what is remembered, for storage; it holds serial numbers."""
        return {
            "sums": self._sums.dump(),
            "batteries": {sn: each.dump() for sn, each in self._batteries.items()},
            "seen": {sn: at.isoformat() for sn, at in self._seen.items()},
        }

    def learn(self, readings: Readings, links: Links, stale: Collection[str] = ()) -> None:
        """Learn from new samples what the DC side power of each PCS holds."""
        for sn in self._batteries.keys() - readings.keys():
            del self._batteries[sn]
            self._seen.pop(sn, None)
        for sn, reading in readings.items():
            if reading.kind is Kind.PCS and self._is_new(sn, reading.sampled_at) and sn not in stale:
                outputs = self._outputs(sn, readings, links, stale)
                self._batteries.setdefault(sn, PcsBattery()).learn(
                    dc_side_power(reading),
                    outputs,
                    _energy(reading, "battery_charge_energy_total"),
                    _energy(reading, "battery_discharge_energy_total"),
                    reading.sampled_at,
                )

    def shared(
        self, readings: Readings, links: Links, stale: Collection[str] = ()
    ) -> tuple[dict[str, dict[str, Value]], dict[str, Source]]:
        """Return, by device, the values that others decide, and the source of its state of charge."""
        return shared_values(readings, links, stale, self._meanings)

    def values(
        self,
        readings: Readings,
        links: Links,
        stale: Collection[str] = (),
        *,
        ended: Collection[str] = (),
        capacities: Mapping[str, float] | None = None,
    ) -> dict[str, Value]:
        """Return the values of the plant."""
        return plant_values(
            readings,
            links,
            stale,
            ended=ended,
            capacities=capacities,
            memory=self._sums,
            batteries=self._meanings,
        )

    def is_fed(self, device_sn: str, readings: Readings, links: Links) -> bool:
        """Return whether PBDs of the account feed the DC side of a PCS."""
        pcs = readings.get(device_sn)
        if pcs is None or pcs.kind is not Kind.PCS:
            return False
        outputs = (pbd_output(pcs, readings.get(sn)) for sn in controllers_of(device_sn, links))
        return any(output is None or abs(output) > IDLE for output in outputs)

    def verdicts(self, device_sn: str) -> tuple[Verdict, ...]:
        """Return what was found out of a device with the help of others."""
        check = self._batteries.get(device_sn)
        return () if check is None else (check.verdict(),)

    @property
    def _meanings(self) -> dict[str, str]:
        found = {sn: check.meaning for sn, check in self._batteries.items()}
        chosen = {sn: corrections.get(PCS_BATTERY) for sn, corrections in self.corrections.items()}
        return {sn: meaning for sn in found | chosen if (meaning := chosen.get(sn) or found.get(sn)) is not None}

    def _is_new(self, sn: str, at: datetime) -> bool:
        before = self._seen.get(sn)
        if before is not None and at <= before <= at + FAR_AHEAD:
            return False
        self._seen[sn] = at
        return True

    @staticmethod
    def _outputs(device_sn: str, readings: Readings, links: Links, stale: Collection[str]) -> float | None:
        """Return what all PBDs of a PCS deliver in kW; None if one is not known, or there is none."""
        pcs = readings[device_sn]
        own = pcs.values.get("pbd_output_power")
        if isinstance(own, float):
            return own
        controllers = controllers_of(device_sn, links)
        outputs = [None if sn in stale else pbd_output(pcs, readings.get(sn)) for sn in controllers]
        known = [output for output in outputs if output is not None]
        return sum(known) if known and len(known) == len(outputs) else None


def _energy(reading: Reading, key: str) -> float | None:
    value = reading.values.get(key)
    return value if isinstance(value, float) else None
