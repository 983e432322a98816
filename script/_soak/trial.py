"""One device, read for some days as Home Assistant would read it: what its self-checks find."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from custom_components.atess.enerclo.model import Kind, Sample
from custom_components.atess.readings import Interpreter, Reading
from simulator.plant import load_plant
from simulator.world import World

from .cases import VERDICTS, ZONE, Case

POLL = 300.0
ASKED = frozenset({"battery_sign", "grid_sign", "grid_counters", "clock"})
"""Verdicts that wait for the user, who says yes here."""
POWERS = ("pv_power", "battery_power", "grid_power", "load_power")


@dataclass(slots=True, kw_only=True)
class Result:
    """What a case showed: what was wrong, the verdicts with the hours they took, powers above what can flow."""

    faults: list[str] = field(default_factory=list)
    verdicts: dict[str, tuple[str, float]] = field(default_factory=dict)
    spikes: int = 0


class Trial:
    """A case under way."""

    def __init__(self, case: Case) -> None:
        """Build the plant and an interpreter that knows nothing yet."""
        self._case = case
        self._world = World(load_plant(case.plant), seed=case.seed, now=case.start)
        self._corrections: dict[str, str] = {}
        self._interpreter = self._new(None)
        self._result = Result()

    def _new(self, state: Mapping[str, object] | None) -> Interpreter:
        return Interpreter(
            Kind(self._case.kind),
            zone=ZoneInfo(ZONE),
            nominal_power=self._case.nominal,
            state=state,  # type: ignore[arg-type]  # what dump returned
            corrections=self._corrections,
        )

    def run(self) -> Result:
        """Read the device until the days are over."""
        case = self._case
        now = case.start + 1.0
        while now < case.start + case.days * 86400.0:
            self._poll(now)
            now += POLL
        return self._result

    def _poll(self, now: float) -> None:
        members = self._world.latest(self._case.serial, now)
        received = datetime.fromtimestamp(now, UTC)
        if members is not None:
            time = members["time"]
            sample = Sample(
                kind=Kind(self._case.kind),
                device_sn=self._case.serial,
                members=members,
                time=time if isinstance(time, str) else None,
                received=received,
            )
            reading = self._interpreter.read(sample)
            if reading is not None and not self._interpreter.stale(received):
                self._look(reading, now)
        self._judge(now)

    def _look(self, reading: Reading, now: float) -> None:
        hours = (now - self._case.start) / 3600.0
        for key in POWERS:
            value = reading.values.get(key)
            if isinstance(value, float) and abs(value) > self._case.most:
                self._result.spikes += 1
                self._result.faults.append(f"after {hours:.1f} h: {key} {value} above {self._case.most:.1f} kW")

    def _judge(self, now: float) -> None:
        """Note new verdicts, and correct as the user would whatever contradicts the catalogue."""
        hours = (now - self._case.start) / 3600.0
        correct = False
        for each in self._interpreter.verdicts():
            if each.verdict is None:
                continue
            known = self._result.verdicts.get(each.name)
            if known is None or known[0] != each.verdict:
                self._result.verdicts[each.name] = (each.verdict, hours)
            told = each.worth_telling(datetime.fromtimestamp(now, UTC))
            if told and each.name in ASKED and self._corrections.get(each.name) != each.verdict:
                self._corrections[each.name] = each.verdict
                correct = True
        if correct:
            self._interpreter = self._new(self._interpreter.dump())

    def flowed(self, names: Iterable[str]) -> float:
        """Return what flowed in all, in kWh, by names of the truth."""
        begin, end = self._case.start, self._case.start + self._case.days * 86400.0
        before, after = (self._world.truth(at)["devices"][self._case.serial]["total"] for at in (begin, end))
        flows: list[float] = [after.get(name, 0.0) - before.get(name, 0.0) for name in names]
        return sum(flows)


def wrong_verdicts(case: Case, result: Result) -> list[str]:
    """Return the verdicts that the case does not justify."""
    expected = dict(VERDICTS[name] for name in case.variants if name in VERDICTS)
    if "clock" in case.variants:
        expected.pop("clock", None)
    unit = {"W"} if "watts" in case.variants else {"kW"}
    usual = {
        "power_unit": unit,
        "pv_power_unit": unit,
        "load_power_unit": unit,
        "grid_power_unit": unit,
        "battery_power_unit": unit,
        "energy_unit": {"1"},
        "battery_direction": {"signed"},
        "grid_direction": {"unsigned" if "no_sign" in case.variants else "signed"},
        "pcs_battery": {"battery" if "battery_alone" in case.variants else "dc_side"},
        # Without a sign and with one counter only, as in winter, "inverted" is what makes the values right.
        "battery_sign": {"normal", "inverted"} if "no_sign" in case.variants else {"normal"},
        "grid_sign": {"normal", "inverted"} if "no_sign" in case.variants else {"normal"},
        "grid_counters": {"normal"},
        "battery_meaning": {"battery"},
        "pv_layout": {"ppv"},
        "clock": {"home"},
    }
    wrong = []
    for name, (verdict, hours) in result.verdicts.items():
        if name == "clock" and "clock" in case.variants:
            continue
        right = {expected[name]} if name in expected else usual[name]
        if verdict not in right:
            wrong.append(f"{name} is {verdict} after {hours:.1f} h")
    return wrong
