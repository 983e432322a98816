"""The views that are made of what the registries hold of whole plants, in a real browser."""

from typing import Any

import pytest
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from ..common import add_entry, enable_all, restart, set_up
from ..control.common import add_settings_entry
from .common import async_frontend_hass, async_generate, cards, graphed, headings, places

# Types and features of Home Assistant's own cards; tests/browser shows that they are drawn.
TYPES = {
    "button",
    "distribution",
    "energy-distribution",
    "glance",
    "heading",
    "history-graph",
    "markdown",
    "statistics-graph",
    "tile",
}
FEATURES = {"bar-gauge", "numeric-input", "select-options", "toggle", "trend-graph"}
ALL = ["overview", "solar", "battery", "grid", "settings", "diagnostics"]
BY_PLANT = {
    "home": ALL,
    "farm": [name for name in ALL if name != "settings"],
    "commercial": ALL,
    "minimal": [name for name in ALL if name != "battery"],
}


def assert_sound(home: dict[str, Any], views: dict[str, Any]) -> None:
    """Assert that cards are of types that exist, name entities that exist, none twice on a page and each somewhere."""
    shown: set[str] = set()
    for view in views.values():
        assert view["type"] == "sections"
        assert view["title"]
        assert {card["type"] for card in cards(view)} <= TYPES
        features = {each["type"] for card in cards(view) for each in card.get("features", [])}
        assert features <= FEATURES
        named = places(view)
        assert len(named) == len(set(named))
        assert {*named, *graphed(view)} <= set(home["entities"])
        assert all(section["cards"][0]["type"] == "heading" for section in view["sections"])
        assert all(len(section["cards"]) > 1 for section in view["sections"])
        shown.update(named)
    ours = {name for name, each in home["entities"].items() if each["platform"] == DOMAIN and not each["hidden"]}
    assert ours - shown == set()


@pytest.mark.parametrize("plant", list(BY_PLANT))
async def test_plants(hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator, plant: str) -> None:
    """Each plant has the views that its devices can fill, as it comes and with all of its entities enabled."""
    entry = add_settings_entry(hass, cloud, devices=len(cloud.devices))
    await set_up(hass, entry)
    plain = await async_frontend_hass(hass, hass_ws_client)
    enable_all(hass, entry)
    await restart(hass, entry)
    full = await async_frontend_hass(hass, hass_ws_client)
    assert len(full["entities"]) > 1.5 * len(plain["entities"])

    for home, views in zip((plain, full), await async_generate(hass, (plain, {}), (full, {})), strict=True):
        assert_sound(home, views)
        assert list(views) == [name for name in BY_PLANT[plant] if name in views]
        assert {"overview", "solar", "grid", "diagnostics"} <= set(views)
        assert ("battery" in views) == ("battery" in BY_PLANT[plant])
        controls = {"number", "select", "switch", "time"}
        assert ("settings" in views) == any(name.split(".")[0] in controls for name in home["entities"])


@pytest.mark.parametrize("plant", ["home"])
async def test_home(hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator) -> None:
    """What each view of the plant "home" is there for."""
    await set_up(hass, add_entry(hass, cloud))
    home = await async_frontend_hass(hass, hass_ws_client)
    views = (await async_generate(hass, (home, {})))[0]
    assert headings(views["overview"]) == ["Now", "Today", "Status"]
    assert "sensor.plant_battery_state_of_charge" in places(views["overview"])
    [bar] = [card for card in cards(views["overview"]) if card["type"] == "distribution"]
    assert [each["entity"] for each in bar["entities"]] == [
        f"sensor.plant_{each}_power" for each in ("pv", "battery", "grid")
    ]
    faults = [card for card in cards(views["overview"]) if card.get("visibility")]
    assert [card["entity"] for card in faults] == ["sensor.hps_string_1_active_faults", "event.hps_string_1_fault"]
    assert {"sensor.hps_string_1_pv1_power", "sensor.hps_string_1_pv2_power"} <= set(graphed(views["solar"]))
    assert headings(views["battery"]) == ["Battery", "hps_string 1", "mbms 2", "bcu 3"]
    assert "sensor.mbms_2_cell_voltage_maximum" in places(views["battery"])
    # The inverter's, which an import fills, and not the plant's, which begin with the integration.
    [days] = [card for card in cards(views["battery"]) if card["type"] == "statistics-graph"]
    energies = [f"sensor.hps_string_1_battery_{way}_in_total" for way in ("charged", "discharged")]
    assert [each["entity"] for each in days["entities"]] == energies
    [phases] = [card for card in cards(views["grid"]) if card["type"] == "glance"]
    assert [each["name"] for each in phases["entities"]] == ["L1", "L2", "L3"]


