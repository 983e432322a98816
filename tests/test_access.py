"""Who may do what: actions obey the rights that their user has on the entities of the devices."""

from typing import Any

import pytest
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.models import Group, User
from homeassistant.auth.permissions.models import PermissionLookup
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from simulator import Simulator

from .common import Advance
from .control.common import STRING, device_id, puts

WRITES: dict[str, dict[str, Any]] = {
    "set_settings": {"settings": {"discharge_cut_off_soc": 25}, "wait": 0},
    "set_tariff_windows": {"windows": [{"kind": "peak", "start": "18:00", "end": "20:00"}], "wait": 0},
    "set_operating_mode": {"mode": "economy", "wait": 0},
    "revert_settings": {"wait": 0},
    "force_charge": {"wait": 0},
    "force_discharge": {"power": 1000, "wait": 0},
    "hold": {"wait": 0},
    "resume": {"wait": 0},
    "refresh": {},
}


async def user_with(hass: HomeAssistant, policy: dict[str, Any] | None, *groups: str) -> User:
    """Return a user of groups, or with a policy of their own."""
    # The first user of a Home Assistant owns it.
    await hass.auth.async_create_user("owner", group_ids=[GROUP_ID_ADMIN])
    user = await hass.auth.async_create_user("someone", group_ids=list(groups) or [GROUP_ID_USER])
    if policy is not None:
        user.groups = [Group(name="test", policy=policy)]
        user.perm_lookup = PermissionLookup(er.async_get(hass), dr.async_get(hass))
        user.invalidate_cache()
    return user


async def run(hass: HomeAssistant, name: str, device: str, user_id: str | None, **data: Any) -> Any:
    """Call an action on behalf of a user."""
    returns = name == "get_settings"
    return await hass.services.async_call(
        DOMAIN,
        name,
        {"device_id": device, **data},
        blocking=True,
        context=Context(user_id=user_id),
        return_response=returns,
    )


async def test_a_device_whose_account_is_not_loaded(hass: HomeAssistant, settings_entry: MockConfigEntry) -> None:
    """That passes, so people are told to try again."""
    device = device_id(hass, settings_entry, STRING)
    assert await hass.config_entries.async_unload(settings_entry.entry_id)
    with pytest.raises(ServiceValidationError) as error:
        await run(hass, "refresh", device, None)
    assert str(error.value) == "hps_string 1 is not loaded. Try again after the integration has started"


@pytest.mark.parametrize("name", WRITES)
async def test_who_may_only_read_changes_nothing(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance, name: str
) -> None:
    """Neither settings nor requests; reading is permitted."""
    user = await user_with(hass, None, GROUP_ID_READ_ONLY)
    device = device_id(hass, settings_entry, STRING)
    asked = len(cloud.requests)
    with pytest.raises(Unauthorized):
        await run(hass, name, device, user.id, **WRITES[name])
    assert len(cloud.requests) == asked
    await advance(400, step=20)
    assert puts(cloud) == []
    answer = await run(hass, "get_settings", device, user.id)
    assert answer["devices"][device]["settings"]


@pytest.mark.parametrize(
    ("allowed", "permitted"),
    [
        ("all", True),
        ("one", False),
        ("none", False),
        ("device", True),
    ],
)
async def test_rights_on_the_entities_of_a_device(
    hass: HomeAssistant,
    cloud: Simulator,
    settings_entry: MockConfigEntry,
    advance: Advance,
    allowed: str,
    permitted: bool,
) -> None:
    """Control is needed of all entities of the device, and so is reading for reading."""
    device = device_id(hass, settings_entry, STRING)
    ids = [
        item.entity_id
        for item in er.async_entries_for_device(er.async_get(hass), device, include_disabled_entities=True)
    ]
    policies: dict[str, dict[str, Any]] = {
        "all": {"entities": {"entity_ids": dict.fromkeys(ids, True)}},
        "one": {"entities": {"entity_ids": dict.fromkeys(ids[:1], True)}},
        "none": {"entities": {"domains": {"light": True}}},
        "device": {"entities": {"device_ids": {device: True}}},
    }
    user = await user_with(hass, policies[allowed])
    for name, data in (("get_settings", {}), ("set_settings", WRITES["set_settings"])):
        if permitted:
            await run(hass, name, device, user.id, **data)
        else:
            with pytest.raises(Unauthorized):
                await run(hass, name, device, user.id, **data)
    await advance(400, step=20)
    assert len(puts(cloud)) == int(permitted)


async def test_unknown_settings_are_for_administrators(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """Whoever may control everything may still not write what nobody knows, nor take such a change back."""
    owner = await hass.auth.async_create_user("owner", group_ids=[GROUP_ID_ADMIN])
    user = await hass.auth.async_create_user("someone", group_ids=[GROUP_ID_USER])
    device = device_id(hass, settings_entry, STRING)
    data = {"settings": {"rsAddr": 2}, "allow_unknown": True, "wait": 0}
    with pytest.raises(Unauthorized):
        await run(hass, "set_settings", device, user.id, **data)
    await run(hass, "set_settings", device, owner.id, **data)
    await advance(400, step=20)
    assert len(puts(cloud)) == 1
    with pytest.raises(Unauthorized):
        await run(hass, "revert_settings", device, user.id, wait=0)
    await run(hass, "revert_settings", device, owner.id, wait=0)
    await advance(400, step=20)
    assert len(puts(cloud)) == 2


async def test_automations_and_strangers(
    hass: HomeAssistant, cloud: Simulator, settings_entry: MockConfigEntry, advance: Advance
) -> None:
    """Without a user everything goes on; a user who is gone may nothing."""
    device = device_id(hass, settings_entry, STRING)
    with pytest.raises(UnknownUser):
        await run(hass, "set_settings", device, "gone", **WRITES["set_settings"])
    await run(hass, "set_settings", device, None, **WRITES["set_settings"])
    await advance(400, step=20)
    assert len(puts(cloud)) == 1
