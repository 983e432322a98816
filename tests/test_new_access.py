"""A new token, or another address: what was learned of the devices stays, at the same host also the pacing."""

import json
from socket import AF_INET
from typing import Any

import pytest
from aiohttp import TCPConnector
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from custom_components.atess.enerclo import Token
from simulator import Simulator

from .common import Advance, add_entry, set_up, state
from .flows import start, submit, user_input

FILE = f"{DOMAIN}.accounts"
FIRST, SECOND, WRONG = (f"Bearer {word}-token-of-another-form" for word in ("first", "second", "wrong"))


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> MockConfigEntry:
    """Return an entry whose token has no numeric id, and whose devices' counters go on from an offset."""
    cloud.cloud.token = FIRST
    entry = add_entry(hass, cloud, unique_id=Token(FIRST).identity)
    await set_up(hass, entry)
    cloud.inject(kind="variant", name="replaced", device=cloud.devices[0].sn)
    await advance(3 * 3600, step=300)
    await advance(100)
    return entry


def learned(entry: MockConfigEntry) -> dict[str, Any]:
    """Return what is stored of the devices and the entry."""
    stored = entry.runtime_data.account.dump()
    return json.loads(
        json.dumps({name: stored[name] for name in ("devices", "settings", "batteries", "plant", "watch")})
    )


def total(hass: HomeAssistant, cloud: Simulator) -> float:
    """Return what the first device's lifetime counter shows."""
    return float(state(hass, f"{cloud.devices[0].sn}_pv_energy_total").state)


async def change(hass: HomeAssistant, flow: Any, token: str, **entered: Any) -> Any:
    """Submit another token, and wait until the entry is loaded again."""
    result = await submit(hass.config_entries.flow, flow["flow_id"], {"token": token, **entered})
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def test_new_token(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """Another token of the same devices changes nothing of what was learned, and nothing is asked too early."""
    before, shown = learned(entry), total(hass, cloud)
    sent = next(iter(before["devices"].values()))["interpreter"]["sample"]["members"]["epvTotal"]
    assert sent < 100 < shown
    await entry.runtime_data.account.async_request_imports([cloud.devices[0].sn], wanted=True)
    cloud.cloud.token = SECOND
    flow = await entry.start_reauth_flow(hass)
    result = await change(hass, flow, WRONG)
    assert result["errors"] == {"base": "invalid_auth"}
    result = await change(hass, flow, SECOND)
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    assert learned(entry) == before
    assert total(hass, cloud) == shown
    assert entry.runtime_data.account.imports == {cloud.devices[0].sn}
    await advance(1200)
    assert shown <= total(hass, cloud) < shown + 20
    assert cloud.violations == 0
    assert list(hass_storage[FILE]["data"]) == [f"{Token(SECOND).identity}@127.0.0.1"]


async def test_new_token_before_a_restart(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A restart between the new token and the set-up with it loses nothing."""
    before, shown = learned(entry), total(hass, cloud)
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.data.pop(f"{DOMAIN}_accounts")
    cloud.cloud.token = SECOND
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, "token": SECOND}, unique_id=Token(SECOND).identity
    )
    await set_up(hass, entry)
    assert learned(entry) == before
    await advance(1200)
    assert shown <= total(hass, cloud) < shown + 20
    assert cloud.violations == 0


async def test_new_token_that_was_used_before(
    hass: HomeAssistant, hass_storage: dict[str, Any], cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """A token with which somebody has begun to add an account becomes that of the one there is, with both pacings."""
    before = learned(entry)
    cloud.cloud.token = SECOND
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, []))
    assert result["errors"] == {"device_sn": "nothing_new"}
    asked = len(cloud.requests)
    result = await change(hass, await entry.start_reauth_flow(hass), SECOND)
    assert result["reason"] == "reauth_successful"
    assert learned(entry) == before
    assert len(cloud.requests) == asked + 1
    await advance(1800)
    assert cloud.violations == 0
    assert list(hass_storage[FILE]["data"]) == [f"{Token(SECOND).identity}@127.0.0.1"]


async def test_another_host(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    entry: MockConfigEntry,
    clock: FrozenDateTimeFactory,
    advance: Advance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another address, and the first one again, change nothing of what was learned."""

    async def resolve(_connector: TCPConnector, host: str, port: int, **_: Any) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": AF_INET, "proto": 0, "flags": 0}]

    monkeypatch.setattr(TCPConnector, "_resolve_host", resolve)
    before = learned(entry)
    other = cloud.base_url.replace("127.0.0.1", "localhost")
    for address in (other, cloud.base_url):
        clock.tick(301)
        flow = await entry.start_reconfigure_flow(hass)
        result = await change(hass, flow, FIRST, advanced={"base_url": address})
        assert result["reason"] == "reconfigure_successful"
        assert entry.data["base_url"] == address
        assert learned(entry) == before
    await advance(1800)
    assert list(hass_storage[FILE]["data"]) == [f"{Token(FIRST).identity}@127.0.0.1"]


@pytest.mark.parametrize("token", [FIRST, SECOND])
async def test_accepted_after_a_long_refusal(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, token: str
) -> None:
    """An entry that could never be set up is, at once, with a token that the cloud accepts, be it the same."""
    cloud.cloud.token = token
    cloud.inject(kind="unauthorized")
    entry = add_entry(hass, cloud, cloud.devices[:1], unique_id=Token(FIRST).identity)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "token": FIRST})
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await advance(8 * 3600, step=300)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    cloud.clear()
    [flow] = hass.config_entries.flow.async_progress()
    result = await change(hass, flow, token)
    assert result["reason"] == "reauth_successful"
    assert entry.state is ConfigEntryState.LOADED
    await advance(400)
    assert total(hass, cloud) > 0
    assert cloud.violations == 0
