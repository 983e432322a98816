"""From the samples of one device to its readings, learning on the way."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo

from ..catalogue import definitions
from ..catalogue import nominal_power as nominal_power_of
from ..enerclo.model import Json, Kind, Sample
from . import derived, guards
from .charge import ChargeGuard
from .clock import Clock, Moment, News, offset_of, parse_time
from .continuity import Continuity
from .counters import Counters, energy_unit_of
from .energies import Energies, EnergyLedger, unaccounted
from .faults import active_faults, state_fault, words_in
from .first_samples import FirstSamples, other_phase
from .learning import Learning
from .members import Parsed, parse
from .reading import ActiveFault, Reading, Value
from .rises import When
from .sample import Liveness, Zeros, fingerprint, stored_sample, take_hv_voltages, whole_words
from .selfchecks import Verdict
from .selfchecks.battery import NORMAL
from .selfchecks.grid import SWAPPED
from .selfchecks.layout import HV
from .store import a_count, a_dict
from .usual import Usual

_GRID_PAIRS = tuple(
    (f"grid_import_{what}", f"grid_export_{what}")
    for what in ("energy_today", "energy_total", "time_today", "time_total")
)
_POWERS = frozenset({"power", "pv_power"})
_CHARGES = ("battery_state_of_charge", "reported_state_of_charge")
_RUNNING = frozenset({"grid_present", "generator_running", "battery_charging", "battery_discharging"})


class Interpreter:
    """Interprets the samples of one device; pure: moments come in with the samples, state goes out through `dump`.

    `zone` is Home Assistant's. `nominal_power` is in kW; without it the name of the model is asked. `state` is what an
    earlier `dump` returned: damaged parts of it are ignored. `corrections` are the user's answers to the self-checks:
    `battery_sign` and `grid_sign` (`normal`, `inverted`), `grid_counters` (`normal`, `swapped`), `battery_meaning`
    (`battery`, `inverter_output`), `pv_layout` (`hv`, `ppv1`, `ppv`), `power_unit` and `pv_power_unit` (`kW`, `W`).
    """

    def __init__(
        self,
        kind: Kind,
        *,
        zone: tzinfo,
        model: str | None = None,
        nominal_power: float | None = None,
        state: Mapping[str, Json] | None = None,
        corrections: Mapping[str, str] | None = None,
    ) -> None:
        stored = a_dict(state)
        self._kind = kind
        self._home = zone
        self._corrections = dict(corrections or {})
        if nominal_power is None and model is not None:
            nominal_power = nominal_power_of(model)
        self._nominal = guards.nominal_or_default(kind, nominal_power)
        self._guards = guards.guards_of(kind, self._nominal)
        self._clock = Clock(zone, stored.get("clock"), fixed=offset_of(self._corrections.get("clock")))
        self._first = FirstSamples(stored.get("first"))
        self._learning = Learning(kind, self._nominal, model, self._corrections, stored.get("checks"))
        self._counters = Counters(kind, self._nominal, energy_unit_of(self._corrections), stored)
        self._usual = Usual(stored.get("usual"))
        self._zeros = Zeros(stored.get("zeros"))
        self._liveness = Liveness(stored.get("liveness"))
        self._charges = {key: ChargeGuard(item) for key, item in a_dict(stored.get("charges")).items()}
        self._continuity = Continuity(stored.get("continuity"))
        self._ledger = EnergyLedger(stored.get("accounts"))
        self._counts = {key: a_count(item) for key, item in a_dict(stored.get("counts")).items()}
        self.fed = False
        """Whether PBDs of the account feed the DC side of a PCS."""
        self._sample = stored_sample(stored.get("sample"), kind)
        self._before = self._sample  # the last fresh one, also while the next is being read

    def dump(self) -> dict[str, Json]:
        """Return what was learned, for storage; it holds the last sample, and with it serial numbers."""
        return {
            "clock": self._clock.dump(),
            "first": self._first.dump(),
            "checks": self._learning.dump(),
            **self._counters.dump(),
            "usual": self._usual.dump(),
            "zeros": self._zeros.dump(),
            "liveness": self._liveness.dump(),
            "charges": {key: each.dump() for key, each in self._charges.items()},
            "continuity": self._continuity.dump(),
            "accounts": self._ledger.dump(),
            "counts": {**self._counts},
            "sample": None if self._sample is None else self._sample.as_dict(),
        }

    def read(self, sample: Sample) -> Reading | None:
        """Return what a sample means; None if it holds no data (G20).

        A sample older than the last one is not news: what the last one means is returned again, not fresh.
        """
        local = parse_time(sample.time, self._home)
        parsed = parse(self._kind, sample.members)
        if local is None and not parsed.any_number:
            return None
        moment = self._clock.take(local, sample.received, fingerprint(parsed) if local is None else "")
        if moment.news is News.BACKWARDS and self._sample is not None:
            return self._again(self._sample, sample.received)
        if moment.news is News.FRESH:
            self._sample = sample
        return self._interpret(sample, parsed, moment)

    def restore(self) -> Reading | None:
        """Return what the last sample means, not fresh; None if there was none."""
        return None if self._sample is None else self._again(self._sample, self._sample.received)

    def stale(self, now: datetime) -> bool:
        """G19: return whether instantaneous values of the last sample no longer hold now (UTC)."""
        return self._clock.stale(now)

    def day_over(self, now: datetime) -> bool:
        """G12: return whether daily totals no longer hold: stale, and past the device's midnight."""
        return self._clock.day_over(now)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return what the self-checks found, applied or not."""
        zone, ahead = self._clock.zone, self._clock.ahead
        evidence = {} if ahead is None else {"ahead_of_utc": round(ahead, 1)}
        clock = Verdict(
            name="clock",
            verdict=None if zone is None else str(zone),
            expected="home",
            evidence=evidence,
            since=self._clock.decided,
        )
        return (*(self._by_counters(each) for each in self._learning.verdicts()), clock)

    def _by_counters(self, verdict: Verdict) -> Verdict:
        """Return the verdict on the unit of energies that counters give which are off by a power of ten for a day."""
        if verdict.name != "energy_unit" or self._sample is None:
            return verdict
        found = self._counters.wrong_unit(self._sample.received)
        if found is None:
            return verdict
        factor, since = found
        return replace(verdict, verdict=f"{1 / factor:g}", evidence={"times": factor}, since=since)

    def diagnostics(self) -> dict[str, Json]:
        """Return how often which guard acted on which entity, the verdicts, and what is known of the clock."""
        return {
            "nominal_power": self._nominal,
            "corrections": {**self._corrections},
            "guards": {**self._counts},
            "offsets": {**self._counters.offsets, **self._continuity.offsets},
            "lost_flag_overruled": self._liveness.overruled,
            "verdicts": {
                each.name: {
                    "verdict": each.verdict,
                    "expected": each.expected,
                    "evidence": {**each.evidence},
                    "since": None if each.since is None else each.since.isoformat(),
                }
                for each in self.verdicts()
            },
            "upload_interval": self._clock.interval,
        }

    def _again(self, sample: Sample, received: datetime) -> Reading | None:
        local = parse_time(sample.time, self._home)
        moment = self._clock.recall(local, sample.received)
        reading = self._interpret(sample, parse(self._kind, sample.members), moment)
        return replace(reading, received=received, fresh=False)

    def _interpret(self, sample: Sample, parsed: Parsed, moment: Moment) -> Reading:
        learn = moment.news is News.FRESH
        when = When(utc=moment.sampled_at, local=moment.local)
        parsed = self._without_zeros(sample, parsed, when, learn=learn)
        notes: dict[str, list[str]] = {key: ["G1"] for key in parsed.unreadable}
        notes |= {"zeros": ["G20"]} if self._zeros.held else {}
        numbers, values = parsed.numbers, parsed.values
        lost = self._liveness.lost(parsed, learn=learn)
        self._usual.complete(parsed, moment.sampled_at, learn=learn)
        self._guard(parsed, moment, notes)
        self._guard_charge(parsed, moment, notes)
        sent = dict(numbers)
        self._counters.read(parsed, when, notes, learn=learn)
        if self._kind in derived.BATTERIES and "battery_current" in numbers:
            numbers["battery_current"] = derived.signed_by_flag(
                numbers["battery_current"], values.get("battery_flow_flag")
            )
        if learn and not lost:
            self._learning.learn(numbers, values, sent, moment.sampled_at, fed=self.fed)
        facts = replace(self._learning.facts(), missing=self._usual.missing(numbers))
        flow = derived.flows(facts, numbers, values)
        single = self._first.single_phase(numbers, learn=learn)
        self._orient_grid_counters(numbers, notes)
        if facts.layout == HV:
            take_hv_voltages(numbers)
        absent = {key for key in numbers if single and other_phase(key)}
        for key in absent:
            notes.setdefault(key, []).append("G10")
        values |= {key: value for key, value in numbers.items() if key not in absent}
        whole_words(values)
        values |= derived.derive(facts, numbers, flow, values)
        words = words_in(numbers)
        faults = active_faults(self._kind, words) if words else self._faults_of_state(values)
        values |= self._from_faults(values, words, faults)
        if learn and not lost:
            self._ledger.add(values, moment.sampled_at, self._clock.interval)
        day_by_counters, day_by_powers = self._ledger.last_day()
        values |= self._from_ledger(day_by_counters, day_by_powers)
        if lost:
            self._withdraw(values)
        values["last_data"] = moment.sampled_at
        values["online"] = not lost and not self._clock.stale(sample.received)
        if moment.flag is not None:
            notes["time"] = [moment.flag]
        if learn:
            self._count(notes)
        return Reading(
            kind=self._kind,
            device_sn=sample.device_sn,
            sampled_at=moment.sampled_at,
            received=sample.received,
            fresh=learn,
            values=values,
            members=sample.members,
            unknown=parsed.unknown,
            codes=parsed.codes,
            sent=parsed.sent,
            unreadable=tuple(parsed.unreadable.values()),
            faults=faults,
            corrections={key: tuple(names) for key, names in notes.items()},
            day_by_counters=day_by_counters,
            day_by_powers=day_by_powers,
            days={key: day for key, day in self._counters.days.items() if key in values},
        )

    def _from_faults(
        self, values: Mapping[str, Value], words: Mapping[int, float | None], faults: tuple[ActiveFault, ...]
    ) -> dict[str, Value]:
        found: dict[str, Value] = {}
        if self._kind not in derived.BATTERIES:
            if words:
                found["active_faults"] = len(faults)
            elif self._kind is Kind.HPS_STRING and "operating_state" in values:
                found["active_faults"] = None if values["operating_state"] is None else len(faults)
            if words or "operating_state" in values:
                found["problem"] = derived.problem(values, words, faults)
        return found

    def _faults_of_state(self, values: Mapping[str, Value]) -> tuple[ActiveFault, ...]:
        """Return the fault that the state of a string HPS tells, which sends no fault words."""
        return state_fault(values.get("operating_state")) if self._kind is Kind.HPS_STRING else ()

    def _from_ledger(self, by_counters: Energies, by_powers: Energies) -> dict[str, Value]:
        """Return the energies by integration, and the shares of the last day's energy that do not add up."""
        known = definitions(self._kind)
        values = {key: value for key, value in self._ledger.computed().items() if key in known}
        if self._kind in derived.HPS:
            values["unaccounted_energy_by_counters"] = unaccounted(by_counters)
            values["unaccounted_energy_by_powers"] = unaccounted(by_powers)
        return values

    def _guard(self, parsed: Parsed, moment: Moment, notes: dict[str, list[str]]) -> None:
        """Apply G2 to G11, G15, G18 and G21 in their order."""
        learn = moment.news is News.FRESH
        numbers, quantities = parsed.numbers, parsed.quantities
        powers = {key: value for key, value in numbers.items() if value is not None and quantities[key] in _POWERS}
        for key, value in numbers.items():
            if key not in powers and value is not None:
                numbers[key] = self._chain(key, quantities[key], value, notes)
        self._learning.see_powers(powers, numbers, moment.sampled_at if learn else None)
        for key, raw in powers.items():
            scaled, name = self._learning.scale(key, raw)
            if name is not None:
                notes.setdefault(key, []).append(name)
            numbers[key] = None if scaled is None else self._chain(key, quantities[key], scaled, notes)
        sensors = [key for key in numbers if quantities[key] == "temperature"]
        for name, changed in (
            ("G3", self._first.truncated_cells(numbers, learn=learn)),
            ("G9", guards.open_sensors(numbers, sensors)),
            ("G9", self._first.unfitted_sensors(numbers, sensors, learn=learn)),
            ("G8", guards.battery_presence(numbers)),
            ("G21", guards.pairs(numbers)),
        ):
            for key in changed:
                notes.setdefault(key, []).append(name)

    def _without_zeros(self, sample: Sample, parsed: Parsed, when: When, *, learn: bool) -> Parsed:
        """Return a sample without zeros that are none: those of one in which counters fell to 0 (G20)."""
        self._counters.scaled(parsed)
        zeroed = self._counters.zeroed(parsed, when)
        before = None if self._before is None else self._before.members
        members = self._zeros.filled(self._kind, sample.members, before, zeroed=zeroed, learn=learn)
        if learn:
            self._before = sample
        if members is sample.members:
            return parsed
        filled = parse(self._kind, members)
        self._counters.scaled(filled)
        return filled

    def _guard_charge(self, parsed: Parsed, moment: Moment, notes: dict[str, list[str]]) -> None:
        """G22: hold states of charge that jump, and read fractions as percentages."""
        learn = moment.news is News.FRESH
        numbers = parsed.numbers
        for key in [key for key in _CHARGES if numbers.get(key) is not None]:
            sent = numbers[key] or 0.0
            guard = self._charges.setdefault(key, ChargeGuard())
            if learn:
                witnesses = [numbers.get(other) for other in _CHARGES if other != key]
                guard.learn_unit(sent, next((each for each in witnesses if each is not None), None))
            shown = guard.scale(sent)
            if shown is not None:
                voltage, status = numbers.get("battery_voltage"), parsed.values.get("battery_status")
                shown = guard.read(
                    shown, moment.sampled_at, voltage=voltage, charging=status == "charging", learn=learn
                )
            numbers[key] = shown
            if shown != sent:
                notes.setdefault(key, []).append("G22")

    def _chain(self, key: str, quantity: str, value: float, notes: dict[str, list[str]]) -> float | None:
        """Apply the guards of a quantity in turn."""
        current: float | None = value
        for step in self._guards.get(quantity, ()):
            if current is None:
                break
            result = step.guard(current)
            if result != current:
                notes.setdefault(key, []).append(step.name)
            current = result
        return current

    def _orient_grid_counters(self, numbers: dict[str, float | None], notes: dict[str, list[str]]) -> None:
        """G17: give the grid counters to import and export.

        The user's choice goes first. An HPS publishes the assumed order, a PCS nothing before votes have decided.
        """
        chosen = self._corrections.get("grid_counters")
        if chosen not in {NORMAL, SWAPPED}:
            chosen = self._learning.grid_counters if self._kind is Kind.PCS else NORMAL
        for imported, exported in _GRID_PAIRS:
            sent = {key: numbers.pop(key) for key in (imported, exported) if key in numbers}
            if chosen is None:
                numbers.update(dict.fromkeys(sent))
                for key in sent:
                    notes.setdefault(key, []).append("G17")
                continue
            other = {imported: exported, exported: imported}
            for source, value in sent.items():
                key = other[source] if chosen == SWAPPED else source
                numbers[key] = self._continuity.show(key, source, value)

    def _withdraw(self, values: dict[str, Value]) -> None:
        """G19: take back the instantaneous values of a device that the cloud calls lost."""
        known = definitions(self._kind)
        for key in values:
            definition = known.get(key)
            momentary = definition is not None and (
                definition.quantity.state_class == "measurement"
                or (definition.options is not None and key != "operating_state")
            )
            if momentary or key in _RUNNING:
                values[key] = None

    def _count(self, notes: Mapping[str, list[str]]) -> None:
        for key, names in notes.items():
            for name in names:
                counted = f"{name} {key}"
                self._counts[counted] = self._counts.get(counted, 0) + 1