@pytest.mark.parametrize("plant", ["farm"])
async def test_farm(hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator) -> None:
    """Devices of a kind are told apart by their names, voltages between phases stand side by side."""
    await set_up(hass, add_entry(hass, cloud))
    home = await async_frontend_hass(hass, hass_ws_client)
    views = (await async_generate(hass, (home, {})))[0]
    assert headings(views["solar"]) == ["pbd 2", "pbd 3", "Solar"]
    assert headings(views["battery"])[-4:] == ["mbms 4", "bcu 5", "bcu 6", "bcu 7"]
    [phases] = [card for card in cards(views["grid"]) if card["type"] == "glance"]
    assert [each["name"] for each in phases["entities"]] == ["L1-L2", "L2-L3", "L3-L1"]
    assert "Grid voltage" in [card["heading"] for card in cards(views["grid"]) if card["type"] == "heading"]
    states = [card for card in cards(views["overview"]) if card.get("entity", "").endswith("_operating_state")]
    assert [card["name"] for card in states] == 3 * [{"type": "device"}]


@pytest.mark.parametrize("plant", ["home"])
async def test_windows_stand_in_order(
    hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator
) -> None:
    """Starts come before ends, and the windows of a tariff by number."""
    entry = add_settings_entry(hass, cloud, confirmed={cloud.devices[0].sn: _windows()}, devices=1)
    await set_up(hass, entry)
    home = await async_frontend_hass(hass, hass_ws_client)
    views = (await async_generate(hass, (home, {})))[0]
    times = [name.removeprefix("time.hps_string_1_") for name in places(views["settings"]) if name.startswith("time.")]
    # The second peak period is not used.
    windows = (("p1", "peak"), ("f1", "flat"), ("f2", "flat"), ("v1", "valley"), ("v2", "valley"))
    assert times == [f"{window}_{part}_{tariff}" for window, tariff in windows for part in ("from", "to")]


def _windows() -> dict[str, str]:
    """Return the confirmed keys of the plant's periods."""
    return {
        f"{tariff}_period_{number}": f"{tariff}PeriodTime{number}"
        for tariff in ("peak", "flat", "valley")
        for number in (1, 2)
    }


@pytest.mark.parametrize("plant", ["farm"])
@pytest.mark.parametrize("kinds", [{"pcs"}, {"pbd"}, {"bcu"}, {"mbms", "bcu"}, {"pcs", "pbd"}])
async def test_parts_of_a_plant(
    hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator, kinds: set[str]
) -> None:
    """Devices without a battery, a solar controller, or a battery management system beside them."""
    await set_up(hass, add_entry(hass, cloud, [device for device in cloud.devices if device.kind in kinds]))
    home = await async_frontend_hass(hass, hass_ws_client)
    views = (await async_generate(hass, (home, {})))[0]
    assert_sound(home, views)
    assert ("solar" in views) == ("pbd" in kinds)
    assert ("grid" in views) == ("pcs" in kinds)


@pytest.mark.parametrize("plant", ["home"])
async def test_all_unavailable(hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator) -> None:
    """A plant that is silent has the same views: they are made of registries, not of states."""
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    before = await async_frontend_hass(hass, hass_ws_client)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    after = await async_frontend_hass(hass, hass_ws_client)
    states = {hass.states.get(name).state for name in after["entities"]}
    assert states == {STATE_UNAVAILABLE}
    talking, silent = await async_generate(hass, (before, {}), (after, {}))
    assert talking == silent
    assert_sound(after, silent)


async def test_two_plants(hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator) -> None:
    """Two accounts are two plants, each under its name."""
    first, second = cloud.devices
    await set_up(hass, add_entry(hass, cloud, [first]))
    await set_up(hass, add_entry(hass, cloud, [second], entry_id="other", unique_id="other"))
    registry = dr.async_get(hass)
    for entry_id, name in (("atess_test_entry", "Cellar"), ("other", "Barn")):
        device = registry.async_get_device_by_identifier((DOMAIN, f"plant_{entry_id}"), entry_id)
        assert device is not None
        registry.async_update_device(device.id, name_by_user=name)
    home = await async_frontend_hass(hass, hass_ws_client)
    views = (await async_generate(hass, (home, {})))[0]
    assert_sound(home, views)
    assert headings(views["overview"]) == [
        f"{plant}: {what}" for plant in ("Barn", "Cellar") for what in ("Now", "Today", "Status")
    ]


