"""A small campaign: what script/soak does for weeks, in as many device-days as fit."""

from dataclasses import replace
from datetime import datetime
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest

from custom_components.atess.readings.lifetime import LifetimeCounter
from script._soak import cases
from script._soak.campaigns import households
from script._soak.recorded import live
from script._soak.trial import Trial, wrong_verdicts
from script._soak.truth import Energies, Truth

pytestmark = pytest.mark.campaign


def together(*seeds: int, days: float) -> list[cases.Case]:
    """Return mixed cases that begin at once."""
    made = [cases.mixed(seed, days) for seed in seeds]
    return [replace(case, start=made[0].start) for case in made]


def test_mixed_variants() -> None:
    """What the recorder has is what flowed: swapped counters and a sign corrected on the way, a meter replaced."""
    made = together(39, 28, days=1.5)
    for case, result in zip(made, live(made), strict=True):
        assert result.faults == []
        assert wrong_verdicts(case, result) == []
        assert result.hours > 300
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
    """What flows and is not counted is seen."""
    honest = Truth.energies

    def more(truth: Truth, at: float) -> Energies:
        return {name: 1.2 * kwh for name, kwh in honest(truth, at).items()}

    with patch.object(Truth, "energies", more):
        (result,) = live(together(2, days=0.5))
    assert any("counts" in fault for fault in result.faults)


def test_the_campaign_sees_a_jump() -> None:
    """A counter that no guard watches rises by more than can flow."""

    def unguarded(_self: LifetimeCounter, value: float | None, _when: object, **_more: object) -> float | None:
        return value

    with patch.object(LifetimeCounter, "read", unguarded):
        (result,) = live(together(37, days=0.5))
    assert result.impossible
    assert any("rises by" in fault for fault in result.faults)


def test_households() -> None:
    """One Home Assistant lives through the cases of a month whose times overlap."""
    made = [cases.mixed(seed) for seed in range(1, 40)]
    homes = households(made)
    assert sorted(case.seed for home in homes for case in home) == list(range(1, 40))
    for home in homes:
        assert len({datetime.fromtimestamp(case.start, ZoneInfo(cases.ZONE)).month for case in home}) == 1
        for number, later in enumerate(home[1:], 1):
            assert later.start < max(case.start for case in home[:number]) + 7 * 86400.0
