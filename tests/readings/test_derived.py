"""Derived values of one device: tables and examples."""

import pytest

from custom_components.atess.enerclo.model import Json, Kind
from custom_components.atess.readings.derived import energy_stored

from .common import Device


@pytest.mark.parametrize(
    ("members", "total", "first"),
    [
        ({"ppv": 5.0, "ppv1": 2.6, "ppv2": 2.4, "ppv3": 0.0}, 5.0, 2.6),
        ({"ppv": 2.0, "ppv1": 6.1, "ppv2": 2.1, "ppv3": 2.0}, 6.1, 6.1),
        ({"ppv": 0.0, "ppv1": 4.4, "ppv2": 2.3, "ppv3": 2.1, "pv2Volt": 600}, 4.4, 0.0),
        ({"ppv1": 2.6, "ppv2": 2.4, "ppv3": 0.0}, 5.0, 2.6),
        ({"ppv": 3.0, "ppv1": 3.0, "ppv2": 0.0, "ppv3": 0.0}, 3.0, 3.0),
        ({"ppv": None, "ppv1": None}, None, None),
    ],
)
def test_total_pv_power(members: dict[str, Json], total: float | None, first: float | None) -> None:
    values = Device().read(**members).values
    assert values["pv_power"] == total
    assert values["pv1_power"] == first


def test_pv_power_needs_an_input() -> None:
    assert "pv_power" not in Device().read(pac=1.0).values
    assert Device(Kind.PCS, 630).read(ppv=108000).values["pv_power"] == 108
    values = Device(Kind.PBD, 250).read(ppv1=30.0, ppv2=12.5, ppv5=None).values
    assert values["pv_power"] == 42.5
    assert Device(Kind.PBD, 250).read(ppv=40, ppv1=30.0, ppv2=12.5).values["pv_power"] == 40


def test_hv_model_takes_its_own_fields() -> None:
    members: dict[str, Json] = {
        "ppv": 1.4,
        "ppv1": 4.4,
        "vpv": 300,
        "vpv2": 290,
        "pv1Volt": 590,
        "pv2Volt": 600,
        "pv3Volt": 0,
    }
    device = Device(Kind.HPS_CENTRAL, 100)
    values = device.read(**members).values
    assert (values["pv_power"], values["pv1_power"]) == (4.4, 1.4)
    assert (values["pv1_voltage"], values["pv2_voltage"], values["pv3_voltage"]) == (590, 600, 0)
    assert device.verdict("pv_layout") == "hv"
    by_name = Device(Kind.HPS_CENTRAL, None, model="HPS100HV").read(ppv=1.4, ppv1=4.4, vpv=300).values
    assert (by_name["pv_power"], by_name["pv1_voltage"]) == (4.4, 300)


@pytest.mark.parametrize(
    ("kind", "members", "battery", "grid", "load"),
    [
        # Worked examples of battery and grid power.
        (Kind.HPS_STRING, {"pac": -2.4}, -2.4, "absent", "absent"),
        (Kind.HPS_STRING, {"gactivePower": -1.9}, "absent", 1.9, "absent"),
        (Kind.HPS_STRING, {"gactivePower": 0.5}, "absent", -0.5, "absent"),
        # At most one is computed from the other three.
        (Kind.HPS_STRING, {"ppv": 4.0, "gactivePower": 0.5, "loadActivePower": 1.5}, -2.0, -0.5, 1.5),
        (Kind.HPS_STRING, {"ppv": 4.0, "pac": -2.0, "loadActivePower": 1.5}, -2.0, -0.5, 1.5),
        (Kind.HPS_STRING, {"ppv": 4.0, "pac": -2.0, "gactivePower": 0.5, "loadActivePower": None}, -2.0, -0.5, 1.5),
        (Kind.HPS_STRING, {"ppv": 1.0, "pac": -2.0, "gactivePower": 0.5}, -2.0, -0.5, 0.0),
        (Kind.HPS_STRING, {"ppv": 4.0, "pac": None, "gactivePower": 0.5, "loadActivePower": None}, None, -0.5, None),
        (Kind.HPS_STRING, {"ppv": None, "pac": -2.0, "gactivePower": 0.5, "loadActivePower": None}, -2.0, -0.5, None),
        # PCS: output 400, grid +170, load 230 (read off a real site).
        (Kind.PCS, {"pacToBattery": 400, "bactivePower": 170}, 400, -170, 230),
        (Kind.PCS, {"pacToBattery": 400, "loadActivePower": 230}, 400, -170, 230),
        (Kind.PCS, {"bactivePower": 170, "bvpv": 600, "bipv": -50}, -30, -170, "absent"),
        (Kind.PCS, {"bactivePower": 170, "loadActivePower": 230}, 400, -170, 230),
        (Kind.PCS, {"pacToBattery": 400, "bactivePower": 170, "pbdOutPower": 100}, 300, -170, 230),
        (Kind.PCS, {"pacToBattery": None, "bactivePower": None}, None, None, "absent"),
        (Kind.PBD, {"pbdBatPower": -12.0}, -12.0, "absent", "absent"),
        (Kind.BCU, {"vbat": 484.5, "cbat": 16.5, "batFlag": 1}, 7.9942, "absent", "absent"),
        (Kind.BCU, {"vbat": 484.5, "cbat": 16.5, "batFlag": -1}, -7.9942, "absent", "absent"),
        (Kind.MBMS, {"vbat": 484.5, "cbat": -16.5, "batFlag": 0}, 0.0, "absent", "absent"),
        (Kind.MBMS, {"vbat": 484.5, "cbat": 16.5}, None, "absent", "absent"),
    ],
)
def test_powers(
    kind: Kind,
    members: dict[str, Json],
    battery: float | str | None,
    grid: float | str | None,
    load: float | str | None,
) -> None:
    values = Device(kind, 10 if kind is Kind.HPS_STRING else None).read(**members).values
    assert values.get("battery_power", "absent") == (
        battery if isinstance(battery, str) else pytest.approx(battery, abs=1e-4)
    )
    assert values.get("grid_power", "absent") == grid
    assert values.get("load_power", "absent") == load


