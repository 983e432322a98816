"""Every kind of device: its entities, how devices hang together, and what they make as a plant."""

import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from syrupy.assertion import SnapshotAssertion

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from .common import Advance, add_entry, enable_all, entity_lines, set_up, state


def by_kind(cloud: Simulator) -> dict[str, list[Any]]:
    """Return the cloud's devices by kind."""
    found: dict[str, list[Any]] = {}
    for device in cloud.devices:
        found.setdefault(device.kind, []).append(device)
    return found


def single(example: str) -> dict[str, Any]:
    """Return an example plant whose systems have no number, as those that stand alone."""
    plant: dict[str, Any] = json.loads(
        (Path(__file__).parents[1] / f"simulator/plants/{example}.json").read_text(encoding="utf-8")
    )
    return {**plant, "systems": [{**system, "system_no": 0} for system in plant["systems"]]}


def number(hass: HomeAssistant, unique_id: str) -> float:
    """Return the state of a sensor as a number."""
    return float(state(hass, unique_id).state)


@pytest.mark.parametrize("plant", ["demo", "farm", "commercial"])
async def test_snapshot(hass: HomeAssistant, cloud: Simulator, snapshot: SnapshotAssertion) -> None:
    """Every entity of a device of each kind and of the plant, but for settings, as registered and as shown."""
    cloud.inject(kind="code", code=400, operation="settings")
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    enable_all(hass, entry)
    await set_up_again(hass, entry)
    for kind, devices in by_kind(cloud).items():
        assert entity_lines(hass, devices[0].sn) == snapshot(name=kind)
    assert entity_lines(hass, f"plant_{entry.entry_id}") == snapshot(name="plant")


@pytest.mark.parametrize("plant", ["farm"])
async def test_farm(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """The farm's devices and the plant show live values that agree with one another, for few requests."""
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    assert len(cloud.devices) == 7
    assert len([request for request in cloud.requests if "setting" not in request.path]) <= 2 * 7
    assert cloud.violations == 0
    await advance(301)

    plant = f"plant_{entry.entry_id}"
    kinds = by_kind(cloud)
    assert number(hass, f"{plant}_pv_power") == pytest.approx(
        sum(number(hass, f"{pbd.sn}_pv_power") for pbd in kinds["pbd"]), abs=0.01
    )
    assert number(hass, f"{plant}_pv_energy_total") == pytest.approx(
        sum(number(hass, f"{pbd.sn}_pv_energy_total") for pbd in kinds["pbd"]), abs=0.1
    )
    [pcs], [mbms] = kinds["pcs"], kinds["mbms"]
    charge = state(hass, f"{pcs.sn}_battery_state_of_charge")
    assert float(charge.state) == number(hass, f"{mbms.sn}_battery_state_of_charge")
    assert charge.attributes["source"] == "mbms"
    assert number(hass, f"{plant}_battery_state_of_charge") == float(charge.state)
    power = {key: number(hass, f"{plant}_{key}_power") for key in ("pv", "battery", "grid", "load")}
    losses = power["pv"] + power["battery"] + power["grid"] - power["load"]
    assert 0 < losses < 0.06 * (power["pv"] + abs(power["battery"]) + abs(power["grid"]))
    assert state(hass, f"{plant}_cloud_reachable", "binary_sensor").state == "on"


@pytest.mark.parametrize("plant", ["farm"])
async def test_relations(hass: HomeAssistant, cloud: Simulator) -> None:
    """Clusters hang on the battery system, and that on the inverter. Data loggers are no devices."""
    entry = add_entry(hass, cloud)
    registry = dr.async_get(hass)
    logger = registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("atess", cloud.data_logs[0])}, name="Data logger"
    )
    await set_up(hass, entry)
    assert registry.async_get(logger.id) is None
    found = {
        identifier: device
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        for _, identifier in device.identifiers
    }
    kinds = by_kind(cloud)
    [pcs], [mbms] = kinds["pcs"], kinds["mbms"]
    assert set(found) == {f"plant_{entry.entry_id}", *(device.sn for device in cloud.devices)}
    entities = er.async_get(hass)
    # Home Assistant asks for the area of each: there has to be something in it.
    assert all(er.async_entries_for_device(entities, item.id) for item in found.values())
    assert found[pcs.sn].via_device_id is None
    assert all(found[pbd.sn].via_device_id is None for pbd in kinds["pbd"])
    assert found[mbms.sn].via_device_id == found[pcs.sn].id
    assert all(found[bcu.sn].via_device_id == found[mbms.sn].id for bcu in kinds["bcu"])
    for device in cloud.devices:
        item = found[device.sn]
        assert item.manufacturer == "ATESS"
        assert item.serial_number == device.sn
        assert item.configuration_url == "https://www.enerclo-atesspower.com/"
        assert entry.subentries[item.config_subentry_id or ""].unique_id == device.sn
    assert found[pcs.sn].model == pcs.model
    assert found[kinds["bcu"][0].sn].model == "BCU"


