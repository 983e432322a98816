"""Asking at the right moment: after a restart, on demand, when the token is refused, when the cloud is out of reach."""

from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from .common import Advance, add_entry, enable_all, entity_id, restart, set_up, state


def polls(cloud: Simulator, device_sn: str | None = None) -> int:
    """Return how often the latest data were asked for."""
    return sum(record.operation == "latest" and device_sn in {None, record.device_sn} for record in cloud.requests)


async def press(hass: HomeAssistant, device_sn: str) -> None:
    """Press the button of a device."""
    button = entity_id(hass, f"{device_sn}_refresh", "button")
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)


async def test_refresh_button_asks_as_soon_as_permitted(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """Too early, the button plans the poll for when it is permitted, once."""
    device = cloud.devices[0].sn
    asked = polls(cloud, device)
    for _ in range(2):
        await press(hass, device)
    assert polls(cloud, device) == asked
    await advance(330)
    assert polls(cloud, device) == asked + 1
    assert cloud.violations == 0


async def test_refresh_button_asks_at_once_if_permitted(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    """After the interval the button asks."""
    device = cloud.devices[0].sn
    asked = polls(cloud, device)
    clock.tick(320)
    await press(hass, device)
    assert polls(cloud, device) == asked + 1
    assert cloud.violations == 0


async def test_refresh_button_says_what_failed(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    """A failed poll on demand is an error that names its reason."""
    clock.tick(320)
    cloud.inject(kind="http_status", status=503)
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, cloud.devices[0].sn)
    assert caught.value.translation_key == "cannot_connect"


async def test_refresh_action(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    """The action answers for each device, or raises what a person can read."""
    known = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    ids = [next(device.id for device in known if (DOMAIN, item.sn) in device.identifiers) for item in cloud.devices]
    data = {ATTR_DEVICE_ID: ids}
    answer = await hass.services.async_call(DOMAIN, "refresh", data, blocking=True, return_response=True)
    assert answer is not None
    answers: Any = answer["devices"]
    assert [answers[device]["asked"] for device in ids] == [False, False]
    assert all(answers[device]["at"].startswith("2026-07-15T12:05") for device in ids)
    await hass.services.async_call(DOMAIN, "refresh", data, blocking=True)
    asked = polls(cloud)
    clock.tick(320)
    await hass.services.async_call(DOMAIN, "refresh", data, blocking=True)
    assert polls(cloud) == asked + 2
    clock.tick(320)
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(DOMAIN, "refresh", {ATTR_DEVICE_ID: [*ids, "none"]}, blocking=True)
    assert caught.value.translation_key == "no_such_device"
    assert "none" not in str(caught.value)
    # None is asked about when one is wrong.
    assert polls(cloud) == asked + 2


async def test_refresh_is_for_devices_with_data(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    """A plant or a data logger is named in the error, and no device beside it is asked."""
    known = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    serials = {(DOMAIN, item.sn) for item in cloud.devices}
    others = [device for device in known if not device.identifiers & serials]
    assert others
    clock.tick(320)
    asked = polls(cloud)
    for other in others:
        ids = [device.id for device in known if device.identifiers & serials] + [other.id]
        with pytest.raises(ServiceValidationError, match=str(other.name)):
            await hass.services.async_call(DOMAIN, "refresh", {ATTR_DEVICE_ID: ids}, blocking=True)
    assert polls(cloud) == asked


async def test_refresh_of_several_devices_says_what_failed(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: FrozenDateTimeFactory
) -> None:
    """What fails is told with the device's name, for each; the others are asked all the same."""
    known = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    ids = [next(device.id for device in known if (DOMAIN, item.sn) in device.identifiers) for item in cloud.devices]
    data = {ATTR_DEVICE_ID: ids}
    for failing, words in ((cloud.devices[:1], ("hps_string 1",)), (cloud.devices, ("hps_string 1", "hps_central 2"))):
        clock.tick(320)
        asked = polls(cloud)
        for device in failing:
            cloud.inject(kind="http_status", status=503, operation="latest", device=device.sn, count=1)
        with pytest.raises(HomeAssistantError) as caught:
            await hass.services.async_call(DOMAIN, "refresh", data, blocking=True)
        assert all(word in str(caught.value) for word in words)
        assert polls(cloud) == asked + 2


async def test_the_first_poll_after_a_long_stop_is_spread(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    entry: MockConfigEntry,
    clock: FrozenDateTimeFactory,
    advance: Advance,
) -> None:
    """After hours of absence nothing is asked at once; entities are there, and the poll comes within an interval."""
    asked = polls(cloud)
    clock.tick(4 * 3600)
    await restart(hass, entry)
    assert polls(cloud) == asked
    assert state(hass, f"{cloud.devices[0].sn}_pv_energy_total").state != "unavailable"
    await advance(330)
    assert polls(cloud) >= asked + 2
    assert cloud.violations == 0


async def test_polling_sensors(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry) -> None:
    """When the next poll is, how often, how old the data came, how many requests were made."""
    enable_all(hass, entry)
    await restart(hass, entry)
    device = cloud.devices[0].sn
    assert state(hass, f"{device}_next_poll").state.startswith("2026-07-15T12:05")
    assert float(state(hass, f"{device}_polling_interval").state) == 300
    assert 0 < float(state(hass, f"{device}_data_age").state) < 400
    assert int(state(hass, f"plant_{entry.entry_id}_requests_today").state) == len(cloud.requests)


async def test_a_cloud_that_keeps_refusing(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """After an hour of refusals the user is called, until the cloud answers again."""
    registry = ir.async_get(hass)
    issue = f"refused_{entry.entry_id}"
    cloud.inject(kind="limited")
    await advance(2400, step=60)
    assert registry.async_get_issue(DOMAIN, issue) is None
    await advance(3 * 3600, step=60)
    assert registry.async_get_issue(DOMAIN, issue) is not None
    cloud.clear()
    await advance(2 * 3600, step=60)
    assert registry.async_get_issue(DOMAIN, issue) is None


async def test_budget(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """The requests of a day end at the budget."""
    entry = add_entry(hass, cloud, daily_budget=20)
    await set_up(hass, entry)
    await advance(6 * 3600, step=60)
    assert len(cloud.requests) == 20


async def test_system_health(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry) -> None:
    """The page "System information" counts requests and refusals."""
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    info["can_reach_cloud"].close()
    assert (info["requests_today"], info["refusals_today"]) == (len(cloud.requests), 0)
