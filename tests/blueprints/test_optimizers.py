"""The page about optimizers: what it tells people to enter makes the optimizers' calls, and these have their effect."""

import json
import re
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
import yaml
from homeassistant.auth.models import TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from simulator import Simulator

from ..common import Advance, entity_id, state
from ..control.common import CENTRAL, STRING, device_id, shown
from ..flows import change_device
from ..repository import INTEGRATION
from .common import CHANGE, ROOT, automate, settle, written
from .predbat import Predbat

PAGE = (ROOT / "docs" / "optimizers.md").read_text("utf-8")
PLACEHOLDER = "0123456789abcdef0123456789abcdef"
EXAMPLE = "hps_central_inverter"
KEYS = {
    line.partition("\t")[2]
    for line in (ROOT / "tests" / "data" / "keys.txt").read_text("utf-8").splitlines()
    if line.startswith("hps_central\t")
}


def section(title: str) -> str:
    """Return a section of the page."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def snippet(title: str) -> Any:
    """Return the YAML of a section."""
    [text] = re.findall(r"```yaml\n(.*?)```", section(title), re.DOTALL)
    return yaml.safe_load(text)


@pytest.fixture
async def token(hass: HomeAssistant, controlled: MockConfigEntry, hass_admin_user: MockUser) -> str:
    """Return a long-lived access token, as people create one for an optimizer."""
    refresh_token = await hass.auth.async_create_refresh_token(
        hass_admin_user,
        client_name="Optimizer",
        token_type=TOKEN_TYPE_LONG_LIVED_ACCESS_TOKEN,
        access_token_expiration=timedelta(days=3650),
    )
    return hass.auth.async_create_access_token(refresh_token)


@pytest.fixture
async def predbat(
    hass: HomeAssistant, controlled: MockConfigEntry, advance: Advance, hass_ws_client: WebSocketGenerator, token: str
) -> Predbat:
    """Return a Predbat that controls the central inverter."""
    return Predbat(
        snippet("Predbat"), partial(hass_ws_client, hass, token), advance, device_id(hass, controlled, CENTRAL)
    )


async def test_predbat_charges(hass: HomeAssistant, cloud: Simulator, predbat: Predbat, advance: Advance) -> None:
    """At the start of a charge it first stops discharging; in the end the settings are as before."""
    before = shown(cloud, CENTRAL)
    window = {"charge_start_time": "14:00:00", "charge_end_time": "18:30:00"}
    assert (await predbat.call("discharge_stop_service", "discharge"))["success"]  # type: ignore[index]
    assert written(cloud, before) == []
    answer = await predbat.call("charge_start_service", "charge", target_soc=80, power=22500, **window)
    assert answer is not None
    assert answer["success"], answer
    charging = {"modeSelection": 9, "gridChargePower": 22.5, "chargeCutoffSoc": 80, "gridChargeCutoffSoc": 80}
    assert written(cloud, before) == [charging]
    control = state(hass, f"{CENTRAL}_battery_control")
    assert (control.state, control.attributes["until"].isoformat()) == ("charging", "2026-07-15T16:30:00+00:00")
    assert await predbat.call("charge_start_service", "charge", target_soc=80, power=22500, **window) is None
    await predbat.call("charge_start_service", "charge", target_soc=80, power=10000, **window)
    assert written(cloud, before)[1:] == [charging | {"gridChargePower": 10}]
    assert (await predbat.call("charge_stop_service", "charge"))["success"]  # type: ignore[index]
    assert written(cloud, before)[2:] == [{}]


async def test_predbat_exports(hass: HomeAssistant, cloud: Simulator, predbat: Predbat, advance: Advance) -> None:
    """Down to its target, with its power; then back."""
    before = shown(cloud, CENTRAL)
    window = {"discharge_start_time": "14:00:00", "discharge_end_time": "16:00:00"}
    answer = await predbat.call("charge_stop_service", "charge")
    assert answer is not None
    assert answer["success"]
    answer = await predbat.call("discharge_start_service", "discharge", target_soc=30, power=8000, **window)
    assert answer is not None
    assert answer["success"], answer
    assert state(hass, f"{CENTRAL}_battery_control").state == "discharging"
    exporting = shown(cloud, CENTRAL)
    assert (exporting["modeSelection"], exporting["outputPowerSet"], exporting["dischargeCutoffSoc"]) == (8, 8, 30)
    assert (await predbat.call("discharge_stop_service", "discharge"))["success"]  # type: ignore[index]
    assert shown(cloud, CENTRAL) == before


async def test_predbat_holds(hass: HomeAssistant, cloud: Simulator, predbat: Predbat, advance: Advance) -> None:
    """What Predbat calls freezing the charge: the battery keeps what it has."""
    before = shown(cloud, CENTRAL)
    times = {"charge_start_time": "14:00:00", "charge_end_time": "18:30:00"}
    answer = await predbat.call("charge_freeze_service", "charge", target_soc=40, power=22500, **times)
    assert answer is not None
    assert answer["success"], answer
    assert state(hass, f"{CENTRAL}_battery_control").state == "holding"
    assert shown(cloud, CENTRAL)["dischargeCutoffSoc"] == 40
    assert (await predbat.call("charge_stop_service", "charge"))["success"]  # type: ignore[index]
    assert shown(cloud, CENTRAL) == before


async def test_predbat_that_stops_working(
    hass: HomeAssistant, cloud: Simulator, predbat: Predbat, advance: Advance
) -> None:
    """Its charge ends when it was planned to end."""
    before = shown(cloud, CENTRAL)
    window = {"charge_start_time": "14:00:00", "charge_end_time": "15:00:00"}
    await predbat.call("charge_start_service", "charge", target_soc=80, power=22500, **window)
    assert state(hass, f"{CENTRAL}_battery_control").state == "charging"
    await advance(3600, step=60)
    assert state(hass, f"{CENTRAL}_battery_control").state == "none"
    assert shown(cloud, CENTRAL) == before


def test_all_services_of_predbat_are_there() -> None:
    """It needs the first four with a service API; freezing is announced where there is a service for it."""
    args = snippet("Predbat")["pred_bat"]
    services = {name for name in args if name.endswith("_service")}
    assert {f"{verb}_{action}_service" for verb in ("charge", "discharge") for action in ("start", "stop")} <= services
    assert args["inverter"]["support_charge_freeze"] is ("charge_freeze_service" in services)
    assert args["inverter"]["support_discharge_freeze"] is ("discharge_freeze_service" in services)
    # Our grid power is positive while importing, Predbat's while exporting; our battery has its sign.
    assert args["grid_power_invert"] == [True]
    assert "battery_power_invert" not in args


@pytest.fixture
async def evcc(
    hass: HomeAssistant, controlled: MockConfigEntry, hass_client: ClientSessionGenerator, token: str
) -> tuple[dict[str, Any], Any]:
    """Return evcc's battery as the page has it, with its three scripts, and a client."""
    [battery] = [meter for meter in snippet("evcc")["meters"] if meter["usage"] == "battery"]
    control = entity_id(hass, f"{CENTRAL}_battery_control")
    scripts = {
        battery[f"mode{mode.capitalize()}"].removeprefix("script."): {
            "alias": f"Battery {mode}",
            "use_blueprint": {
                "path": "atess/evcc_mode.yaml",
                "input": {"control": control, "battery_mode": mode, "power": 12, "target_soc": 90},
            },
        }
        for mode in ("normal", "hold", "charge")
    }
    assert await async_setup_component(hass, "api", {})
    assert await async_setup_component(hass, "script", {"script": scripts})
    await settle(hass)
    return battery, await hass_client(token)


