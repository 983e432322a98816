"""Each variant changes what it names and nothing else, and ends when it is told to."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulator import Simulator
from simulator.plant import FOLDER, PlantError
from simulator.variants import PARAMETERS, parse_variant

SN = "SIMHPS0101"
NOON = 1782295200.0
LATEST = "hps/data-last-small"


@pytest.fixture
def pair(desk: Callable[..., Any]) -> Callable[..., tuple[dict[str, Any], dict[str, Any]]]:
    """Return a function that gives a sample with a variant and the same one without."""

    def build(name: str, start: float = NOON, plant: str = "home", **parameters: float) -> tuple[Any, Any]:
        plain, other = desk(plant, start=start, cloud={"limit": 0}), desk(plant, start=start, cloud={"limit": 0})
        other.sim._world.add_variant(SN, parse_variant(name, parameters))
        return plain.data(LATEST, deviceSn=SN), other.data(LATEST, deviceSn=SN)

    return build


def changed(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


@pytest.mark.parametrize(
    ("name", "members", "factor"),
    [
        ("watts", {"pac", "ppv", "ppv1", "ppv2", "gactivePower", "meterPower", "loadActivePower"}, 1000),
        ("pv_watts", {"ppv"}, 1000),
        ("battery_sign", {"pac"}, -1),
        ("grid_sign", {"gactivePower", "meterPower"}, -1),
        ("millivolts", {"maxVolt", "minVolt"}, 1000),
    ],
)
def test_scales(pair: Callable[..., Any], name: str, members: set[str], factor: float) -> None:
    plain, other = pair(name, start=NOON + 4 * 3600 if name == "grid_sign" else NOON)
    moving = {member for member in members if plain[member]}
    assert moving
    assert changed(plain, other) == moving
    for member in moving:
        assert other[member] == pytest.approx(plain[member] * factor, rel=1e-4)


def test_changed_places(pair: Callable[..., Any]) -> None:
    plain, other = pair("grid_counters")
    assert (other["egridTotal"], other["etoGridTotal"]) == (plain["etoGridTotal"], plain["egridTotal"])
    assert (other["egridToday"], other["etoGridToday"]) == (plain["etoGridToday"], plain["egridToday"])
    plain, other = pair("hv_totals")
    assert (other["ppv"], other["ppv1"]) == (plain["ppv1"], plain["ppv"])
    plain, other = pair("inverter_output")
    assert other["pac"] == pytest.approx(plain["pac"] + plain["ppv"], abs=0.01)


def test_other_contents(pair: Callable[..., Any]) -> None:
    assert pair("percent")[1]["loadPf"] == pytest.approx(98.0)
    plain, other = pair("unsigned")
    assert all(
        other[name] == pytest.approx(plain[name] + (6553.6 if plain[name] < 0 else 0), abs=0.01)
        for name in ("pac", "ppv")
    )
    assert pair("sentinels")[1]["temp4"] == pytest.approx(6523.6)
    assert pair("zero_totals", share=1.0)[1]["epvTotal"] == 0
    plain, other = pair("dips", share=1.0)
    assert 0 <= plain["epvTotal"] - other["epvTotal"] <= 0.7


def test_clock(pair: Callable[..., Any]) -> None:
    """At noon in Germany a clock in Chinese time is at 18:00, and its day began at 18:00 yesterday."""
    plain, other = pair("clock", offset=360)
    assert plain["time"][11:13] == "11"
    assert other["time"][11:13] == "17"
    assert other["eloadToday"] > plain["eloadToday"]
    assert other["eloadTotal"] == plain["eloadTotal"]


def test_midnight(pair: Callable[..., Any]) -> None:
    """A late reset still shows yesterday; a bounce shows it every other time."""
    young = NOON - 12 * 3600 + 900
    plain, other = pair("late_reset", start=young)
    assert other["eloadToday"] > 5 > plain["eloadToday"]
    shown = [pair("midnight_bounce", start=young + 300 * number)[1]["eloadToday"] > 5 for number in range(4)]
    assert shown in ([True, False, True, False], [False, True, False, True])


def uploads(**variant: Any) -> list[tuple[str, float]]:
    """Return time and PV total of a sample every five minutes for a day."""
    now = [NOON]
    sim = Simulator("home", now=lambda: now[0], history_days=1, cloud={"limit": 0})
    sim.inject(kind="variant", device=SN, **variant)
    found = []
    for _ in range(288):
        now[0] += 300
        sample = sim._world.latest(SN, now[0])
        assert sample is not None
        found.append((str(sample["time"]), float(sample["eloadTotal"] or 0)))
    return found


def test_way_of_the_uploads() -> None:
    times = [time for time, _ in uploads(name="frozen", every=6, hours=1)]
    assert max(times.count(time) for time in times) >= 11
    times = [time for time, _ in uploads(name="reordered", share=0.3)]
    assert times != sorted(times) or len(set(times)) < 280
    samples = uploads(name="duplicated", share=0.3)
    assert len({time for time, _ in samples}) == 288
    totals = [total for _, total in uploads(name="replaced", start=50)]
    assert totals[0] == pytest.approx(50, abs=0.2)
    assert totals == sorted(totals)
    totals = [total for _, total in uploads(name="jumps", share=0.2)]
    assert max(totals) > 5 * min(totals)


def test_a_variant_ends_with_clear() -> None:
    now = [NOON]
    sim = Simulator("home", now=lambda: now[0], history_days=1)
    sim.inject(kind="variant", name="watts")
    now[0] += 900
    before = sim._world.latest(SN, now[0])
    sim.clear()
    now[0] += 900
    after = sim._world.latest(SN, now[0])
    assert before is not None
    assert after is not None
    assert float(before["ppv"] or 0) > 100 > float(after["ppv"] or 0)


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "nonsense"},
        {"name": "watts", "share": 0.5},
        {"name": "clock", "offset": "x"},
        {"name": "watts", "device": "SIMNONE"},
        {},
    ],
)
def test_unknown_variants_are_refused(desk: Callable[..., Any], fault: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"variant|parameter|device"):
        desk("home").sim.inject(kind="variant", **fault)


def test_variants_of_a_plant_file(desk: Callable[..., Any]) -> None:
    data = json.loads((FOLDER / "home.json").read_text())
    data["systems"][0]["devices"][0]["variants"] = {"watts": {}}
    assert desk(data).data(LATEST, deviceSn=SN)["ppv"] > 100
    data["systems"][0]["devices"][0]["variants"] = {"nonsense": {}}
    with pytest.raises(PlantError):
        desk(data)
    assert {"watts", "frozen"} <= PARAMETERS.keys()
