"""From the samples of one device to its readings, learning on the way."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo

from ..catalogue import definitions
from ..catalogue import nominal_power as nominal_power_of
from ..enerclo.model import Json, Kind, Sample
from . import derived, guards
from .charge import Charges
from .clock import Clock, Moment, News, offset_of, parse_time
from .continuity import Continuity
from .counters import Counters, energy_unit_of
from .draft import Draft
from .energies import EnergyLedger, unaccounted
from .faults import active_faults, state_fault, words_in
from .first_samples import FirstSamples, other_phase
from .learning import Learning
from .members import Parsed, parse
from .reading import Reading
from .sample import Liveness, Zeros, fingerprint, stored_sample, take_hv_voltages, whole_words, withdraw
from .selfchecks import Verdict
from .selfchecks.battery import NORMAL
from .selfchecks.grid import SWAPPED
from .selfchecks.layout import HV
from .store import a_count, a_dict
from .usual import Usual

_POWERS = frozenset({"power", "pv_power"})


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
        self._learning = Learning(kind, nominal_power, model, self._corrections, stored.get("checks"))
        self._counters = Counters(kind, self._nominal, energy_unit_of(self._corrections), stored)
        self._usual = Usual(stored.get("usual"))
        self._zeros = Zeros(stored.get("zeros"))
        self._liveness = Liveness(stored.get("liveness"))
        self._charges = Charges(stored.get("charges"))
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
            "charges": self._charges.dump(),
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
            "verdicts": {each.name: each.as_dict() for each in self.verdicts()},
            "upload_interval": self._clock.interval,
        }

    def _again(self, sample: Sample, received: datetime) -> Reading | None:
        local = parse_time(sample.time, self._home)
        moment = self._clock.recall(local, sample.received)
        reading = self._interpret(sample, parse(self._kind, sample.members), moment)
        return replace(reading, received=received, fresh=False)

    def _interpret(self, sample: Sample, parsed: Parsed, moment: Moment) -> Reading:
        """Take a sample through all steps; their order is that of docs/guards.md."""
        draft = Draft(kind=self._kind, sample=sample, parsed=parsed, moment=moment)
        for step in (
            self._fill_zeros,
            self._note_unreadable,
            self._look_whether_lost,
            self._complete_what_is_usual,
            self._guard_values,
            self._guard_charges,
            self._guard_counters,
            self._sign_battery_current,
            self._learn,
            self._find_flows,
            self._find_single_phase,
            self._orient_grid_counters,
            self._take_hv_voltages,
            self._join_numbers,
            self._derive,
            self._find_faults,
            self._account_energies,
            self._withdraw_if_lost,
            self._tell_age,
            self._count,
        ):
            step(draft)
        return draft.reading(self._counters)

    def _fill_zeros(self, draft: Draft) -> None:
        """G20: replace zeros that are none, those of a sample in which counters fell to 0."""
        sample = draft.sample
        self._counters.scaled(draft.parsed)
        zeroed = self._counters.zeroed(draft.parsed, draft.when)
        before = None if self._before is None else self._before.members
        members = self._zeros.filled(self._kind, sample.members, before, zeroed=zeroed, learn=draft.learn)
        if draft.learn:
            self._before = sample
        if members is not sample.members:
            draft.parsed = parse(self._kind, members)
            self._counters.scaled(draft.parsed)

    def _note_unreadable(self, draft: Draft) -> None:
        """G1 and G20: note what could not be read, and that zeros are held back."""
        draft.note(draft.parsed.unreadable, "G1")
        if self._zeros.held:
            draft.notes["zeros"] = ["G20"]

    def _look_whether_lost(self, draft: Draft) -> None:
        draft.lost = self._liveness.lost(draft.parsed, learn=draft.learn)

    def _complete_what_is_usual(self, draft: Draft) -> None:
        self._usual.complete(draft.parsed, draft.moment.sampled_at, learn=draft.learn)

    def _guard_values(self, draft: Draft) -> None:
        """Apply G2 to G11, G15, G18, and G21 in their order."""
        numbers, quantities, learn = draft.numbers, draft.parsed.quantities, draft.learn
        powers: dict[str, float] = {}
        for key, value in numbers.items():
            if value is None:
                continue
            if (quantity := quantities[key]) in _POWERS:
                powers[key] = value
            elif quantity in self._guards:
                numbers[key] = self._chain(draft, key, value)
        self._learning.see_powers(powers, numbers, draft.moment.sampled_at if learn else None)
        for key, raw in powers.items():
            scaled, name = self._learning.scale(key, raw)
            if name is not None:
                draft.note([key], name)
            numbers[key] = None if scaled is None else self._chain(draft, key, scaled)
        sensors = [key for key in numbers if quantities[key] == "temperature"]
        for name, changed in (
            ("G3", self._first.truncated_cells(numbers, learn=learn)),
            ("G9", guards.open_sensors(numbers, sensors)),
            ("G9", self._first.unfitted_sensors(numbers, sensors, learn=learn)),
            ("G8", guards.battery_presence(numbers)),
            ("G21", guards.pairs(numbers)),
        ):
            draft.note(changed, name)

    def _chain(self, draft: Draft, key: str, value: float) -> float | None:
        """Apply the guards of a quantity in turn."""
        current: float | None = value
        for step in self._guards.get(draft.parsed.quantities[key], ()):
            if current is None:
                break
            result = step.guard(current)
            if result != current:
                draft.note([key], step.name)
            current = result
        return current

    def _guard_charges(self, draft: Draft) -> None:
        """G22: hold states of charge that jump, and read fractions as percentages."""
        charging = draft.values.get("battery_status") == "charging"
        changed = self._charges.read(draft.numbers, draft.moment.sampled_at, charging=charging, learn=draft.learn)
        draft.note(changed, "G22")

    def _guard_counters(self, draft: Draft) -> None:
        """G12 to G14a."""
        draft.sent = dict(draft.numbers)
        self._counters.read(draft.parsed, draft.when, draft.notes, learn=draft.learn)

    def _sign_battery_current(self, draft: Draft) -> None:
        if self._kind in derived.BATTERIES and "battery_current" in draft.numbers:
            flag = draft.values.get("battery_flow_flag")
            draft.numbers["battery_current"] = derived.signed_by_flag(draft.numbers["battery_current"], flag)

    def _learn(self, draft: Draft) -> None:
        """Let the self-checks learn: G15, G16, G17."""
        if draft.teaches:
            self._learning.learn(draft.numbers, draft.values, draft.sent, draft.moment.sampled_at, fed=self.fed)
        draft.facts = replace(self._learning.facts(), missing=self._usual.missing(draft.numbers))

    def _find_flows(self, draft: Draft) -> None:
        draft.flows = derived.flows(draft.facts, draft.numbers, draft.values)

    def _find_single_phase(self, draft: Draft) -> None:
        draft.single_phase = self._first.single_phase(draft.numbers, learn=draft.learn)

    def _orient_grid_counters(self, draft: Draft) -> None:
        """G17: give the grid counters to import and export.

        The user's choice goes first. An HPS publishes the assumed order, a PCS nothing before votes have decided.
        """
        chosen = self._corrections.get("grid_counters")
        if chosen not in {NORMAL, SWAPPED}:
            chosen = self._learning.grid_counters if self._kind is Kind.PCS else NORMAL
        draft.note(self._continuity.orient(draft.numbers, chosen, self._counters.days), "G17")

    def _take_hv_voltages(self, draft: Draft) -> None:
        if draft.facts.layout == HV:
            take_hv_voltages(draft.numbers)

    def _join_numbers(self, draft: Draft) -> None:
        """G10: make values of the numbers, but for phases that a single-phase device does not have."""
        absent = {key for key in draft.numbers if draft.single_phase and other_phase(key)}
        draft.note(absent, "G10")
        draft.values.update((key, value) for key, value in draft.numbers.items() if key not in absent)
        whole_words(draft.values)

    def _derive(self, draft: Draft) -> None:
        draft.values.update(derived.derive(draft.facts, draft.numbers, draft.flows, draft.values))

    def _find_faults(self, draft: Draft) -> None:
        """Find the active faults in fault words; a string HPS, which sends none, tells one by its state."""
        values, words = draft.values, words_in(draft.numbers)
        if words:
            draft.faults = active_faults(self._kind, words)
        elif self._kind is Kind.HPS_STRING:
            draft.faults = state_fault(values.get("operating_state"))
        if self._kind in derived.BATTERIES:
            return
        if words:
            values["active_faults"] = len(draft.faults)
        elif self._kind is Kind.HPS_STRING and "operating_state" in values:
            values["active_faults"] = None if values["operating_state"] is None else len(draft.faults)
        if words or "operating_state" in values:
            values["problem"] = derived.problem(values, words, draft.faults)

    def _account_energies(self, draft: Draft) -> None:
        """Integrate powers, and tell the shares of the last day's energy that do not add up."""
        if draft.teaches:
            self._ledger.add(draft.values, draft.moment.sampled_at, self._clock.interval)
        draft.day_by_counters, draft.day_by_powers = self._ledger.last_day()
        known = definitions(self._kind)
        draft.values.update({key: value for key, value in self._ledger.computed().items() if key in known})
        if self._kind in derived.HPS:
            draft.values["unaccounted_energy_by_counters"] = unaccounted(draft.day_by_counters)
            draft.values["unaccounted_energy_by_powers"] = unaccounted(draft.day_by_powers)

    def _withdraw_if_lost(self, draft: Draft) -> None:
        """G19: take back the instantaneous values of a device that the cloud calls lost."""
        if draft.lost:
            withdraw(self._kind, draft.values)

    def _tell_age(self, draft: Draft) -> None:
        draft.values["last_data"] = draft.moment.sampled_at
        draft.values["online"] = not draft.lost and not self._clock.stale(draft.sample.received)
        if draft.moment.flag is not None:
            draft.notes["time"] = [draft.moment.flag]

    def _count(self, draft: Draft) -> None:
        """Count what the guards did with a fresh sample."""
        if draft.learn:
            for key, names in draft.notes.items():
                for name in names:
                    counted = f"{name} {key}"
                    self._counts[counted] = self._counts.get(counted, 0) + 1
