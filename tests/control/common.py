"""What the tests of settings share."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigSubentryData, ConfigSubentryDataWithId
from homeassistant.const import ATTR_ENTITY_ID, CONF_TOKEN, EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import CONF_BASE_URL, DOMAIN, SUBENTRY_DEVICE
from simulator import Simulator

from ..common import Advance, account_of, assert_sound_writes, entity_id, state

STRING, CENTRAL = "SIMHPS0001", "SIMHPS0002"
CUT_OFF = f"{STRING}_discharge_cut_off_soc"
UPPER = f"{STRING}_bms_soc_upper_limit"
CHANGE = f"{STRING}_settings_change"
CONTROLS = ("number", "select", "switch", "time")
SMALL, BIG = "hps/small-setting", "hps/big-setting"


def _windows(count: int) -> dict[str, str]:
    return {
        f"{tariff}_period_{number}": f"{tariff}PeriodTime{number}"
        for tariff in ("peak", "flat", "valley")
        for number in range(1, count + 1)
    }


# What a user would confirm in the naming style "plain".
PLAIN: dict[str, str | None] = {
    "mode": "modeSelection",
    "discharge_cut_off_soc": "dischargeCutoffSoc",
    "bms_soc_upper_limit": "bmsSocUpperLimit",
    "bms_soc_lower_limit": "bmsSocLowerLimit",
    "grid_power_upper_limit": "gridPowerUpperLimit",
    "charge_from_grid_and_pv_together": "gridPvChargeEnable",
    "output_power_setting": "outputPowerSet",
    "battery_charge_current": "icharge",
    "station_address": None,
    **_windows(2),
}
PLAIN_CENTRAL: dict[str, str | None] = {
    **PLAIN,
    **_windows(5),
    "discharge_recover_soc": "dischargeRecoverSoc",
    "charge_cut_off_soc": "chargeCutoffSoc",
    "grid_charge_cut_off_soc": "gridChargeCutoffSoc",
    "grid_charging_power": "gridChargePower",
    "forced_charge": "forcedChargeEnable",
}
# What an action of a control runs, by name.
ENTITY_ACTIONS = {
    "_async_set_value",
    "async_handle_select_option",
    "async_set_value",
    "async_turn_off",
    "async_turn_on",
}
CONFIRMED = {STRING: PLAIN, CENTRAL: PLAIN_CENTRAL}


def add_settings_entry(
    hass: HomeAssistant,
    cloud: Simulator,
    *,
    confirmed: Mapping[str, Mapping[str, str | None]] | None = None,
    devices: int = 1,
    **options: Any,
) -> MockConfigEntry:
    """Add an entry whose user has confirmed keys and, unless told otherwise, allows changes; polls each minute."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        entry_id="atess_test_entry",
        title="Enerclo",
        unique_id=account_of(cloud),
        data={CONF_TOKEN: cloud.token, CONF_BASE_URL: cloud.base_url},
        options={"scan_interval": 1, "allow_changes": True, **options},
        subentries_data=[
            ConfigSubentryData(
                data={
                    "device_sn": device.sn,
                    "kind": device.kind,
                    "settings": dict((CONFIRMED if confirmed is None else confirmed).get(device.sn, {})),
                },
                subentry_type=SUBENTRY_DEVICE,
                title=f"{device.kind} {number}",
                unique_id=device.sn,
            )
            for number, device in enumerate(cloud.devices[:devices], 1)
        ],
    )
    entry.add_to_hass(hass)
    return entry


def life_with(cloud: Simulator, folder: Path, serial: str = STRING) -> dict[str, Any]:
    """Return a life in a process, in a folder, with a device of a cloud."""
    [device] = [item for item in cloud.devices if item.sn == serial]
    token = cloud.token.removeprefix("Basic ")
    return {"folder": str(folder), "address": cloud.base_url, "token": token, "serial": serial, "kind": device.kind}


def killed_entry(life: Mapping[str, Any]) -> MockConfigEntry:
    """Return the entry of a life, the same in each process."""
    serial = life["serial"]
    device = ConfigSubentryDataWithId(
        data={"device_sn": serial, "kind": life["kind"], "settings": dict(CONFIRMED[serial])},
        subentry_id="01KILLED000000000000000000",
        subentry_type=SUBENTRY_DEVICE,
        title="Cellar",
        unique_id=serial,
    )
    return MockConfigEntry(
        domain=DOMAIN,
        entry_id="atess_test_entry",
        title="Enerclo",
        unique_id="killed",
        data={CONF_TOKEN: f"Basic {life['token']}", CONF_BASE_URL: life["address"]},
        options={"scan_interval": 1, "allow_changes": True},
        subentries_data=[device],
    )


