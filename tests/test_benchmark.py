"""A short run of script/benchmark: no request breaks the limit, and the data are far fresher than a timer's."""

from unittest.mock import patch

import pytest

import custom_components.atess  # noqa: F401  # before the test plugin's own custom_components shadows ours
from script._benchmark.herd import herd
from script._benchmark.home import simulate
from script._benchmark.measure import Lateness, measured, oracle, plain
from script._benchmark.scenarios import DAY, Scenario, scenario
from script._benchmark.virtual import run

pytestmark = pytest.mark.campaign


def live(each: Scenario, days: int, *, disturbed: bool = True) -> tuple[Lateness, Lateness, Lateness]:
    """Return what a home showed, what a plain timer would have, and the oracle; fails if the limit was broken."""
    observed = run(lambda: simulate(each, days, disturbed=disturbed))
    assert observed.violations == 0
    assert 0 < observed.storage + observed.memory < 10_000
    serial = next(iter(observed.uploads))
    return measured(observed, days), plain(each, observed, days, serial), oracle(each, observed, days, serial)


def test_steady_logger() -> None:
    ours, timer, best = live(scenario("steady"), 3, disturbed=False)
    assert ours.mean < 15 < timer.mean
    assert best.mean < ours.mean
    assert ours.requests <= timer.requests


@pytest.mark.parametrize("name", ["steady", "limit6"])
def test_restarts_kills_reloads_and_a_second_entry(name: str) -> None:
    ours, timer, _ = live(scenario(name), 3)
    assert ours.mean < timer.mean
    assert ours.requests <= timer.requests


@pytest.mark.parametrize(("name", "requests"), [("10min", 0.6), ("limit1", 0.3)])
def test_a_second_entry_follows_the_same_rhythm(name: str, requests: float) -> None:
    """It neither looks for one of its own nor keeps the first from asking, or from showing what it brought, in time."""
    with patch("script._benchmark.home._disturbances", return_value=[(1.2 * DAY, "add"), (2.2 * DAY, "remove")]):
        ours, timer, _ = live(scenario(name), 3)
    assert ours.mean < 15
    assert ours.requests < requests * timer.requests


def test_no_device_waits_for_the_others() -> None:
    each = scenario("ten", 4)
    observed = run(lambda: simulate(each, 2, disturbed=False))
    assert observed.violations == 0
    means = [measured(observed, 2, [serial]).mean for serial in observed.uploads]
    assert len(means) == 4
    assert max(means) < 60


@pytest.mark.parametrize("down", [60.0, 600.0])
def test_homes_that_restart_together_do_not_ask_together(down: float) -> None:
    busiest, mean = herd(10_000, down, 1)
    assert busiest <= 3 * mean