# The paths that an operation may answer at, in the order to try, where the specification names several.
CANDIDATES = {
    "bcu.latest": ["bms/bcu-data-last", "bms/buc-data-last"],
    "bcu.base_info": ["bms/buc-base-info", "bms/bcu-base-info"],
    "hps_string.base_info": ["hps/base-info-small", "hps/small-base-info"],
    "hps_central.base_info": ["hps/base-info", "hps/big-base-info", "hps/base-info-big"],
}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("example", ["farm", "demo"])
async def test_candidate_paths_in_any_order(
    hass: HomeAssistant, socket_enabled: None, advance: Advance, seed: int, example: str
) -> None:
    """Whichever candidate answers, every device comes up; in a day no candidate is tried twice, no limit broken."""
    chosen = random.Random(seed)
    paths = {operation: chosen.choice(candidates) for operation, candidates in CANDIDATES.items()}
    cloud = Simulator(plant=example, seed=seed, now=time.time, paths=paths)
    await cloud.start()
    entry = add_entry(hass, cloud, scan_interval=60)
    await set_up(hass, entry)
    for device in cloud.devices:
        assert state(hass, f"{device.sn}_online", "binary_sensor").state == "on", device.kind
    await advance(86400 - 60, step=3601)
    missed = Counter(request.path for request in cloud.requests if request.code in {400, 404})
    expected = {
        path
        for operation, candidates in CANDIDATES.items()
        for path in candidates[: candidates.index(paths[operation])]
        if operation.partition(".")[0] in {device.kind for device in cloud.devices}
    }
    assert missed == dict.fromkeys(expected, 1)
    assert cloud.violations == 0
    await cloud.stop()


@pytest.mark.parametrize("plant", ["home"])
async def test_charge_of_a_string_inverter_comes_from_its_battery(hass: HomeAssistant, cloud: Simulator) -> None:
    """A string HPS reports no state of charge; it shows that of the battery system behind the same data logger."""
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    await set_up_again(hass, entry)
    kinds = by_kind(cloud)
    [inverter], [battery] = kinds["hps_string"], kinds["mbms"]
    charge = state(hass, f"{inverter.sn}_battery_state_of_charge")
    assert float(charge.state) == number(hass, f"{battery.sn}_battery_state_of_charge")
    assert charge.attributes["source"] == "mbms"


@pytest.mark.parametrize("plant", [single("home")], ids=["home"])
async def test_data_logger_in_another_case(hass: HomeAssistant, cloud: Simulator) -> None:
    """A battery system that was added by its data logger in lower case belongs to the inverter all the same."""
    cloud.configure(serial_case="any")
    kinds = by_kind(cloud)
    [inverter], [battery] = kinds["hps_string"], kinds["mbms"]
    cloud.inject(kind="no_data", operation="base_info", device=battery.sn)
    entry = add_entry(hass, cloud, [inverter, battery])
    subentry = next(item for item in entry.subentries.values() if item.unique_id == battery.sn)
    known = {"data_log_sn": battery.data_log_sn.lower(), "system_no": 0}
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **known})
    await set_up(hass, entry)
    await set_up_again(hass, entry)
    charge = state(hass, f"{inverter.sn}_battery_state_of_charge")
    assert float(charge.state) == number(hass, f"{battery.sn}_battery_state_of_charge")
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    found = {device.serial_number: device for device in devices}
    assert found[battery.sn].via_device_id == found[inverter.sn].id


async def set_up_again(hass: HomeAssistant, entry: Any) -> None:
    """Reload an entry, so that what the base info told of data loggers is known from the start."""
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("plant", ["commercial"])
async def test_hv_model(hass: HomeAssistant, cloud: Simulator) -> None:
    """On an HV model the total stands in ppv1, the first input in ppv."""
    [device] = cloud.devices
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    enable_all(hass, entry)
    await set_up_again(hass, entry)
    inputs = [number(hass, f"{device.sn}_pv{index}_power") for index in (1, 2, 3)]
    assert number(hass, f"{device.sn}_pv_power") == pytest.approx(sum(inputs), abs=0.3)
    assert number(hass, f"{device.sn}_pv1_voltage") == number(hass, f"{device.sn}_pv1_voltage_hv")