def puts(cloud: Simulator) -> list[Any]:
    """Return the writes that reached the cloud."""
    return [record for record in cloud.requests if record.method == "PUT"]


def assert_puts(cloud: Simulator, *bodies: Mapping[str, Any]) -> None:
    """Assert which writes the cloud has received: method, path, headers and full JSON bodies, types included.

    A body is what the device held before with the changes, by the cloud's keys, under the serial number `deviceSn`.
    """
    paths = {"hps_string": SMALL, "hps_central": BIG}
    kinds = {device.sn: device.kind for device in cloud.devices}
    sent = [
        (record.method, record.path, record.query, json.dumps(record.json, sort_keys=True)) for record in puts(cloud)
    ]
    expected = [("PUT", paths[kinds[body["deviceSn"]]], {}, json.dumps(body, sort_keys=True)) for body in bodies]
    assert sent == expected
    assert_sound_writes(cloud)


def reads(cloud: Simulator) -> list[Any]:
    """Return how often settings were read."""
    return [record for record in cloud.requests if record.operation == "settings"]


def shown(cloud: Simulator, serial: str) -> dict[str, Any]:
    """Return what the device really holds, by the cloud's keys, without a request."""
    operations = cloud.cloud._operations
    device = operations.world.devices[serial]
    return operations._writer.show(operations._table(device), serial, cloud.time)


def device_id(hass: HomeAssistant, entry: MockConfigEntry, serial: str) -> str:
    """Return the id of a device in the registry."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, serial), entry.entry_id)
    assert device is not None
    return device.id


async def act(hass: HomeAssistant, advance: Advance, name: str, seconds: float = 60, **data: Any) -> Any:
    """Call an action while time passes, and return its response; raises what the action raises."""
    task = asyncio.create_task(
        hass.services.async_call(DOMAIN, name, data, blocking=True, return_response=True), name=f"test {name}"
    )
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    while not task.done() and seconds > 0:
        await advance(3, step=3)
        seconds -= 3
    return await task


async def operate(hass: HomeAssistant, domain: str, action: str, unique_id: str, **data: Any) -> asyncio.Task[None]:
    """Operate a control as a dashboard does; raises what is refused at once, else the action goes on waiting."""
    target = {ATTR_ENTITY_ID: entity_id(hass, unique_id, domain), **data}
    others = set(hass._tasks)
    task = asyncio.create_task(hass.services.async_call(domain, action, target, blocking=True), name=f"test {action}")
    task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
    await asyncio.sleep(0)
    # What waits for time to pass is nothing that async_block_till_done may wait for.
    for item in hass._tasks - others:
        if item.get_coro().__name__ in ENTITY_ACTIONS:
            item.remove_done_callback(hass._tasks.remove)
            hass._tasks.discard(item)
    await asyncio.sleep(0)
    if task.done():
        await task
    return task


async def set_number(hass: HomeAssistant, value: float, unique_id: str = CUT_OFF) -> asyncio.Task[None]:
    """Set a number as a dashboard does; see operate."""
    return await operate(hass, "number", "set_value", unique_id, value=value)


def issues_of(hass: HomeAssistant) -> list[ir.IssueEntry]:
    """Return the repair issues about failed changes."""
    return [item for (_, name), item in ir.async_get(hass).issues.items() if name.startswith("settings_")]


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """Return the repair issue about a failed change."""
    found = issues_of(hass)
    assert len(found) <= 1
    return found[0] if found else None


def controls(hass: HomeAssistant) -> list[str]:
    """Return the entities with which settings can be changed."""
    return [found.entity_id for found in hass.states.async_all(CONTROLS)]


def told(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Return a list that fills with the attributes of each event of the event entity."""
    events: list[dict[str, Any]] = []
    entity = state(hass, CHANGE, "event").entity_id

    @callback
    def note(event: Event[Any]) -> None:
        new, old = event.data["new_state"], event.data["old_state"]
        if event.data["entity_id"] == entity and new is not None and old is not None and new.state != old.state:
            events.append(dict(new.attributes))

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    return events


async def fail(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> ir.IssueEntry:
    """Ask for a change that the cloud takes and does not make; return the issue of its failure."""
    cloud.configure(write="ignore")
    await set_number(hass, 35)
    await advance(300, step=5)
    found = issue(hass)
    assert found is not None
    return found
