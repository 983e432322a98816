"""Self-checks: their rules and examples."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo.model import Json, Kind
from custom_components.atess.readings.selfchecks import (
    BatteryMeaning,
    BatterySign,
    GridCheck,
    PvLayout,
    UnitCheck,
    Verdict,
    Votes,
)
from custom_components.atess.readings.selfchecks.stretch import Stretch
from custom_components.atess.readings.units import Units

from .common import Device

START = datetime(2026, 5, 1, 10, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


# --- G15: kW or W


@pytest.mark.parametrize(
    ("raw", "expected"), [(2350.0, 2.35), (18.0, None), (9.8, 9.8), (-9.8, -9.8), (-2350.0, -2.35), (6553.3, None)]
)
def test_quick_rule(raw: float, expected: float | None) -> None:
    assert UnitCheck(10).scale(raw)[0] == expected


@pytest.mark.parametrize(
    ("unit", "raw", "expected"),
    [
        ("kW", 6553.3, -0.3),
        ("W", 6553.3, 6.5533),
        ("kW", 9.8, 9.8),
        ("W", 9800.0, 9.8),
        ("kW", 2350.0, None),
        ("W", 60000.0, None),
    ],
)
def test_latched_unit(unit: str, raw: float, expected: float | None) -> None:
    assert UnitCheck(10, forced=unit).scale(raw)[0] == expected
    assert UnitCheck(10, {"votes": {"verdict": unit}}).scale(raw)[0] == expected


@pytest.mark.parametrize(("power", "expected"), [(2.3, "kW"), (2300.0, "W")])
def test_current_rule_decides_within_six_samples(power: float, expected: str) -> None:
    device = Device()
    members: dict[str, Json] = {"outvu": 230, "loadIu": 10.2, "loadActivePower": power}
    for _ in range(5):
        device.read(**members)
    assert device.verdict("power_unit") is None
    assert device.read(**members).values["load_power"] == 2.3
    assert device.verdict("power_unit") == expected
    evidence = next(each.evidence for each in device.interpreter.verdicts() if each.name == "power_unit")
    assert evidence["apparent_power"] == 2.346


def test_current_rule_of_the_grid_and_of_lines() -> None:
    string = Device()
    for _ in range(6):
        string.read(gvpvu=230, gvpvv=231, gvpvw=229, ipvu=5, ipvv=5, ipvw=5, gactivePower=-3300)
    assert string.verdict("power_unit") == "W"
    central = Device(Kind.HPS_CENTRAL, 100)
    for _ in range(6):
        central.read(gvpvuv=400, gvpvvw=400, gvpvwu=400, ipvu=50, ipvv=50, ipvw=50, bactivePower=-34.0)
    assert central.verdict("power_unit") == "kW"


@pytest.mark.parametrize(
    "members",
    [
        {"outvu": 230, "loadIu": 2.0, "loadActivePower": 460},  # below 1 kVA
        {"outvu": 230, "loadIu": 10.2, "loadActivePower": 40},  # fits neither
        {"outvu": 230, "loadIu": 10.2, "loadActivePower": 6540},  # perhaps a negative power
        {"outvu": None, "loadIu": 10.2, "loadActivePower": 2.3},
        {"outvu": 230, "loadActivePower": 2.3},
    ],
)
def test_current_rule_without_a_vote(members: dict[str, Json]) -> None:
    device = Device()
    for _ in range(4):
        device.read(**members)
    assert device.verdict("power_unit") is None


@pytest.mark.parametrize(
    ("power", "energy", "kind", "unit"),
    [(4.1, 4.2, Kind.HPS_STRING, "kW"), (4120.0, 4.2, Kind.HPS_STRING, "W"), (41.0, 4.2, Kind.HPS_STRING, None)],
)
def test_energy_rule(power: float, energy: float, kind: Kind, unit: str | None) -> None:
    device = Device(kind)
    for index in range(16):
        reading = device.read(ppv=power, epvTotal=round(100 + energy * index / 12, 1), gactivePower=None)
    assert device.verdict("power_unit") == unit
    if unit:
        assert reading.values["pv_power"] == pytest.approx(4.1, abs=0.03)


def units(nominal: float = 10) -> Units:
    return Units(Kind.HPS_STRING, nominal, {}, {}, assumed=False)


def test_energy_rule_needs_two_equal_votes_to_latch_and_three_to_change() -> None:
    check = units()

    def vote(power: float, first: float, start: float) -> None:
        for index in range(7):
            check.learn({"pv": (power, {"pv": first + index * 0.35})}, at(start + 5 * index))
        check.learn({}, at(start + 40))  # the pair goes away: the stretch ends

    def verdict() -> Verdict:
        return next(each for each in check.verdicts() if each.name == "power_unit")

    vote(4.1, 100, 0)
    assert check.common is None
    vote(4.1, 110, 100)
    assert check.common == "kW"
    vote(4100, 120, 200)
    vote(4100, 130, 300)
    assert check.common == "kW"
    vote(4100, 140, 400)
    assert check.common == "W"
    assert verdict().contradicts
    assert verdict().since == at(430)


def test_energy_rule_leaves_out_what_may_be_negative() -> None:
    check = units()
    for index in range(30):
        check.learn({"grid": (6548.6, {"import": 100 + index * 0.4, "export": 5.0})}, at(5 * index))
    assert check.common is None


def test_two_kinds_of_evidence_latch_at_once() -> None:
    check = UnitCheck(10)
    check.current_rule(2300.0, 2.35, at(0))
    assert check.unit is None
    check.vote("W", "energy", at(5))
    assert check.unit == "W"


def test_one_power_in_watts_is_found_alone() -> None:
    """Load in W, the others in kW: no other power is rescaled, no sign blamed."""
    device = Device()
    for index in range(40):
        values = device.read(
            ppv=4.0,
            pac=-1.2,
            gactivePower=1.3,
            loadActivePower=1500.0,
            epvTotal=round(100 + index / 3, 1),
            eloadTotal=round(200 + index / 8, 1),
            ebatChargeTotal=round(50 + index / 10, 1),
            ebatDischargeTotal=20.0,
        ).values
        assert (values["pv_power"], values["battery_power"], values["grid_power"]) == (4.0, -1.2, -1.3)
        assert values["load_power"] in {None, 1.5}
    assert values["load_power"] == 1.5
    assert (device.verdict("load_power_unit"), device.verdict("power_unit")) == ("W", "kW")
    assert device.verdict("battery_sign") in {None, "normal"}


@pytest.mark.parametrize(("step", "verdict"), [(1.0, "1"), (10.0, "0.1"), (1000.0, "0.001")])
def test_counters_in_another_unit_are_told(step: float, verdict: str) -> None:
    device = Device()
    for index in range(60):
        load = round(step * (200 + 4.1 * index / 12), 1)
        device.read(loadActivePower=4.1, eloadTotal=load)
    assert device.verdict("energy_unit") == verdict
    assert device.read(loadActivePower=4.1).values["load_power"] == 4.1


def test_counters_that_change_their_unit_are_told_after_a_day() -> None:
    """Nothing of it is counted, before nor after it is corrected."""
    device = Device()
    for index in range(20):
        values = device.read(epvTotal=1520.0 + index / 10).values
    held = values["pv_energy_total"]
    for index in range(300):
        values = device.read(epvTotal=10 * (1522.0 + index / 100)).values
        assert values["pv_energy_total"] == held
        assert device.verdict("energy_unit") == (None if index < 288 else "0.1")
    device.more = {"corrections": {"energy_unit": "0.1"}}
    device.interpreter = device._new(device.interpreter.dump())
    assert device.read(epvTotal=15250.0).values["pv_energy_total"] == 1525.0


def test_each_pair_votes() -> None:
    for members, counter in (
        ({"loadActivePower": 4000.0}, "eloadTotal"),
        ({"pac": -4000.0}, "ebatChargeTotal"),
        ({"gactivePower": 4000.0}, "etoGridTotal"),
    ):
        device = Device()
        for index in range(14):
            device.read(**members, **{counter: round(100 + index / 3, 1)})
        assert device.verdict("power_unit") == "W", counter


def test_units_of_a_pbd_are_apart() -> None:
    device = Device(Kind.PBD, 250)
    for index in range(14):
        values = device.read(ppv=189000, ppv1=100.0, ppv2=89.0, epvTotal=round(100 + index * 189 / 12, 1)).values
    assert (values["pv_power"], values["pv1_power"]) == (189, 100)
    assert (device.verdict("power_unit"), device.verdict("pv_power_unit")) == ("kW", "W")


def test_apparent_and_reactive_power_do_not_follow_the_unit() -> None:
    device = Device(corrections={"power_unit": "W"})
    values = device.read(loadApparentPower=2.4, loadReactivePower=6553.1, gapparentPower=2350).values
    assert (values["load_apparent_power"], values["load_reactive_power"]) == (2.4, -0.5)
    assert values["grid_apparent_power"] == 2.35


# --- G16: battery


@pytest.mark.parametrize(
    ("pac", "load", "meaning"),
    [
        (-1.0, 2.5, "battery"),
        (3.0, 2.5, "inverter_output"),
        # The same with the sign inverted.
        (-3.0, 2.5, "inverter_output"),
        (0.5, 1.5, None),
        # PV 4.0 is twice the output here: inverter output, or a battery charged with the sign inverted.
        (2.0, 1.5, None),
        # And twice the charging power here: a battery, or inverter output with the sign inverted.
        (-2.0, 1.5, None),
    ],
)
def test_meaning_of_pac(pac: float, load: float, meaning: str | None) -> None:
    device = Device()
    for _ in range(6):
        device.read(ppv=4.0, loadActivePower=load, gactivePower=0.5, pac=pac)
    assert device.verdict("battery_meaning") == meaning
    if meaning and pac > -3.0:
        values = device.read(ppv=4.0, loadActivePower=load, gactivePower=0.5, pac=pac).values
        assert values["battery_power"] == (pac if meaning == "battery" else pac - 4.0)


def test_inverter_output_with_an_inverted_sign() -> None:
    """The balance tells both; PV beside it has the inverted sign too."""
    device = Device()
    for _ in range(30):
        device.read(
            ppv=4.0, loadActivePower=2.5, gactivePower=0.5, pac=-3.0, ebatChargeTotal=100, ebatDischargeTotal=90
        )
    assert device.verdict("battery_meaning") == "inverter_output"
    assert device.verdict("battery_sign") == "inverted"
    corrected = Device(corrections={"battery_meaning": "inverter_output", "battery_sign": "inverted"})
    for pv, output, battery in ((4.0, -3.0, -1.0), (0.0, -2.0, 2.0), (2.0, 1.0, -3.0)):
        values = corrected.read(ppv=pv, loadActivePower=2.5, gactivePower=0.5, pac=output).values
        assert values["battery_power"] == battery


def test_counters_prove_no_sign_of_inverter_output_while_there_is_pv() -> None:
    """By day its power has the sign of PV, whatever the battery does."""
    device = Device(corrections={"battery_meaning": "inverter_output"})
    for index in range(60):
        charged = round(100 + index / 12, 1)
        device.read(ppv=4.0, pac=3.0, ebatChargeTotal=charged, ebatDischargeTotal=90)
    assert device.verdict("battery_sign") is None
    for index in range(24):
        device.read(ppv=0.0, pac=2.0, ebatChargeTotal=105, ebatDischargeTotal=round(90 + index / 6, 1))
    assert device.verdict("battery_sign") == "normal"


def test_meaning_is_not_learnt_at_night() -> None:
    check = BatteryMeaning()
    for minutes in range(0, 100, 5):
        check.learn(0.1, 2.0, 0.5, 1.5, at(minutes))
    assert check.meaning is None


@given(
    st.lists(
        st.tuples(st.floats(0.5, 10), st.floats(-5, 5), st.floats(0.2, 8), st.floats(0.9, 1.0)), min_size=6, max_size=60
    )
)
def test_law_an_honest_battery_power_is_never_taken_for_inverter_output(
    flows: list[tuple[float, float, float, float]],
) -> None:
    check = BatteryMeaning()
    for index, (pv, battery, load, efficiency) in enumerate(flows):
        check.learn(pv, battery, (pv + battery) * efficiency - load, load, at(5 * index))
    assert check.meaning in {None, "battery"}


@pytest.mark.parametrize(("power", "verdict"), [(2.4, "inverted"), (-2.4, "normal")])
@pytest.mark.parametrize("counter", ["echargeToday", "ebatChargeTotal"])
def test_sign_while_charging(power: float, verdict: str, counter: str) -> None:
    device = Device()
    other = {"echargeToday": "edischargeToday", "ebatChargeTotal": "ebatDischargeTotal"}[counter]
    for _ in range(3):  # a power that is never negative may have no sign
        device.read(pac=-abs(power), **{counter: 4.0, other: 3.0})
    for index in range(11):
        reading = device.read(pac=power, **{counter: round(4.0 + 0.2 * index, 1), other: 3.0})
    assert device.verdict("battery_sign") == verdict
    # A sign waits for the user.
    assert reading.values["battery_power"] == power


@pytest.mark.parametrize("flag", [None, 4, 5])
def test_powers_that_are_never_negative_are_unsigned(flag: int | None) -> None:
    """Battery and grid: never called inverted; status or counters tell the way."""
    device = Device()
    charged = discharged = imported = exported = 100.0
    for index in range(240):
        charging = index // 40 % 2 == 0
        charged, discharged = (charged + 0.2, discharged) if charging else (charged, discharged + 0.2)
        imported, exported = (imported, exported + 0.1) if charging else (imported + 0.1, exported)
        members: dict[str, Json] = {
            "ppv": 4.6 if charging else 0.0,
            "pac": 2.4,
            "gactivePower": 1.2,
            "loadActivePower": 1.0 if charging else 3.6,
            "ebatChargeTotal": round(charged, 1),
            "ebatDischargeTotal": round(discharged, 1),
            "egridTotal": round(imported, 1),
            "etoGridTotal": round(exported, 1),
        }
        values = device.read(**members).values
        assert device.verdict("battery_sign") != "inverted"
        assert device.verdict("grid_sign") != "inverted"
        if index > 100 and index % 40 > 2:
            assert values["battery_power"] == (-2.4 if charging else 2.4)
            assert values["grid_power"] == (-1.2 if charging else 1.2)
    assert device.verdict("battery_direction") == device.verdict("grid_direction") == "unsigned"
    if flag is not None:
        told = device.read(pac=2.4, bmsStatus=flag).values["battery_power"]
        assert told == {4: -2.4, 5: 2.4}[flag]


@pytest.mark.parametrize(("hidden_pv", "verdict"), [(False, "unsigned"), (True, None)])
def test_a_pcs_alone_may_have_no_sign_either(hidden_pv: bool, verdict: str | None) -> None:
    """It charges from the grid; with the PV of a PBD that nothing names its DC side delivers while it charges."""
    device = Device(Kind.PCS, 100)
    charged = discharged = 100.0
    for index in range(240):
        charging = index // 40 % 2 == 0
        charged, discharged = (charged + 2.0, discharged) if charging else (charged, discharged + 2.0)
        export = 0.0 if hidden_pv or not charging else -34.0
        members: dict[str, Json] = {
            "pacToBattery": 24.0,
            "bactivePower": export,
            "loadActivePower": 24.0 if export == 0.0 else 10.0,
            "echargeTotal": round(charged, 1),
            "edischargeTotal": round(discharged, 1),
        }
        values = device.read(**members).values
        assert device.verdict("battery_sign") != "inverted"
        if index > 100 and index % 40 > 2 and not hidden_pv:
            assert values["battery_power"] == (-24.0 if charging else 24.0)
    assert device.verdict("battery_direction") == verdict


def test_a_power_without_a_sign_whose_way_nothing_tells_is_unavailable() -> None:
    device = Device(corrections={"battery_direction": "unsigned"})
    assert device.read(pac=2.4).values["battery_power"] is None
    assert device.read(pac=0.0).values["battery_power"] == 0.0


def test_a_status_against_the_sign_is_evidence() -> None:
    device = Device()
    for _ in range(3):
        device.read(pac=-2.0, bmsStatus=5)
    for _ in range(18):
        device.read(pac=2.0, bmsStatus=4)
    assert device.verdict("battery_sign") == "inverted"


@pytest.mark.parametrize(("power", "verdict"), [(2.4, "normal"), (-2.4, "inverted")])
def test_sign_while_discharging(power: float, verdict: str) -> None:
    check = BatterySign()
    for index in range(11):
        check.learn(power, {"charge": 9.0, "discharge": 4.0 + 0.2 * index}, None, at(5 * index))
    assert check.verdict().verdict == verdict
    assert BatterySign(json.loads(json.dumps(check.dump()))).dump() == check.dump()


@pytest.mark.parametrize(("flag", "verdict"), [(-1, "inverted"), (1, "normal")])
def test_sign_by_the_flow_flag_where_there_are_no_counters(flag: int, verdict: str) -> None:
    device = Device(Kind.HPS_CENTRAL, 100)
    for _ in range(11):
        device.read(pac=20.0, batFlag=flag)
    assert device.verdict("battery_sign") == verdict


@pytest.mark.parametrize(
    "series",
    [
        [(2.4, {"charge": 4.0 + index * 0.2, "discharge": 3.0 + index * 0.1}, None) for index in range(20)],
        [(0.1, {"charge": 4.0 + index * 0.2, "discharge": 3.0}, None) for index in range(20)],
        [(None, {"charge": 4.0 + index * 0.2, "discharge": 3.0}, None) for index in range(20)],
        [(2.4, {"charge": 4.0 + index * 0.2}, None) for index in range(20)],
        [(2.4, dict[str, float](), 1 if index % 2 else -1) for index in range(20)],
        [(2.4, dict[str, float](), 0) for _ in range(20)],
    ],
)
def test_sign_without_evidence(series: list[tuple[float | None, dict[str, float], int | None]]) -> None:
    check = BatterySign()
    for index, (power, counters, flag) in enumerate(series):
        check.learn(power, counters, flag, at(5 * index))
    assert check.verdict().verdict is None


def test_sign_of_a_pcs_is_not_read_off_the_power_of_a_pbd() -> None:
    """The DC side gives 100 kW of PV while the battery charges with 20 kW; equal amounts prove nothing either."""
    with_pbd, plain = Device(Kind.PCS, 630), Device(Kind.PCS, 630)
    for index in range(12):
        charge = round(100 + index * 20 / 12, 1)
        with_pbd.read(pacToBattery=80, bvpv=600, bipv=-33.3, echargeTotal=charge, edischargeTotal=9)
        plain.read(pacToBattery=20, bvpv=600, bipv=-33.3, echargeTotal=charge, edischargeTotal=9)
    assert with_pbd.verdict("battery_sign") is None
    assert plain.verdict("battery_sign") is None


@pytest.mark.parametrize("member", ["ppv", "pbdOutPower"])
def test_sign_of_a_pcs_while_pv_is_twice_the_charging(member: str) -> None:
    """The DC side gives 40 kW of PV less 20 kW of charging: as much as the battery takes, the other way round."""
    device = Device(Kind.PCS, 630)
    for index in range(36):
        charge = round(100 + index * 20 / 12, 1)
        device.read(pacToBattery=20, bvpv=600, bipv=-33.3, echargeTotal=charge, edischargeTotal=9, **{member: 40})
    assert device.verdict("battery_sign") is None


@pytest.mark.parametrize(("pv", "verdict"), [(0.0, "normal"), (40.0, None), (None, None)])
def test_sign_of_a_pcs_without_voltage_and_current(pv: float | None, verdict: str | None) -> None:
    device = Device(Kind.PCS, 630)
    for index in range(12):
        device.read(pacToBattery=-20, ppv=pv, echargeTotal=round(100 + index * 20 / 12, 1), edischargeTotal=9)
    assert device.verdict("battery_sign") == verdict


flows = st.lists(st.tuples(st.floats(-8, 8), st.floats(1, 20)), min_size=1, max_size=80)


@given(flows, st.sampled_from((1, -1)))
def test_law_the_sign_of_the_battery_is_never_mistaken(powers: list[tuple[float, float]], sign: int) -> None:
    """Whatever the battery does, its counters rounded to 0.1 kWh: the verdict is right, or there is none."""
    check, minutes = BatterySign(), 0.0
    energies = {"charge": 50.0, "discharge": 70.0}
    for power, passed in powers:
        energies["discharge" if power > 0 else "charge"] += abs(power) * passed / 60
        minutes += passed
        sent = {name: round(kwh, 1) for name, kwh in energies.items()}
        check.learn(sign * power, sent, None, at(minutes))
    assert check.verdict().verdict in {None, "normal" if sign == 1 else "inverted"}


# --- G17: grid


@given(
    st.lists(st.tuples(st.floats(-9, 9), st.floats(0, 9), st.floats(0, 6)), min_size=1, max_size=120),
    st.sampled_from((1, -1)),
    st.booleans(),
)
def test_law_the_order_of_an_hps_and_its_sign_are_never_mistaken(
    powers: list[tuple[float, float, float]], sign: int, swapped: bool
) -> None:
    """Whatever flows between grid, PV and battery: the verdicts are right, or there are none."""
    check = GridCheck(assumed=True)
    energies = {"import": 500.0, "export": 80.0, "discharge": 40.0}
    names = {"import": "export", "export": "import", "discharge": "discharge"} if swapped else {}
    for index, (most, pv, discharge) in enumerate(powers):
        export = min(most, pv + discharge)  # a site exports no more than it has
        energies["export" if export > 0 else "import"] += abs(export) / 12
        energies["discharge"] += discharge / 12
        sent = {names.get(name, name): round(kwh, 1) for name, kwh in energies.items()}
        known = check.sign.verdict is not None
        check.learn(
            sign * export, pv, sent, at(5 * index), swapped_sign=check.sign.verdict == "inverted", sign_known=known
        )
    found = {verdict.name: verdict.verdict for verdict in check.verdicts()}
    assert found["grid_sign"] in {None, "normal" if sign == 1 else "inverted"}
    assert found["grid_counters"] in {None, "swapped" if swapped else "normal"}


def night(device: Device, imported: str, exported: str, power: str, value: float, stretches: int) -> None:
    """Let a device import through the night: 0.9 kWh each half hour."""
    for index in range(6 * stretches + 1):
        members: dict[str, Json] = {imported: round(500 + 0.15 * index, 2), exported: 80.0, power: value, "ppv": 0.0}
        charge: dict[str, Json] = {"ebatDischargeTotal": 40.0, "edischargeTotal": 40.0}
        device.read(**members, **charge)


@pytest.mark.parametrize(
    ("rising", "standing", "power", "counters", "sign"),
    [
        ("egridTotal", "etoGridTotal", -1.9, "normal", "normal"),
        ("egridTotal", "etoGridTotal", 1.9, "normal", "inverted"),
        ("etoGridTotal", "egridTotal", -1.9, "swapped", "normal"),
        ("etoGridTotal", "egridTotal", 1.9, "swapped", "inverted"),
        ("egridTotal", "etoGridTotal", 0.1, "normal", None),
    ],
)
def test_night_votes_on_an_hps(rising: str, standing: str, power: float, counters: str, sign: str | None) -> None:
    device = Device()
    for _ in range(3):  # a power that is never negative may have no sign
        device.read(gactivePower=-abs(power), ppv=0.0)
    night(device, rising, standing, "gactivePower", power, 2)
    assert device.verdict("grid_counters") is None
    night(device, rising, standing, "gactivePower", power, 2)
    assert device.verdict("grid_counters") == counters
    assert device.verdict("grid_sign") == sign
    # An HPS publishes the assumed order until the user says otherwise.
    reading = device.read(egridTotal=501.0, etoGridTotal=81.0)
    assert reading.values["grid_import_energy_total"] is not None


def day(device: Device, rising: str, standing: str, start: float) -> None:
    """Let a PCS import 51 kWh in half an hour of daylight."""
    for index in range(7):
        members: dict[str, Json] = {rising: round(start + 8.5 * index, 1), standing: 80.0, "bactivePower": -102.0}
        device.read(**members, ppv=200.0)


@pytest.mark.parametrize(
    ("rising", "standing", "swapped"), [("toGridTotal", "gridTotal", False), ("gridTotal", "toGridTotal", True)]
)
def test_a_pcs_publishes_no_grid_energy_before_two_votes(rising: str, standing: str, swapped: bool) -> None:
    device = Device(Kind.PCS, 630)
    members: dict[str, Json] = {"toGridToday": 1.0, "gridToday": 2.0, "gridTotal": None, "gridTimeTotal": 5}
    values = device.read(**members).values
    for key in ("grid_import_energy_today", "grid_export_energy_total", "grid_export_time_total"):
        assert values[key] is None
    day(device, rising, standing, 500)
    assert device.verdict("grid_counters") is None
    day(device, rising, standing, 559.5)
    assert device.verdict("grid_counters") == ("swapped" if swapped else "normal")
    values = device.read(toGridToday=1.0, gridToday=2.0).values
    assert values["grid_import_energy_today"] == (2.0 if swapped else 1.0)
    assert values["grid_export_energy_today"] == (1.0 if swapped else 2.0)


def test_a_pcs_publishes_grid_energy_at_once_if_the_user_said_so() -> None:
    device = Device(Kind.PCS, 630, corrections={"grid_counters": "normal"})
    assert device.read(toGridTotal=500).values["grid_import_energy_total"] == 500


def test_a_day_vote_against_the_assumed_order_of_an_hps_does_not_count() -> None:
    device = Device()
    for index in range(40):
        device.read(egridTotal=round(500 + 0.2 * index, 1), etoGridTotal=80.0, gactivePower=1.9, ppv=3.0)
    assert device.verdict("grid_counters") is None
    for index in range(40):
        device.read(egridTotal=round(508 + 0.2 * index, 1), etoGridTotal=80.0, gactivePower=-1.9, ppv=3.0)
    assert device.verdict("grid_counters") == "normal"


def test_grid_without_evidence() -> None:
    check = GridCheck(assumed=False)
    for index in range(20):  # both rise
        check.learn(-2, 3, {"import": index * 0.1, "export": index * 0.1}, at(5 * index), swapped_sign=False)
    for index in range(20):  # hardly any power
        check.learn(-0.1, 3, {"import": index * 0.1, "export": 0}, at(500 + 5 * index), swapped_sign=False)
    for index in range(20):  # no counters
        check.learn(-2, 3, {"import": index * 0.1}, at(1000 + 5 * index), swapped_sign=False)
    assert check.orientation is None
    assert [each.verdict for each in check.verdicts()] == [None, None]


def test_a_pcs_with_an_inverted_sign_by_day() -> None:
    check = GridCheck(assumed=False)
    for index in range(13):
        check.learn(2, None, {"import": index * 0.2, "export": 0}, at(5 * index), swapped_sign=True)
    assert check.orientation == "normal"
    assert GridCheck(assumed=False, state=check.dump()).dump() == check.dump()


# --- layout of PV power


@pytest.mark.parametrize(
    ("powers", "layout", "total", "first"),
    [
        ((2.0, 6.1, 2.1, 2.0), "ppv1", 6.1, 2.0),
        ((5.0, 2.6, 2.4, 0.0), "ppv", 5.0, 2.6),
        ((3.0, 3.0, 0.0, 0.0), None, 3.0, 3.0),
        ((1.1, 1.0, 0.2, 0.0), None, 1.1, 1.0),  # would fit both
        ((9.0, 2.0, 2.0, 2.0), None, 9.0, 2.0),
    ],
)
def test_layout(powers: tuple[float, ...], layout: str | None, total: float, first: float) -> None:
    device = Device()
    members: dict[str, Json] = dict(zip(("ppv", "ppv1", "ppv2", "ppv3"), powers, strict=True))
    for _ in range(5):
        device.read(**members)
        assert device.verdict("pv_layout") is None
    values = device.read(**members).values
    assert device.verdict("pv_layout") == layout
    assert (values["pv_power"], values["pv1_power"]) == (total, first)


def test_layout_is_decided_once() -> None:
    device = Device()
    for _ in range(6):
        device.read(ppv=2.0, ppv1=6.1, ppv2=2.1, ppv3=2.0)
    for _ in range(8):
        device.read(ppv=6.1, ppv1=2.0, ppv2=2.1, ppv3=2.0, pv1Volt=500)
    assert device.verdict("pv_layout") == "ppv1"


def test_a_sample_against_a_layout_ends_the_row() -> None:
    check = PvLayout()
    for index in range(20):
        powers = (5.0, 2.6, 2.4, 0.0) if index % 4 else (9.0, 2.6, 2.4, 0.0)
        check.learn(powers, 0, at(5 * index))
    assert check.layout is None


def test_noise_of_an_input_tells_no_hv() -> None:
    check = PvLayout()
    for index in range(6):
        check.learn((20.0, 12.0, 8.0, 0.0), 0.1 if index == 3 else 0.0, at(5 * index))
    assert check.layout == "ppv"


def test_model_name_tells_hv() -> None:
    check = PvLayout("hps150hv")
    check.learn((5.0, 2.6, 2.4, 0.0), 0, START)
    assert check.verdict() == Verdict(name="pv_layout", verdict="hv", expected="hv")
    assert not check.verdict().contradicts


# --- votes and stretches


def test_votes() -> None:
    votes = Votes(("a", "b"), latch=2, change=3)
    for choice in "abb":
        votes.vote(choice, START, number=1.23456)
    assert (votes.verdict, votes.since, votes.evidence) == ("b", START, {"number": 1.235})
    for choice in "aabaa":
        votes.vote(choice, at(5))
    assert votes.verdict == "b"
    votes.vote("a", at(9))
    assert (votes.verdict, votes.since) == ("a", at(9))
    assert Votes(("a", "b"), votes.dump(), latch=2, change=3).dump() == votes.dump()


@given(st.lists(st.sampled_from("ab"), max_size=60))
def test_law_a_verdict_rests_on_votes_in_a_row(choices: list[str]) -> None:
    votes, before = Votes(("a", "b"), latch=2, change=3), None
    for index, choice in enumerate(choices):
        votes.vote(choice, at(index))
        if votes.verdict != before:
            row = choices[index - (1 if before is None else 2) : index + 1]
            assert set(row) == {votes.verdict}
        before = votes.verdict


def test_window() -> None:
    stretch = Stretch()
    for index in range(4):
        stretch.add(at(10 * index), {"p": 2.0 * index}, {"c": 5.0 + index, "c_today": 1.0 + 2 * index}, 2)
    assert (stretch.hours, stretch.count) == (0.5, 4)
    assert stretch.integral("p") == pytest.approx(1.5)
    assert stretch.mean("p") == pytest.approx(3.0)
    assert stretch.rise("c") == 6.0
    assert stretch.rise("other") == 0.0
    assert Stretch(json.loads(json.dumps(stretch.dump()))).dump() == stretch.dump()


@pytest.mark.parametrize(
    ("minutes", "powers", "counters"),
    [
        (46, {"p": 1.0}, {"c": 9.0}),  # a gap
        (30, {"p": 1.0}, {"c": 9.0}),  # no time passed
        (35, {"q": 1.0}, {"c": 9.0}),  # another power
        (35, {"p": 1.0}, {"d": 9.0}),  # another counter
        (35, {"p": 1.0}, {"c": 1.0}),  # a counter that fell
    ],
)
def test_a_window_starts_again(minutes: float, powers: dict[str, float], counters: dict[str, float]) -> None:
    stretch = Stretch()
    for index in range(4):
        stretch.add(at(10 * index), {"p": 1.0}, {"c": 5.0 + index}, 2)
    stretch.add(at(minutes), powers, counters, 2)
    assert (stretch.count, stretch.hours, stretch.mean("p")) == (1, 0.0, 0.0)


def test_an_empty_window() -> None:
    stretch = Stretch()
    assert (stretch.hours, stretch.mean("p"), stretch.rise("c")) == (0.0, 0.0, 0.0)


def test_a_window_has_an_end() -> None:
    stretch = Stretch()
    for index in range(14):
        stretch.add(at(10 * index), {"p": 1.0}, {"c": 5.0}, 2)
    assert stretch.count == 1


@pytest.mark.parametrize(
    "state", [None, 3, {"start": "x"}, {"start": START.isoformat(), "last": START.isoformat(), "powers": {"p": 1}}]
)
def test_damaged_window(state: Json) -> None:
    assert Stretch(state).dump() == Stretch().dump()


def test_damaged_checks() -> None:
    rubbish: Json = {"votes": {"verdict": "?", "last": 3, "evidence": [1]}, "windows": {"pv": 3}, "as_battery": "x"}
    assert UnitCheck(10, rubbish).unit is None
    assert BatteryMeaning(rubbish).meaning is None
    assert BatterySign(rubbish).verdict().verdict is None
    assert PvLayout(None, rubbish).layout is None
    assert GridCheck(assumed=True, state=rubbish).orientation is None