@pytest.mark.parametrize("plant", ["minimal"])
async def test_minimal(hass: HomeAssistant, cloud: Simulator) -> None:
    """Without a battery there is no state of charge, and a single device makes no sums of a plant."""
    [device] = cloud.devices
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    registry = er.async_get(hass)
    assert registry.async_get_entity_id("sensor", DOMAIN, f"{device.sn}_battery_state_of_charge") is None
    assert registry.async_get_entity_id("sensor", DOMAIN, f"plant_{entry.entry_id}_pv_power") is None
    assert number(hass, f"{device.sn}_pv_power") >= 0
    assert state(hass, f"plant_{entry.entry_id}_cloud_reachable", "binary_sensor").state == "on"


async def test_members_that_appear_later(hass: HomeAssistant, cloud: Simulator, clock: Any, advance: Advance) -> None:
    """A member that is sent only at night makes its entity then, without reload, and keeps it, also over a restart."""
    device = cloud.devices[1]
    cloud.inject(kind="members", device=device.sn, remove=["gridFreq"])
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    registry = er.async_get(hass)
    assert registry.async_get_entity_id("sensor", DOMAIN, f"{device.sn}_grid_frequency") is None
    cloud.clear()
    await advance(301)
    assert number(hass, f"{device.sn}_grid_frequency") == pytest.approx(50, abs=1)
    cloud.inject(kind="members", device=device.sn, remove=["gridFreq"])
    await advance(301)
    assert state(hass, f"{device.sn}_grid_frequency").state == STATE_UNAVAILABLE
    await set_up_again(hass, entry)
    assert state(hass, f"{device.sn}_grid_frequency").state == STATE_UNAVAILABLE


async def test_enumeration_as_text(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """An enumeration is understood as number, as text with a number and as the state's own name; else it is unknown."""
    serial = cloud.devices[1].sn
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    for sent, shown in (
        (2, "on_grid"),
        ("5", "off_grid"),
        ("on_grid", "on_grid"),
        ("exploded", "unknown"),
        (2.0, "on_grid"),
    ):
        cloud.inject(kind="members", device=serial, set={"status": sent})
        await advance(301)
        assert state(hass, f"{serial}_operating_state").state == shown, sent
        cloud.clear()


async def test_unknown_code_is_logged_once(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, caplog: pytest.LogCaptureFixture
) -> None:
    """A code that the catalogue does not know is logged once, not with every sample."""
    serial = cloud.devices[1].sn
    cloud.inject(kind="members", device=serial, set={"status": 77})
    await set_up(hass, add_entry(hass, cloud))
    await advance(1500)
    assert len([record for record in caplog.records if "77, which is not known" in record.getMessage()]) == 1
    assert state(hass, f"{serial}_operating_state").attributes["raw_value"] == 77


async def test_foreign_answer(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """An answer about another device changes nothing; the failure is told, and the next right answer counts."""
    first, second = cloud.devices
    await set_up(hass, add_entry(hass, cloud))
    before = state(hass, f"{second.sn}_pv_energy_total").state
    cloud.inject(kind="members", device=second.sn, set={"deviceSn": first.sn, "epvTotal": 1.0})
    await advance(301)
    assert state(hass, f"{second.sn}_pv_energy_total").state == before
    cloud.clear()
    await advance(601)
    assert float(state(hass, f"{second.sn}_pv_energy_total").state) >= float(before)


async def test_gone_for_a_week(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A device that vanishes for a week comes back with its entities and counters, without a fall."""
    serial = cloud.devices[0].sn
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    before = float(state(hass, f"{serial}_pv_energy_total").state)
    cloud.inject(kind="offline", device=serial)
    await advance(7 * 86400, step=7200)
    assert state(hass, f"{serial}_pv_power").state == STATE_UNAVAILABLE
    assert float(state(hass, f"{serial}_pv_energy_total").state) >= before
    cloud.clear()
    await advance(3600, step=300)
    assert state(hass, f"{serial}_pv_power").state != STATE_UNAVAILABLE
    assert float(state(hass, f"{serial}_pv_energy_total").state) > before
    assert cloud.violations == 0