async def request(evcc: tuple[dict[str, Any], Any], advance: Advance, mode: str) -> None:
    """Request a mode as evcc does: its script is turned on over REST."""
    battery, client = evcc
    answer = await client.post("/api/services/script/turn_on", json={"entity_id": battery[mode]})
    assert answer.status == HTTPStatus.OK
    await advance(CHANGE)


async def test_evcc_controls_the_battery(
    hass: HomeAssistant, cloud: Simulator, evcc: tuple[dict[str, Any], Any], advance: Advance
) -> None:
    """Each mode replaces the one before; a mode that is requested again and again is written once."""
    before = shown(cloud, CENTRAL)
    await request(evcc, advance, "modeNormal")
    assert written(cloud, before) == []
    for _ in range(3):
        await request(evcc, advance, "modeHold")
    held = {"modeSelection": 0, "gridChargePower": 0, "dischargeCutoffSoc": 40, "dischargeRecoverSoc": 41}
    assert written(cloud, before) == [held]
    await request(evcc, advance, "modeCharge")
    charging = {"modeSelection": 9, "gridChargePower": 12, "chargeCutoffSoc": 90, "gridChargeCutoffSoc": 90}
    assert written(cloud, before) == [held, charging]
    await request(evcc, advance, "modeNormal")
    assert written(cloud, before) == [held, charging, {}]


