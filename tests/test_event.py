"""Faults: each bit of each table is fired once, with its text; problem and the number of faults agree."""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service

from simulator import Simulator

from .common import Advance, add_entry, enable_all, entity_id, restart, set_up, state

ROOT = Path(__file__).parents[1]
TABLE = list(csv.DictReader((ROOT / "tests/data/faults.tsv").open(), delimiter="\t"))
TEXTS: dict[str, str] = json.loads((ROOT / "custom_components/atess/translations/en.json").read_text())["entity"][
    "event"
]["fault"]["state_attributes"]["fault"]["state"]


def watch(hass: HomeAssistant, entity: str) -> list[dict[str, Any]]:
    """Return a list that fills with the attributes of each event of an event entity."""
    events: list[dict[str, Any]] = []
    seen: set[tuple[str, str, str]] = set()

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if event.data["entity_id"] != entity or new is None or "fault" not in new.attributes:
            return
        # The moment in the state tells a new event from one that is shown again.
        happened = (new.state, new.attributes["event_type"], new.attributes["code"])
        if happened not in seen:
            seen.add(happened)
            events.append(dict(new.attributes))

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    return events


@pytest.mark.parametrize(
    ("plant", "kind", "table"),
    [("demo", "hps_central", "inverter"), ("farm", "pcs", "inverter"), ("farm", "pbd", "pbd")],
)
async def test_every_bit(hass: HomeAssistant, cloud: Simulator, advance: Advance, kind: str, table: str) -> None:
    """All bits of a word, word by word: each appears once, with its text, and clears once."""
    device = next(device for device in cloud.devices if device.kind == kind)
    entry = add_entry(hass, cloud, [device])
    await set_up(hass, entry)
    enable_all(hass, entry)
    # Home Assistant reloads an entry by itself, half a minute after entities were enabled.
    await advance(60, step=10)
    events = watch(hass, entity_id(hass, f"{device.sn}_fault", "event"))

    words: dict[int, list[dict[str, str]]] = defaultdict(list)
    for row in TABLE:
        if row["table"] == table:
            words[int(row["word"])].append(row)
    none = {f"sysFaultWord{word}": 0 for word in words}
    for word, rows in words.items():
        events.clear()
        cloud.clear()
        cloud.inject(kind="members", device=device.sn, set={**none, f"sysFaultWord{word}": 65535})
        await advance(660, step=60)
        appeared = {event["code"]: event for event in events if event["event_type"] == "appeared"}
        assert len(appeared) == len([event for event in events if event["event_type"] == "appeared"]) == 16
        for row in rows:
            event = appeared[row["code"]]
            assert event["fault"] == row["key"]
            assert TEXTS[row["key"]] == row["label"]
            assert "text" not in event
            assert event["severity"] == row["severity"]
        assert int(float(state(hass, f"{device.sn}_active_faults").state)) == 16
        shown = state(hass, f"{device.sn}_active_faults").attributes
        assert set(shown["codes"]) == set(appeared)
        assert set(shown["faults"]) == {event["fault"] for event in appeared.values()} >= {row["key"] for row in rows}
        serious = any(row["severity"] != "warning" for row in rows)
        assert state(hass, f"{device.sn}_problem", "binary_sensor").state == ("on" if serious else "off")
    events.clear()
    cloud.clear()
    cloud.inject(kind="members", device=device.sn, set=none)
    await advance(660, step=60)
    assert [event["event_type"] for event in events] == ["cleared"] * 16
    assert state(hass, f"{device.sn}_problem", "binary_sensor").state == "off"


async def test_a_fault_is_reported_once(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """A fault that lasts is one event, also over polls, a reload and a restart; it clears once."""
    device = cloud.devices[1]
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    events = watch(hass, entity_id(hass, f"{device.sn}_fault", "event"))
    cloud.inject(kind="members", device=device.sn, set={"sysFaultWord5": 1024})
    await advance(601)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await restart(hass, entry)
    await advance(601)
    assert [(event["event_type"], event["fault"]) for event in events] == [("appeared", "lcd_emergency_stop")]
    cloud.clear()
    await advance(601)
    assert [event["event_type"] for event in events] == ["appeared", "cleared"]
    assert TEXTS[events[1]["fault"]] == "Emergency stop on the display"
    assert events[1]["code"] == "5-110-2"


@pytest.mark.parametrize(
    ("word", "faults"),
    [
        (-1, None),
        (-32768, ["gfci_failure"]),
        (1024.0, ["eeprom_write_failure"]),
        ("1024", ["eeprom_write_failure"]),
        (65536, None),
        ("x", None),
        (2, ["reserved_1_9"]),
    ],
)
async def test_odd_fault_words(
    hass: HomeAssistant, cloud: Simulator, advance: Advance, word: Any, faults: list[str] | None
) -> None:
    """A word that is negative, a float, text, too large or reserved is read as what it is, or not at all."""
    device = cloud.devices[1]
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    events = watch(hass, entity_id(hass, f"{device.sn}_fault", "event"))
    cloud.inject(kind="members", device=device.sn, set={"sysFaultWord1": word})
    await advance(301)
    assert [event["fault"] for event in events] == (faults or [])


async def test_a_string_inverter_tells_its_state_of_fault(
    hass: HomeAssistant, cloud: Simulator, advance: Advance
) -> None:
    """It sends no fault words: its operating state is the fault, counted and told once."""
    device = cloud.devices[0]
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    events = watch(hass, entity_id(hass, f"{device.sn}_fault", "event"))
    assert state(hass, f"{device.sn}_active_faults").state == "0"
    cloud.inject(kind="members", device=device.sn, set={"status": 3})
    await advance(601)
    assert state(hass, f"{device.sn}_active_faults").attributes["faults"] == ["state_fault"]
    cloud.clear()
    await advance(601)
    assert [(event["event_type"], event["fault"]) for event in events] == [
        ("appeared", "state_fault"),
        ("cleared", "state_fault"),
    ]
    assert TEXTS["state_fault"] == "Fault"


async def test_the_automation_of_the_readme(hass: HomeAssistant, cloud: Simulator, advance: Advance) -> None:
    """As it stands there it notifies once per fault, also of several at once, and not again after a reload."""
    [text] = re.findall(r"```yaml\n(automation:.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    device = cloud.devices[1]
    entry = add_entry(hass, cloud)
    await set_up(hass, entry)
    config = yaml.safe_load(text)["automation"]
    config[0]["triggers"][0]["entity_id"] = entity_id(hass, f"{device.sn}_fault", "event")
    calls = async_mock_service(hass, "notify", "notify")
    assert await async_setup_component(hass, "automation", {"automation": config})
    await hass.async_block_till_done()
    cloud.inject(kind="members", device=device.sn, set={"sysFaultWord5": 1024, "sysFaultWord1": 512})
    await advance(601)
    told = sorted(call.data["message"] for call in calls)
    assert told == ["Igbt failure (1-102-1)", "Lcd emergency stop (5-110-2)"]
    for _ in range(2):
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
    await restart(hass, entry)
    await advance(601)
    assert len(calls) == 2
    # One that appears while the integration is not loaded is told when it is.
    assert await hass.config_entries.async_unload(entry.entry_id)
    cloud.clear()
    cloud.inject(kind="members", device=device.sn, set={"sysFaultWord1": 1024})
    await advance(901)
    await set_up(hass, entry)
    await advance(601)
    assert [call.data["message"] for call in calls[2:]] == ["Eeprom write failure (1-102-2)"]
