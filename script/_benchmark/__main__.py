"""Runs the benchmark and prints its tables. script/benchmark --help tells the options."""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Callable, Iterable

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours

from .dashboard import make_dashboard
from .herd import herd
from .history import import_year
from .home import simulate
from .measure import Lateness, first_day, measured, oracle, plain
from .poller import live
from .scenarios import SCENARIOS, scenario
from .update import update
from .virtual import run
from .writes import writes

_HEAD = (
    "scenario",
    "mean s",
    "95 % s",
    "requests",
    "first day s",
    "plain mean s",
    "plain 95 % s",
    "plain requests",
    "oracle mean s",
    "violations",
    "bytes stored",
    "in memory",
)


def freshness(names: list[str], days: int, devices: int | None, seed: int) -> int:
    """Print how late samples are shown in each scenario; return how many requests broke the limit."""
    print("| " + " | ".join(_HEAD) + " |")
    print("| --- |" + " ---: |" * (len(_HEAD) - 1), flush=True)
    violations = 0
    for chosen in names:
        each = scenario(chosen, devices)
        observed = run(lambda each=each: simulate(each, days, seed))  # type: ignore[misc]
        ours = measured(observed, days)
        serial = next(iter(observed.uploads))
        timer, best = plain(each, observed, days, serial), oracle(each, observed, days, serial)
        violations += observed.violations
        cells = [
            each.title,
            f"{ours.mean:.1f}",
            f"{ours.most:.1f}",
            f"{ours.requests:.0f}",
            f"{first_day(observed).mean:.1f}",
        ]
        cells += [f"{timer.mean:.1f}", f"{timer.most:.1f}", f"{timer.requests:.0f}", f"{best.mean:.1f}"]
        cells += [str(observed.violations), str(observed.storage), str(observed.memory)]
        print("| " + " | ".join(cells) + " |", flush=True)
        if each.devices > 1:
            alone = sorted((measured(observed, days, [serial]) for serial in observed.uploads), key=_mean)
            for which, device in (("freshest", alone[0]), ("least fresh", alone[-1])):
                cells = [f"of these, {which}", f"{device.mean:.1f}", f"{device.most:.1f}", f"{device.requests:.0f}"]
                print("| " + " | ".join(cells) + " |" + " |" * 8, flush=True)
    return violations


def poller(names: list[str], days: int, seed: int) -> int:
    """Print how late samples are seen by the poller alone, of three seeds the mean and the worst."""
    print("| scenario | mean s | worst seed s | requests | first day s | worst seed s | oracle mean s |")
    print("| --- |" + " ---: |" * 6, flush=True)
    for each in (scenario(name) for name in names if SCENARIOS[name].devices == 1):
        first, later, best = zip(*(live(each, days, seed + number) for number in range(3)), strict=True)
        cells = [each.title, _average(later), f"{max(map(_mean, later)):.1f}", f"{later[0].requests:.0f}"]
        cells += [_average(first), f"{max(map(_mean, first)):.1f}", _average(best)]
        print("| " + " | ".join(cells) + " |", flush=True)
    return 0


def import_history(days: int) -> int:
    """Print what an import costs the recorder; return 1 if that is more than twice a bare insert."""
    each = asyncio.run(import_year(days))
    ratio = each.ours.per_thousand / each.bare.per_thousand
    print(f"{each.ours.rows} rows of {each.entities} entities, {days} days")
    print(f"CPU of the recorder's thread: {ratio:.2f} times a bare insert of {each.bare.rows} rows")
    print(f"per 1 000 rows: {each.ours.per_thousand:.1f} ms, bare {each.bare.per_thousand:.1f} ms")
    print(f"longest task: {1000 * each.ours.longest:.0f} ms of CPU; memory grew by {each.grown:.1f} MiB")
    print(f"states of others recorded meanwhile: {each.others[0]} of {each.others[1]}")
    return int(ratio > 2.0)


def update_cost() -> int:
    """Print what an update costs beside the plainest code; return 1 if that is more."""
    dearer = False
    for title, every in (("entities enabled by default", False), ("all entities enabled", True)):
        cost = update(every=every)
        ratio = cost.ours / cost.plain
        dearer |= ratio > 1.0
        print(
            f"{title} ({cost.entities}): {ratio:.2f} times ({cost.ours:.2f} ms, plain {cost.plain:.2f} ms)", flush=True
        )
    return int(dearer)


def dashboard(entities: int) -> int:
    """Print how long the dashboard and each of its views take; return 1 if all of them together take above 50 ms."""
    taken = make_dashboard(entities)
    print(f"| of {entities} entities | first ms | median ms |")
    print("| --- | ---: | ---: |")
    for name, each in taken.items():
        print(f"| {name} | {each.first:.1f} | {each.median:.1f} |")
    total = sum(each.median for each in taken.values())
    print(f"all of them: {total:.1f} ms")
    return int(total > 50.0)


def restarts(homes: int, seed: int) -> int:
    """Print how many requests come at once when many homes restart together."""
    for down in (1, 10):
        busiest, mean = herd(homes, down * 60.0, seed)
        print(
            f"{homes} homes, down for {down} min: busiest second {busiest} requests, "
            f"mean of the 5 minutes after {mean:.1f} a second, ratio {busiest / mean:.2f}"
        )
    return 0


def stored(seed: int) -> int:
    """Print how often something is written to storage."""
    for devices in (1, 7, 50):
        count, largest = run(lambda devices=devices: writes(devices, seed))  # type: ignore[misc]
        print(f"{devices} devices: {count} writes in a day with a restart, of {largest} bytes at most", flush=True)
    return 0


def _average(each: Iterable[Lateness]) -> str:
    return f"{statistics.fmean(map(_mean, each)):.1f}"


def _mean(lateness: Lateness) -> float:
    return lateness.mean


def main() -> int:
    """Run what the command line asks for; 1 if a request broke the limit."""
    parser = argparse.ArgumentParser(prog="script/benchmark", add_help=False, usage="script/benchmark --help")
    parser.add_argument("benchmark", choices=["dashboard", "freshness", "herd", "import", "poller", "update", "writes"])
    parser.add_argument("--days", type=int)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--devices", type=int)
    parser.add_argument("--entities", type=int, default=500)
    parser.add_argument("--homes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    names, days = chosen.scenario or list(SCENARIOS), chosen.days or 30
    if days < 2 and chosen.benchmark in {"freshness", "poller"}:
        parser.error("at least two days: the first is for learning")
    benchmarks: dict[str, Callable[[], int]] = {
        "dashboard": lambda: dashboard(chosen.entities),
        "freshness": lambda: int(freshness(names, days, chosen.devices, chosen.seed) > 0),
        "herd": lambda: restarts(chosen.homes, chosen.seed),
        "import": lambda: import_history(chosen.days or 365),
        "poller": lambda: poller(names, days, chosen.seed),
        "update": update_cost,
        "writes": lambda: stored(chosen.seed),
    }
    return benchmarks[chosen.benchmark]()


if __name__ == "__main__":
    sys.exit(main())