async def test_evcc_that_stops_working(
    hass: HomeAssistant, cloud: Simulator, evcc: tuple[dict[str, Any], Any], advance: Advance
) -> None:
    """After the longest time, the battery is as before."""
    before = shown(cloud, CENTRAL)
    await request(evcc, advance, "modeHold")
    assert state(hass, f"{CENTRAL}_battery_control").state == "holding"
    await advance(12.2 * 3600, step=300)
    assert state(hass, f"{CENTRAL}_battery_control").state == "none"
    assert shown(cloud, CENTRAL) == before


async def test_evcc_reads_watts(
    hass: HomeAssistant, evcc: tuple[dict[str, Any], Any], controlled: MockConfigEntry
) -> None:
    """It asks for the states over REST, and multiplies what is in kW."""
    battery, client = evcc
    for key in ("power", "soc"):
        name = battery[key].removeprefix(f"sensor.{EXAMPLE}_")
        answer = await client.get(f"/api/states/{entity_id(hass, f'{CENTRAL}_{name}')}")
        found = json.loads(await answer.text())
        assert isinstance(float(found["state"]), float)
        assert found["attributes"]["unit_of_measurement"] == {"power": "kW", "soc": "%"}[key]


async def test_emhass_reads_watts_and_its_plan_is_followed(
    hass: HomeAssistant,
    cloud: Simulator,
    controlled: MockConfigEntry,
    advance: Advance,
    hass_client: ClientSessionGenerator,
    token: str,
) -> None:
    """It takes states as watts, and posts its plan with these members."""
    assert await async_setup_component(hass, "api", {})
    client = await hass_client(token)
    for name in snippet("EMHASS").values():
        entity = entity_id(hass, f"{CENTRAL}_{name.removeprefix(f'sensor.{EXAMPLE}_')}")
        kilowatts = hass.states.get(entity)
        er.async_get(hass).async_update_entity_options(entity, "sensor", {"unit_of_measurement": "W"})
        await settle(hass)
        answer = json.loads(await (await client.get(f"/api/states/{entity}")).text())
        assert answer["attributes"]["unit_of_measurement"] == "W"
        assert kilowatts is not None
        assert float(answer["state"]) == pytest.approx(float(kilowatts.state) * 1000)

    async def publish(watts: float) -> None:
        attributes = {
            "device_class": "power",
            "unit_of_measurement": "W",
            "friendly_name": "Battery Power Forecast",
            "battery_scheduled_power": [],
        }
        posted = await client.post(
            "/api/states/sensor.p_batt_forecast", json={"state": f"{watts:.2f}", "attributes": attributes}
        )
        assert posted.status in {HTTPStatus.OK, HTTPStatus.CREATED}
        await advance(CHANGE)

    await automate(
        hass, "follow_plan", control=entity_id(hass, f"{CENTRAL}_battery_control"), plan="sensor.p_batt_forecast"
    )
    before = shown(cloud, CENTRAL)
    await publish(-4321.98)
    charging = {"modeSelection": 9, "gridChargePower": 4.3, "gridChargeCutoffSoc": 100}
    assert written(cloud, before) == [charging]
    await publish(2750.5)
    assert written(cloud, before) == [charging, {}]


HAEO = {
    "Capacity": ("energy_storage", "kWh"),
    "Current charge percentage": ("battery", "%"),
    "Max charge power": ("power", "kW"),
    "Max discharge power": ("power", "kW"),
}


