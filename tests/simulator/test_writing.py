"""Writes that are not simply obeyed, and the naming styles."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from simulator.naming import STYLES
from simulator.plant import PlantError

from .conftest import Desk

STRING, PATH = "SIMHPS0001", "hps/small-setting"


def written(asked: Desk, write: str, **changes: object) -> tuple[dict[str, object], dict[str, object]]:
    """Send the whole object with changes under a behaviour; return what was shown before and after."""
    asked.sim.configure(write=write)
    before = asked.data(PATH, deviceSn=STRING)
    assert asked.write(PATH, STRING, **before | changes)["code"] == 0
    return before, asked.data(PATH, deviceSn=STRING)


@pytest.fixture
def open_desk(desk: Callable[..., Desk]) -> Desk:
    return desk(cloud={"limit": 0})


def test_ignored(open_desk: Desk) -> None:
    before, after = written(open_desk, "ignore", dischargeCutoffSoc=35)
    assert after == before


def test_late(open_desk: Desk) -> None:
    before, after = written(open_desk, "late", dischargeCutoffSoc=35)
    assert after == before
    open_desk.sim.jump(119)
    assert open_desk.data(PATH, deviceSn=STRING) == before
    open_desk.sim.jump(2)
    assert open_desk.data(PATH, deviceSn=STRING) == before | {"dischargeCutoffSoc": 35}


def test_clamped(open_desk: Desk) -> None:
    before, after = written(open_desk, "clamp", dischargeCutoffSoc=90, preventRefluxEnable=1)
    assert after == before | {"dischargeCutoffSoc": 80, "preventRefluxEnable": 1}


def test_side_effect(open_desk: Desk) -> None:
    before, after = written(open_desk, "side_effect", dischargeCutoffSoc=35)
    assert after["dischargeCutoffSoc"] == 35
    assert len([key for key in before if before[key] != after[key]]) == 2


def test_full_replace(open_desk: Desk) -> None:
    before, after = written(open_desk, "replace", dischargeCutoffSoc=35)
    assert after == before | {"dischargeCutoffSoc": 35}
    assert open_desk.write(PATH, STRING, dischargeCutoffSoc=40)["code"] == 0
    assert open_desk.data(PATH, deviceSn=STRING) == dict.fromkeys(before) | {"dischargeCutoffSoc": 40}
    assert open_desk.write(PATH, STRING, **after)["code"] == 0
    assert open_desk.data(PATH, deviceSn=STRING) == after


def test_refused(open_desk: Desk) -> None:
    open_desk.sim.configure(write="refuse")
    before = open_desk.data(PATH, deviceSn=STRING)
    assert open_desk.write(PATH, STRING, **before)["code"] == 500
    assert open_desk.data(PATH, deviceSn=STRING) == before


def test_gone(open_desk: Desk) -> None:
    open_desk.sim.configure(write="vanish")
    assert open_desk.write(PATH, STRING, dischargeCutoffSoc=35)["code"] == 0
    assert open_desk.ask(PATH, deviceSn=STRING)["code"] == 500
    assert open_desk.write(PATH, STRING, dischargeCutoffSoc=36)["code"] == 500
    open_desk.sim.configure(write="obey")
    assert open_desk.data(PATH, deviceSn=STRING)["dischargeCutoffSoc"] == 35


def test_once_a_minute(open_desk: Desk) -> None:
    open_desk.sim.configure(write="once_a_minute", limit_answer="code_429")
    assert open_desk.write(PATH, STRING, dischargeCutoffSoc=35)["code"] == 0
    assert open_desk.write(PATH, STRING, dischargeCutoffSoc=36)["code"] == 429
    open_desk.sim.jump(60)
    assert open_desk.write(PATH, STRING, dischargeCutoffSoc=37)["code"] == 0


@pytest.mark.parametrize("style", STYLES)
def test_styles_stay_within_the_documented_bounds(desk: Callable[..., Desk], style: str) -> None:
    asked = desk(cloud={"limit": 0, "naming_style": style})
    for path, serial, first, last in (
        (PATH, STRING, "batCapacity", "valleyPeriodTime2"),
        ("hps/big-setting", "SIMHPS0002", "atsComNo", "valleyPeriodTime5"),
    ):
        answer = asked.data(path, deviceSn=serial)
        assert (min(answer, key=str.lower), max(answer, key=str.lower)) == (first, last)
        assert asked.write(path, serial, **answer)["code"] == 0
        assert asked.data(path, deviceSn=serial) == answer


def test_periods_have_the_form_of_their_style(desk: Callable[..., Desk]) -> None:
    forms = {"plain": "00:00-06:00", "verbose": "00:00 ~ 06:00", "terse": "0000-0600", "snake": "00:00:00-06:00:00"}
    for style, form in forms.items():
        asked = desk(cloud={"limit": 0, "naming_style": style})
        assert asked.data(PATH, deviceSn=STRING)["valleyPeriodTime2"] == form
        others = [text for text in forms.values() if text != form]
        assert all(asked.write(PATH, STRING, valleyPeriodTime2=text)["code"] == 500 for text in others)


def test_settings_changed_on_the_display(desk: Callable[..., Desk]) -> None:
    """They hold from the moment given, whatever the cloud's keys are called; what cannot be is refused."""
    asked = desk(cloud={"limit": 0, "naming_style": "terse"})
    asked.sim.change_settings(STRING, ago=600, mode=8, output_power=2)
    assert asked.data(PATH, deviceSn=STRING)["runMode"] == 8
    assert asked.power(STRING)["battery"] == pytest.approx(2)
    for serial, values in (("SIMHPS9999", {"mode": 9}), (STRING, {"riddle": 1}), (STRING, {"mode": 13})):
        with pytest.raises(ValueError, match=r"no such device|no setting|out of range"):
            asked.sim.change_settings(serial, **values)


def test_uploads_at_an_interval_of_ones_own(desk: Callable[..., Desk]) -> None:
    """Regular and quick, whatever the plant file says; an interval of nothing is none."""
    sim = desk(upload_interval=10).sim
    visible = [at for at, _ in sim.uploads(STRING, sim.time - 60, sim.time)]
    assert len(visible) == 6
    assert all(9 <= later - earlier <= 11 for earlier, later in pairwise(visible))
    with pytest.raises(PlantError):
        desk(upload_interval=0)