async def test_nothing(hass: HomeAssistant) -> None:
    """Without any device, the dashboard says what to do."""
    home = {"entities": {}, "devices": {}, "language": "en", "config": {"components": []}}
    views = (await async_generate(hass, (home, {})))[0]
    [card] = cards(views["overview"])
    assert list(views) == ["overview"]
    assert "/config/integrations/integration/atess" in card["content"]


async def test_an_account_without_devices(
    hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator
) -> None:
    """Its plant is there, and whether the cloud can be reached."""
    await set_up(hass, add_entry(hass, cloud, []))
    home = await async_frontend_hass(hass, hass_ws_client)
    views = (await async_generate(hass, (home, {})))[0]
    assert list(views) == ["overview", "diagnostics"]
    assert_sound(home, views)
    assert places(views["overview"]) == ["binary_sensor.plant_cloud_reachable"]


@pytest.mark.parametrize("plant", ["home"])
async def test_options(hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator) -> None:
    """Which devices, which views, whether settings, whether the whole home."""
    entry = add_settings_entry(hass, cloud, devices=len(cloud.devices))
    await set_up(hass, entry)
    home = await async_frontend_hass(hass, hass_ws_client)
    inverter = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, cloud.devices[0].sn), entry.entry_id)
    assert inverter is not None
    hidden = {"show_settings": False, "show_energy": False}
    everything, one, some, without = await async_generate(
        hass, (home, {}), (home, {"devices": [inverter.id]}), (home, {"views": ["battery", "overview"]}), (home, hidden)
    )
    assert list(everything) == ALL
    assert {home["entities"][name]["device_id"] for view in one.values() for name in places(view)} == {inverter.id}
    assert list(some) == ["overview", "battery"]
    assert "settings" not in without
    assert any(card["type"] == "button" for card in cards(everything["overview"]))
    assert not any(card["type"] == "button" for card in cards(without["overview"]))


@pytest.mark.parametrize("plant", ["home"])
async def test_energy_dashboard(hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator) -> None:
    """Cards of the whole home only if it knows a source of ours; else an administrator may add them."""
    await set_up(hass, add_entry(hass, cloud))
    home = await async_frontend_hass(hass, hass_ws_client)
    ours = {"energy_sources": [{"type": "solar", "stat_energy_from": "sensor.hps_string_1_pv_energy_total"}]}
    legacy = {
        "energy_sources": [{"type": "grid", "flow_from": [{"stat_energy_from": "sensor.hps_string_1_grid_power"}]}]
    }
    others = {"energy_sources": [{"type": "solar", "stat_energy_from": "sensor.balcony_energy"}]}
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"preferences": ours}, {"energy-distribution"}),
        ({"preferences": legacy}, {"energy-distribution"}),
        ({"preferences": others}, {"markdown", "button"}),
        ({}, {"markdown", "button"}),
        ({"user": {"is_admin": False}}, set()),
        ({"config": {"components": []}, "preferences": ours}, set()),
    ]
    made = await async_generate(hass, *(({**home, **changed}, {}) for changed, _ in cases))
    for views, (_, expected) in zip(made, cases, strict=True):
        types = {card["type"] for card in cards(views["overview"])}
        assert types & {"energy-distribution", "markdown", "button"} == expected
    [button] = [card for card in cards(made[3]["overview"]) if card["type"] == "button"]
    domain, action = button["tap_action"]["perform_action"].split(".")
    assert hass.services.has_service(domain, action)


@pytest.mark.parametrize("plant", ["home"])
async def test_hidden_and_new_entities(
    hass: HomeAssistant, cloud: Simulator, hass_ws_client: WebSocketGenerator
) -> None:
    """What a user hides is nowhere; battery control is shown where it exists."""
    await set_up(hass, add_entry(hass, cloud))
    registry = er.async_get(hass)
    registry.async_update_entity("sensor.hps_string_1_pv1_power", hidden_by=er.RegistryEntryHider.USER)
    home = await async_frontend_hass(hass, hass_ws_client)
    inverter = home["entities"]["sensor.hps_string_1_pv_power"]
    control = {
        **inverter,
        "entity_id": "sensor.steering",
        "name": "Battery control",
        "translation_key": "battery_control",
    }
    controlled = {**home, "entities": {**home["entities"], "sensor.steering": control}}
    plain, steered = await async_generate(hass, (home, {}), (controlled, {}))
    assert not any("sensor.hps_string_1_pv1_power" in [*places(view), *graphed(view)] for view in plain.values())
    assert "sensor.steering" in places(steered["overview"])
    assert "sensor.steering" in places(steered["battery"])
