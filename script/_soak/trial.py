"""One device, read for some days as Home Assistant would read it, and held against what really flowed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from custom_components.atess.enerclo.model import Kind, Sample
from custom_components.atess.readings import Interpreter, Reading
from simulator.plant import load_plant
from simulator.variants import FORMAT, parse_variant
from simulator.world import World

from .cases import VERDICTS, ZONE, Case
from .statistics import Statistics

POLL = 300.0
ASKED = frozenset({"battery_sign", "grid_sign", "grid_counters", "clock"})
"""Verdicts that wait for the user, who says yes here."""
RESOLUTION = 0.25  # kWh: two and a half steps of a counter; a daily one is rounded once more each midnight
COUNTERS: Mapping[str, str] = {
    "pv_energy": "pv",
    "battery_charge_energy": "battery_charge",
    "battery_discharge_energy": "battery_discharge",
    "grid_import_energy": "grid_import",
    "grid_export_energy": "grid_export",
    "load_energy": "load",
}
POWERS = ("pv_power", "battery_power", "grid_power", "load_power")
type Energies = dict[str, float]


@dataclass(slots=True, kw_only=True)
class Result:
    """What a trial showed: what was wrong, the verdicts with the hours they took, and each counter with the truth."""

    name: str
    faults: list[str] = field(default_factory=list)
    verdicts: dict[str, tuple[str, float]] = field(default_factory=dict)
    counters: dict[str, tuple[float, float]] = field(default_factory=dict)
    samples: int = 0
    hours: int = 0
    spikes: int = 0
    impossible: int = 0


class Trial:
    """A case under way."""

    def __init__(self, case: Case) -> None:
        """Build the plant and an interpreter that knows nothing yet."""
        self._case = case
        self._world = World(load_plant(case.plant), seed=case.seed, now=case.start)
        self._corrections: dict[str, str] = {}
        self._interpreter = self._new(None)
        self._statistics: dict[str, Statistics] = {}
        # By counter: the first and the last moment counted, and what no sample of a day could hold (see _lose).
        self._spans: dict[str, tuple[float, float, float]] = {}
        self._news: dict[str, float] = {}
        self._taken = 0.0
        self._lost = dict.fromkeys(COUNTERS, 0.0)
        self._result = Result(name=case.name)

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
        end = case.start + case.days * 86400.0
        replaced_at = case.start + 2.4 * 86400.0 if case.replaced is not None else None
        now = case.start + 1.0
        while now < end:
            if replaced_at is not None and now >= replaced_at:
                variant = parse_variant("replaced", case.replaced or {}, begin=now)
                self._world.add_variant(case.serial, variant)
                replaced_at = None
            self._poll(now)
            now += POLL
        self._compare()
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
            if reading is not None:
                if reading.fresh:
                    self._take(str(time))
                self._look(reading, now)
        self._judge(now)

    def _take(self, time: str) -> None:
        """Note when a sample was really taken, and what flowed between a day's last sample and midnight.

        No daily counter that the device sends holds that energy.
        """
        clock = self._case.variants.get("clock", {})
        shift = timedelta(minutes=clock.get("offset", 0.0))
        own = datetime.strptime(time, FORMAT)  # noqa: DTZ007  # the device's own clock
        if drift := clock.get("drift"):
            shift += timedelta(
                seconds=drift * (own.replace(tzinfo=ZoneInfo(ZONE)).timestamp() - self._world.start) / 86400.0
            )
        taken = (own - shift).replace(tzinfo=ZoneInfo(ZONE)).timestamp()
        midnight = (own.replace(hour=0, minute=0, second=0) - shift).replace(tzinfo=ZoneInfo(ZONE)).timestamp()
        if 0.0 < self._taken < midnight <= taken:
            before, after = self._energies(self._taken), self._energies(midnight)
            for counter, name in COUNTERS.items():
                if name in before:
                    self._lost[counter] += after[name] - before[name]
        self._taken = max(taken, self._taken)

    def _look(self, reading: Reading, now: float) -> None:
        self._result.samples += 1
        received = datetime.fromtimestamp(now, UTC)
        day_over, stale = self._interpreter.day_over(received), self._interpreter.stale(received)
        for counter in COUNTERS:
            for period in ("today", "total"):
                key = f"{counter}_{period}"
                value = reading.values.get(key)
                if isinstance(value, float) and not (day_over and period == "today"):
                    self._count(key, value, now)
        if stale:
            return
        for key in POWERS:
            value = reading.values.get(key)
            if isinstance(value, float) and abs(value) > self._case.most:
                self._result.spikes += 1
                self._blame(f"{key} {value} above {self._case.most:.1f} kW", now)

    def _count(self, key: str, value: float, now: float) -> None:
        counter, _, period = key.rpartition("_")
        lost = self._lost[counter] if period == "today" else 0.0
        if key not in self._statistics:
            self._statistics[key] = Statistics()
        if key not in self._spans:
            self._statistics[key].sum = 0.0
            self._statistics[key].hours.clear()
            self._spans[key] = (self._taken, self._taken, lost)
        rise = self._statistics[key].add(now, value)
        hours = (now - self._news.get(key, now) + POLL * 3) / 3600.0
        if rise:
            self._news[key] = now
        begin, _, missed = self._spans[key]
        if begin == self._taken:
            self._statistics[key].sum = 0.0
        self._spans[key] = (begin, self._taken, missed)
        if rise < -1e-6 or rise > self._case.most * hours + RESOLUTION:
            self._result.impossible += 1
            self._blame(f"{key} rises by {rise:.2f} kWh in {hours:.2f} h", now)

    def _blame(self, text: str, now: float) -> None:
        hours = (now - self._case.start) / 3600.0
        if len(self._result.faults) < 20:
            self._result.faults.append(f"after {hours:.1f} h: {text}")

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
                if each.name == "grid_counters":  # from here on the counters can be held against the truth
                    self._spans = {key: span for key, span in self._spans.items() if not key.startswith("grid_")}
        if correct:
            self._interpreter = self._new(self._interpreter.dump())

    def _compare(self) -> None:
        """Hold the sums of the counters against the energies that flowed."""
        for key, (begin, end, lost) in self._spans.items():
            counter, _, period = key.rpartition("_")
            name = COUNTERS[counter]
            before, after = self._energies(begin), self._energies(end)
            if name not in before:
                continue
            true = after[name] - before[name] - (self._lost[counter] - lost if period == "today" else 0.0)
            shown = self._statistics[key].sum
            self._result.counters[key] = (shown, true)
            least = RESOLUTION + (0.1 * self._case.days if period == "today" else 0.0)
            if abs(shown - true) > max(0.01 * true, least):
                self._result.faults.append(f"{key} counts {shown:.2f} of {true:.2f} kWh")
        self._result.hours = sum(len(each.hourly()) for each in self._statistics.values())
        for key, statistics in self._statistics.items():
            for hour, rise in statistics.hourly():
                if rise < -1e-6:
                    self._blame(f"{key} falls by {-rise:.2f} kWh in an hour", hour * 3600.0)

    def flowed(self, names: Iterable[str]) -> float:
        """Return what flowed in all, in kWh, by names of the truth."""
        before, after = (self._energies(self._case.start + days * 86400.0) for days in (0.0, self._case.days))
        return sum(after.get(name, 0.0) - before.get(name, 0.0) for name in names)

    def _energies(self, at: float) -> Energies:
        facts: Energies = self._world.truth(min(at, self._case.start + self._case.days * 86400.0))["devices"][
            self._case.serial
        ]["total"]
        return facts


def wrong_verdicts(case: Case, result: Result) -> list[str]:
    """Return the verdicts that the case does not justify."""
    expected = dict(VERDICTS[name] for name in case.variants if name in VERDICTS)
    if "clock" in case.variants:
        expected.pop("clock", None)
    usual = {
        "power_unit": {"kW"},
        "pv_power_unit": {"W"} if "watts" in case.variants else {"kW"},
        "battery_sign": {"normal"},
        "grid_sign": {"normal"},
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
