"""Members that nobody knows leave a bounded number of entities and log lines, whatever they are called."""

from typing import Any

import pytest
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from custom_components.atess.enerclo import EnercloClient
from simulator import Simulator

from .common import Advance, add_entry, complaints, enable_all, entity_id, restart, set_up, state
from .control.common import STRING, add_settings_entry

LIMIT = 200
HOSTILE: dict[str, Any] = {
    "\u202egpj.exe": "rtl",
    "\U0001f600" * 64: "emoji",
    "\u9f98" * 64: "wide",
    "<script>alert(1)</script>": "<img src=x onerror=alert(1)>",
    "{{ states('x') }}": "{{ 7*7 }}",
    "[x](javascript:alert(1))": "![x](javascript:alert(2))",
    "new\nline": "line1\nERROR forged entry",
    "nul\x00": "a\x00b",
    " ": 1,
    "\u200b": 2,
    "member": "{member}",
    "{member}": 1,
    "%d%n": "x" * 300,
}


def raw_ids(hass: HomeAssistant, serial: str) -> list[str]:
    """Return the unique ids of a device's entities for members and settings that nobody knows."""
    prefixes = (f"{serial}_raw_", f"{serial}_setting_raw_")
    return [item.unique_id for item in er.async_get(hass).entities.values() if item.unique_id.startswith(prefixes)]


async def test_entities_are_bounded(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance
) -> None:
    """New names with each sample end at the limit, over reloads and restarts; those that exist stay."""
    first, second = (device.sn for device in cloud.devices)
    cloud.inject(kind="members", device=second, set={"futureMember": 1})
    for number in range(4):
        cloud.inject(kind="members", device=first, set={f"new{number}_{index}": index for index in range(90)})
        await advance(301)
    known = raw_ids(hass, first)
    assert len(known) == LIMIT
    assert f"{first}_raw_new0_0" in known
    for number in range(2):
        await (restart(hass, entry) if number else hass.config_entries.async_reload(entry.entry_id))
        cloud.clear()
        cloud.inject(kind="members", set={"yetAnother": 1, "new0_0": 7})
        await advance(301)
        assert sorted(raw_ids(hass, first)) == sorted(known)
    names = ("futureMember", "new0_0", "yetAnother")
    assert sorted(raw_ids(hass, second)) == [f"{second}_raw_{name}" for name in names]
    enable_all(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, f"{first}_raw_new0_0").state == "7"


async def test_settings_count_too(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Members and settings that nobody knows share the limit; long keys are none, long texts are cut."""
    original = EnercloClient.settings

    async def flood(*args: Any, **kwargs: Any) -> dict[str, Any]:
        found = await original(*args, **kwargs)
        more = {f"k{index:04}": "v" * 400 for index in range(5000)}
        return {**found, **more, "k" * 64: 1e300, "k" * 65: 1, "a\u202eb": 2}

    monkeypatch.setattr(EnercloClient, "settings", flood)
    cloud.configure(limit=60)
    cloud.inject(kind="members", set={f"new{index}": index for index in range(150)})
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    assert len(raw_ids(hass, STRING)) == LIMIT
    assert f"{STRING}_setting_raw_{'k' * 65}" not in raw_ids(hass, STRING)
    registry = er.async_get(hass)
    registry.async_update_entity(entity_id(hass, f"{STRING}_setting_raw_k0000"), disabled_by=None)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, f"{STRING}_setting_raw_k0000").state == "v" * 255


async def test_odd_settings(
    hass: HomeAssistant, cloud: Simulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A number beyond all measure is no state, a key that cannot be seen has a plain name."""
    original = EnercloClient.settings

    async def odd(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return {**await original(*args, **kwargs), "huge": 1e300, "k" * 64: 2.5, "k" * 65: 1, "a\u202eb": True}

    monkeypatch.setattr(EnercloClient, "settings", odd)
    cloud.configure(limit=60)
    entry = add_settings_entry(hass, cloud)
    await set_up(hass, entry)
    enable_all(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert state(hass, f"{STRING}_setting_raw_huge").state == STATE_UNKNOWN
    assert state(hass, f"{STRING}_setting_raw_{'k' * 64}").state == "2.5"
    assert f"{STRING}_setting_raw_{'k' * 65}" not in raw_ids(hass, STRING)
    assert state(hass, f"{STRING}_setting_raw_a\u202eb").name.endswith("Raw setting a\\u202eb")
    assert not complaints(caplog)


async def test_hostile_names(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, caplog: pytest.LogCaptureFixture
) -> None:
    """Names and values that want to be more than that are shown as what they are, or not at all."""
    serial = cloud.devices[0].sn
    cloud.inject(kind="members", set={**HOSTILE, "x" * 65: "too long", "y" * 250: 1})
    entry = add_entry(hass, cloud, cloud.devices[:1])
    await set_up(hass, entry)
    enable_all(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await advance(301)
    assert set(raw_ids(hass, serial)) == {f"{serial}_raw_{name}" for name in HOSTILE}
    for name, value in HOSTILE.items():
        found = state(hass, f"{serial}_raw_{name}")
        assert found.name.isprintable()
        assert len(found.entity_id) <= 255
        assert found.state == str(value).strip()[:255]
    names = {name: state(hass, f"{serial}_raw_{name}").name for name in HOSTILE}
    assert names["{member}"].endswith("Raw {member}")
    assert names["\u202egpj.exe"].endswith("Raw \\u202egpj.exe")
    assert names["new\nline"].endswith("Raw new\\u000aline")
    assert names["\u200b"].endswith("Raw \\u200b")
    assert not complaints(caplog)
    report = await async_get_config_entry_diagnostics(hass, entry)
    reading = report["devices"][0]["reading"]
    for listed in (reading["members"], reading["unknown"]):
        assert listed["x" * 64 + "… (65 characters)"] == "text of 8 characters"
        assert listed["y" * 64 + "… (250 characters)"] == 1


async def test_unknown_codes_are_logged_so_often(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, caplog: pytest.LogCaptureFixture
) -> None:
    """Codes that change with every sample do not fill the log, nor forge lines in it."""
    entry = add_entry(hass, cloud, cloud.devices[:1])
    await set_up(hass, entry)
    for number in range(12):
        cloud.clear()
        text = f"evil\n2026-07-15 12:00:{number:02} ERROR\x1b[31m forged"
        cloud.inject(kind="members", set={"status": text, "runModel": 1000 + number, "bmsStatus": f"{number}\u202ex"})
        await advance(301)
    lines = [record.getMessage() for record in caplog.records if "which is not known" in record.getMessage()]
    assert len(lines) == 20
    assert all(line.isprintable() for line in lines)
    assert any("evil\\u000a2026" in line for line in lines)
