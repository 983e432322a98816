"""A small campaign: what script/soak does for weeks, in as many device-days as fit."""

from unittest.mock import patch

import pytest

from script._soak import cases
from script._soak.statistics import Statistics
from script._soak.trial import Trial, wrong_verdicts


@pytest.mark.parametrize("seed", range(1, 7))
def test_mixed_variants(seed: int) -> None:
    """What is counted is within 1 % of what flowed, nothing is negative or impossible, no power above what can flow."""
    case = cases.mixed(seed, days=2.5)
    result = Trial(case).run()
    assert result.faults == []
    assert wrong_verdicts(case, result) == []
    assert result.samples > 0
    assert result.counters


@pytest.mark.parametrize("variant", cases.VERDICTS)
def test_each_variant_is_named_within_two_days(variant: str) -> None:
    case = cases.single(1, variant)
    result = Trial(case).run()
    name, expected = cases.VERDICTS[variant]
    assert result.verdicts[name][0] == expected
    assert wrong_verdicts(case, result) == []


@pytest.mark.parametrize("seed", range(1, 5))
def test_no_false_verdict(seed: int) -> None:
    case = cases.plain(seed, days=2.0)
    result = Trial(case).run()
    assert wrong_verdicts(case, result) == []
    assert result.faults == []


def test_the_campaign_can_fail() -> None:
    """A trial sees a counter that is not what flowed."""
    trial = Trial(cases.plain(1, days=0.5))
    honest = trial._count

    def treble(key: str, value: float, now: float) -> None:
        honest(key, value * 3, now)

    with patch.object(trial, "_count", treble):
        assert trial.run().faults


def test_statistics_follow_the_recorder() -> None:
    """A fall of more than a tenth begins a new cycle at 0, a smaller one counts as negative."""
    statistics = Statistics()
    rises = [statistics.add(number * 1800, state) for number, state in enumerate((100, 101, 95, 0.5, 1.5))]
    assert rises == [0, 1, -6, 0.5, 1.0]
    assert statistics.hourly() == [(1, -5.5), (2, 1.0)]