async def test_haeo_finds_what_it_needs_and_its_plan_is_followed(
    hass: HomeAssistant, cloud: Simulator, controlled: MockConfigEntry, advance: Advance
) -> None:
    """Its pickers take sensors by name and unit, and its plan is a sensor in kW, positive while discharging."""
    await change_device(hass, controlled, CENTRAL, usable_capacity=205)
    fields = dict(re.findall(r"\| ([A-Z][a-z ]+?) \| \*\*(.+?)\*\*", section("HAEO")))
    assert fields.keys() == HAEO.keys()
    named = {
        found.name: found
        for item in er.async_get(hass).entities.values()
        if item.unique_id.startswith(CENTRAL) and (found := hass.states.get(item.entity_id)) is not None
    }
    for field, (device_class, unit) in HAEO.items():
        [found] = [each for name, each in named.items() if name.endswith(fields[field])]
        assert (found.attributes["device_class"], found.attributes["unit_of_measurement"]) == (device_class, unit)
        assert float(found.state) >= 0

    async def plan(kilowatts: float) -> None:
        attributes = {"device_class": "power", "state_class": "measurement", "unit_of_measurement": "kW"}
        hass.states.async_set("sensor.battery_active_power", str(kilowatts), attributes | {"forecast": {}})
        await advance(CHANGE)

    await automate(
        hass, "follow_plan", control=entity_id(hass, f"{CENTRAL}_battery_control"), plan="sensor.battery_active_power"
    )
    before = shown(cloud, CENTRAL)
    await plan(-6.5)
    charging = {"modeSelection": 9, "gridChargePower": 6.5, "gridChargeCutoffSoc": 100}
    assert written(cloud, before) == [charging]
    await plan(3.2)
    assert written(cloud, before) == [charging, {}]


async def test_a_call_that_a_device_cannot_follow_fails(
    hass: HomeAssistant, controlled: MockConfigEntry, predbat: Predbat
) -> None:
    """A string inverter has no setting for the charging power: an optimizer is told so at once."""
    predbat.args["device_id"] = device_id(hass, controlled, STRING)
    window = {"charge_start_time": "14:00:00", "charge_end_time": "18:30:00"}
    answer = await predbat.call("charge_start_service", "charge", target_soc=80, power=2500, **window)
    assert answer is not None
    assert not answer["success"]
    del predbat.args["charge_start_service"][0]["power"]
    answer = await predbat.call("charge_start_service", "charge", target_soc=80, power=2600, **window)
    assert answer is not None
    assert answer["success"]


def test_the_page_names_entities_that_exist() -> None:
    """In examples by their key, in tables by their name."""
    used = set(re.findall(rf"sensor\.{EXAMPLE}_(\w+)", PAGE))
    assert len(used) > 10
    assert used - KEYS == set()
    texts = json.loads((INTEGRATION / "translations" / "en.json").read_text("utf-8"))["entity"]["sensor"]
    names = {text["name"] for text in texts.values() if "name" in text}
    rows = [
        line.split("|")[column]
        for title, column in (("What they read", 1), ("HAEO", 2))
        for line in section(title).splitlines()
        if line.startswith("| ") and "**" in line
    ]
    assert {name for row in rows for name in re.findall(r"\*\*(.+?)\*\*", row)} - names == set()


def test_the_page_names_actions_that_exist() -> None:
    described = yaml.safe_load((INTEGRATION / "services.yaml").read_text("utf-8"))
    used = set(re.findall(r"atess\.(\w+)", PAGE))
    assert {"force_charge", "force_discharge", "hold", "resume"} <= used
    assert used <= set(described)
    for name, template in snippet("Predbat")["pred_bat"].items():
        if name.endswith("_service"):
            fields = described[template[0]["service"].removeprefix("atess.")]["fields"]
            assert set(template[0]) - {"service"} <= set(fields)


def test_the_page_tells_the_limits() -> None:
    assert PLACEHOLDER in PAGE
    limits = section("What to know first")
    assert "every 5 minutes" in limits
    assert "a few minutes" in limits