def test_the_measured_battery_of_a_pcs_goes_before_the_computed_one() -> None:
    """B = L + g comes before voltage times current."""
    members: dict[str, Json] = {"bactivePower": 170, "loadActivePower": 230, "bvpv": 600, "bipv": -50}
    assert Device(Kind.PCS, None).read(**members).values["battery_power"] == 400


@pytest.mark.parametrize(
    ("members", "halves"),
    [
        ({"pac": -2.4, "gactivePower": -1.9}, (2.4, 0.0, 1.9, 0.0)),
        ({"pac": 2.4, "gactivePower": 0.5}, (0.0, 2.4, 0.0, 0.5)),
        ({"pac": None, "gactivePower": None}, (None, None, None, None)),
    ],
)
def test_halves(members: dict[str, Json], halves: tuple[float | None, ...]) -> None:
    values = Device().read(**members).values
    keys = ("battery_charging_power", "battery_discharging_power", "grid_import_power", "grid_export_power")
    assert tuple(values[key] for key in keys) == halves


@pytest.mark.parametrize(
    ("kind", "members", "soc", "reported"),
    [
        (Kind.HPS_CENTRAL, {"capacity": 77}, 77, "absent"),
        (Kind.HPS_CENTRAL, {"capacity": 77, "soc": 78}, 78, 78),
        (Kind.HPS_CENTRAL, {"capacity": 77, "soc": 470}, 77, None),
        (Kind.HPS_STRING, {"capacity": 77}, 77, "absent"),
        (Kind.BCU, {"soc": 71, "capacity": 70}, 71, 70),
        (Kind.BCU, {"capacity": 70}, 70, 70),
        (Kind.PCS, {"capacity": 48130}, None, "absent"),
        (Kind.PCS, {"effectiveness": 99}, "absent", "absent"),
    ],
)
def test_own_state_of_charge(
    kind: Kind, members: dict[str, Json], soc: float | str | None, reported: float | str | None
) -> None:
    values = Device(kind).read(**members).values
    assert values.get("battery_state_of_charge", "absent") == soc
    assert values.get("reported_state_of_charge", "absent") == reported


@pytest.mark.parametrize(
    ("kind", "members", "current"),
    [
        (Kind.HPS_STRING, {"pac": -2.4, "vbat": 48.0}, -50.0),
        (Kind.HPS_STRING, {"pac": -2.4, "vbat": 8.0}, None),
        (Kind.HPS_STRING, {"pac": None, "vbat": 48.0}, None),
        (Kind.HPS_STRING, {"pac": -2.4}, "absent"),
        (Kind.HPS_CENTRAL, {"pac": -2.4, "vbat": 48.0, "ibat": -49.5}, -49.5),
        (Kind.BCU, {"cbat": 16.5, "batFlag": -1}, -16.5),
        (Kind.BCU, {"cbat": 16.5}, 16.5),
        (Kind.BCU, {"cbat": None, "batFlag": -1}, None),
    ],
)
def test_battery_current(kind: Kind, members: dict[str, Json], current: float | str | None) -> None:
    assert Device(kind).read(**members).values.get("battery_current", "absent") == current


