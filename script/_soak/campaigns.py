"""The campaigns: which trials they run and what they say of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from script._benchmark.virtual import VirtualLoop
from script._benchmark.virtual import run as virtual
from script._soak import alive as lives
from script._soak import cases, sites
from script._soak.recorded import Recorded, live
from script._soak.trial import Result, Trial, wrong_verdicts

LEAST_FLOW = 3.0  # kWh; with less in two days there is nothing to tell a sign or a counter by
OPERATIONS = 6
LONGEST_NOW = 100.0  # s that something of a life in real time takes
FLOWS = {
    "battery_sign": ("battery_charge", "battery_discharge"),
    "grid_sign": ("grid_import", "grid_export"),
    "grid_counters": ("grid_import", "grid_export"),
}


@dataclass(slots=True)
class Judged:
    """What one trial came to."""

    case: cases.Case
    result: Result
    wrong: list[str] = field(default_factory=list)
    flow: float = 0.0


def run(case: cases.Case) -> Judged:
    """Run a trial."""
    trial = Trial(case)
    result = trial.run()
    names = next((FLOWS[name] for name in case.variants if name in FLOWS), ())
    return Judged(case, result, wrong_verdicts(case, result), trial.flowed(names) if names else LEAST_FLOW)


def record(made: Sequence[cases.Case]) -> list[tuple[cases.Case, Recorded]]:
    """Let one Home Assistant live through cases."""
    return list(zip(made, live(made), strict=True))


def in_time[T, R](run_one: Callable[[T], R], work: Sequence[T], jobs: int, chunk: int) -> Iterable[R]:
    """Do work in some processes and say now and then how far it is."""
    began = told = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        for number, done in enumerate(pool.map(run_one, work, chunksize=chunk), 1):
            yield done
            if time.monotonic() - told > 60.0:
                told = time.monotonic()
                print(f"soak: {number} of {len(work)} after {told - began:.0f} s", flush=True)
    print(f"soak: done in {time.monotonic() - began:.0f} s")


def run_all(made: Sequence[cases.Case], jobs: int) -> Iterable[Judged]:
    """Run trials in some processes."""
    return in_time(run, made, jobs, 4)


def trust(weeks: int, seed: int, jobs: int) -> int:
    """Run device-weeks over all variants, mixed at random, through Home Assistant and its recorder."""
    made = [cases.gathered(cases.mixed(number)) for number in range(seed, seed + weeks)]
    worst, counters, hours, spikes, impossible, failed = 0.0, 0, 0, 0, 0, 0
    seen: Counter[str] = Counter()
    for case, result in chain.from_iterable(in_time(record, households(made), jobs, 1)):
        seen.update(case.variants.keys() or {"none"})
        seen.update({"replaced"} if case.replaced is not None else set())
        counters += len(result.counters)
        hours += result.hours
        spikes += result.spikes
        impossible += result.impossible
        off = [abs(shown - true) / true for shown, true in result.counters.values() if true >= 50.0]
        worst = max([worst, *off])
        failed += _tell(Judged(case, result, wrong_verdicts(case, result)))
    print(f"variants: {', '.join(f'{name} {count}' for name, count in sorted(seen.items()))}")
    print(f"{counters} counters over {hours} hours; worst of those above 50 kWh off by {100 * worst:.2f} %")
    print(f"{impossible} negative or impossible rises, {spikes} hours with powers above what can flow")
    print(f"{failed} device-weeks with faults")
    return failed + plants(weeks, seed, jobs)


def visit(seed: int) -> sites.Found:
    """Let one Home Assistant live through a plant of three devices for four days."""
    return sites.site(seed, 4.0)


def plants(weeks: int, seed: int, jobs: int) -> int:
    """Run plants of several devices, one that joins, one that leaves, one that is replaced, through the recorder."""
    hours = impossible = failed = 0
    for found in in_time(visit, range(seed, seed + max(1, weeks // 20)), jobs, 1):
        hours += found.hours
        impossible += found.impossible
        if found.faults:
            failed += 1
            print(f"seed {found.seed}, plant: {'; '.join(found.faults[:6])}")
    print(f"plants: {impossible} negative or impossible rises over {hours} hours, {failed} plants with faults")
    return failed


def households(made: Sequence[cases.Case]) -> list[list[cases.Case]]:
    """Return the cases that one Home Assistant lives through: those whose times overlap, of one month."""
    homes: list[list[cases.Case]] = []
    ends, month = 0.0, 0
    for case in sorted(made, key=lambda case: case.start):
        begins = datetime.fromtimestamp(case.start, ZoneInfo(cases.ZONE)).month
        if case.start >= ends or begins != month:
            homes.append([])
        homes[-1].append(case)
        ends, month = max(ends, case.start + case.days * 86400.0), begins
    return homes


def plain(weeks: int, seed: int, jobs: int) -> int:
    """Run device-weeks as the catalogue expects them: no verdict may contradict it."""
    made = [cases.plain(number) for number in range(seed, seed + weeks)]
    batteries: Counter[str] = Counter()
    wrong = failed = 0
    for judged in run_all(made, jobs):
        batteries[judged.case.battery] += 1
        wrong += len(judged.wrong)
        failed += _tell(judged)
    print(f"batteries: {', '.join(f'{name} {count}' for name, count in sorted(batteries.items()))}")
    print(f"{wrong} false verdicts in {weeks} device-weeks, {failed} trials with faults")
    return failed


def verdicts(weeks: int, seed: int, jobs: int) -> int:
    """Run each variant of unit, sign and meaning alone, two days each: it must be named within these."""
    made = [cases.single(number, variant) for variant in cases.VERDICTS for number in range(seed, seed + max(1, weeks))]
    named: Counter[str] = Counter()
    hours: dict[str, list[float]] = {}
    failed = 0
    for judged in run_all(made, jobs):
        variant = next(iter(judged.case.variants))
        name, expected = cases.VERDICTS[variant]
        verdict, after = judged.result.verdicts.get(name, ("", 0.0))
        if verdict == expected:
            named[variant] += 1
            hours.setdefault(variant, []).append(after)
        elif judged.flow < LEAST_FLOW:
            named[f"{variant} idle"] += 1
            judged.result.faults.clear()
        else:
            judged.result.faults.append(f"{name} is {verdict or 'not decided'}")
        failed += _tell(judged)
    for variant in cases.VERDICTS:
        slowest, idle = max(hours.get(variant, [0.0])), named[f"{variant} idle"]
        whole = max(1, weeks) - idle
        print(f"{variant}: named {named[variant]} of {whole}, the slowest after {slowest:.1f} h; {idle} idle")
    return failed


def _live(seed: int) -> list[str]:
    loop = VirtualLoop()
    return virtual(lambda: lives.live(loop, seed, OPERATIONS), loop)


def _live_now(seed: int) -> list[str]:
    return asyncio.run(lives.live(None, seed, OPERATIONS, longest=LONGEST_NOW))


def alive_now(count: int, seed: int, _jobs: int) -> int:
    """Live random lives of an account in real time, all at once."""
    return _alive(in_time(_live_now, range(seed, seed + count), count, 1), count, seed)


def alive(count: int, seed: int, jobs: int) -> int:
    """Live random lives of an account: after whatever happens each device is polled again in time."""
    return _alive(in_time(_live, range(seed, seed + count), jobs, 4), count, seed)


def _alive(lived: Iterable[list[str]], count: int, seed: int) -> int:
    failed = 0
    for number, complaints in enumerate(lived):
        failed += bool(complaints)
        if complaints:
            print(f"seed {seed + number}: {'; '.join(complaints[:3])}", flush=True)
    print(f"{count} lives of {OPERATIONS} operations; {failed} with a device that was not polled in time")
    return failed


def _tell(judged: Judged) -> int:
    """Print what was wrong with a trial and return 1 if anything was."""
    wrong = [*judged.wrong, *judged.result.faults]
    if wrong:
        print(f"seed {judged.case.seed}, {judged.case.name}: {'; '.join(wrong[:6])}")
    return int(bool(wrong))


CAMPAIGNS: dict[str, Callable[[int, int, int], int]] = {
    "trust": trust,
    "plain": plain,
    "verdicts": verdicts,
    "alive": alive,
    "alive-now": alive_now,
}