@pytest.mark.parametrize(
    ("members", "key", "expected"),
    [
        ({"maxVolt": 3.436, "minVolt": 3.326}, "cell_voltage_spread", 110),
        ({"maxVolt": 3.436, "minVolt": 8}, "cell_voltage_spread", None),
        ({"maxTemp": 32, "minTemp": 29}, "cell_temperature_spread", 3),
        ({"maxTemp": 32}, "cell_temperature_spread", "absent"),
        ({"epvToday": 21.8, "etoGridToday": 5.0}, "self_consumption_today", 77.1),
        ({"epvToday": 0.4, "etoGridToday": 0.0}, "self_consumption_today", None),
        ({"epvToday": 4.0, "etoGridToday": 5.0}, "self_consumption_today", 0),
        ({"eloadToday": 4.8, "egridToday": 1.9}, "self_sufficiency_today", 60.4),
        ({"eloadToday": None, "egridToday": 1.9}, "self_sufficiency_today", None),
        ({"ebatChargeTotal": 1000, "ebatDischargeTotal": 905}, "battery_round_trip_efficiency", 90.5),
        ({"ebatChargeTotal": 49, "ebatDischargeTotal": 40}, "battery_round_trip_efficiency", None),
        ({"ebatChargeTotal": 100, "ebatDischargeTotal": 101}, "battery_round_trip_efficiency", None),
        ({"ppv": 5, "pac": -2.4, "gactivePower": 0.4, "loadActivePower": 2.1}, "conversion_loss_power", 0.1),
        ({"ppv": 5, "pac": -2.4, "gactivePower": None, "loadActivePower": 2.1}, "conversion_loss_power", None),
        ({"ppv": 5, "pac": -2.4, "loadActivePower": 2.1}, "conversion_loss_power", "absent"),
    ],
)
def test_other_values(members: dict[str, Json], key: str, expected: float | str | None) -> None:
    assert Device().read(**members).values.get(key, "absent") == pytest.approx(expected)


def test_energy_stored() -> None:
    assert energy_stored(91, 20) == 18.2


@pytest.mark.parametrize(
    ("members", "present"),
    [
        ({"bypassFreq": 49.98}, True),
        ({"bypassFreq": 0}, False),
        ({"bypassFreq": 8.1, "gvpvu": 231}, True),
        ({"gvpvu": 3}, False),
        ({"gvpvu": None}, None),
        ({"vbat": 52}, "absent"),
    ],
)
def test_grid_present(members: dict[str, Json], present: bool | str | None) -> None:
    assert Device().read(**members).values.get("grid_present", "absent") == present


@pytest.mark.parametrize(
    ("members", "running"),
    [
        ({"dgGridPower": 3.0}, True),
        ({"dgGridPower": 0.0}, False),
        ({"dgGridPower": None}, None),
        ({"runModel": 3}, True),
        ({"runModel": 5, "dgGridPower": None}, False),
        ({"vbat": 52}, "absent"),
    ],
)
def test_generator_running(members: dict[str, Json], running: bool | str | None) -> None:
    assert Device(Kind.HPS_CENTRAL).read(**members).values.get("generator_running", "absent") == running


@pytest.mark.parametrize(
    ("kind", "members", "charging", "discharging"),
    [
        (Kind.HPS_STRING, {"pac": -2.4}, True, False),
        (Kind.HPS_STRING, {"pac": 2.4}, False, True),
        (Kind.HPS_STRING, {"pac": 0.05}, False, False),
        (Kind.HPS_STRING, {"pac": None}, None, None),
        (Kind.HPS_STRING, {"pac": None, "bmsStatus": 4}, True, False),
        (Kind.BCU, {"batFlag": 1}, False, True),
        (Kind.BCU, {"bmsStatus": 0}, False, False),
        (Kind.BCU, {"soc": 50}, "absent", "absent"),
    ],
)
def test_battery_flow(
    kind: Kind, members: dict[str, Json], charging: bool | str | None, discharging: bool | str | None
) -> None:
    values = Device(kind).read(**members).values
    assert values.get("battery_charging", "absent") == charging
    assert values.get("battery_discharging", "absent") == discharging


def test_corrections_turn_signs_and_counters() -> None:
    corrections = {"battery_sign": "inverted", "grid_sign": "inverted", "grid_counters": "swapped"}
    reading = Device(corrections=corrections).read(
        pac=2.4, gactivePower=1.9, egridToday=1.0, etoGridToday=4.0, egridTotal=9
    )
    values = reading.values
    assert (values["battery_power"], values["battery_charging_power"]) == (-2.4, 2.4)
    assert (values["grid_power"], values["grid_import_power"]) == (1.9, 1.9)
    assert (values["battery_power_reported"], values["grid_power_reported"]) == (2.4, 1.9)
    assert (values["grid_import_energy_today"], values["grid_export_energy_today"]) == (4.0, 1.0)
    assert values["grid_export_energy_total"] == 9
    assert "grid_import_energy_total" not in values


def test_corrections_of_what_corrects_itself() -> None:
    meaning = Device(corrections={"battery_meaning": "inverter_output"})
    assert meaning.read(ppv=4.0, pac=2.0).values["battery_power"] == -2.0
    assert meaning.read(ppv=None, pac=2.0).values["battery_power"] is None
    layout = Device(corrections={"pv_layout": "ppv1"})
    assert layout.read(ppv=2.0, ppv1=6.1, ppv2=2.1, ppv3=2.0).values["pv1_power"] == 2.0
    unit = Device(corrections={"power_unit": "W"})
    assert unit.read(loadActivePower=12).values["load_power"] == 0.012
    own_unit = Device(Kind.PBD, 250, corrections={"pv_power_unit": "W"})
    assert own_unit.read(ppv=500, ppv1=3.0).values["pv_power"] == 0.5
    nonsense = Device(corrections={"battery_sign": "?", "pv_layout": "?", "power_unit": "?", "grid_counters": "?"})
    assert nonsense.read(pac=2.0, egridToday=1.0).values["battery_power"] == 2.0
