"""Faults: each bit of each table is fired once, with its text; problem and the number of faults agree."""

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback

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
            assert event["text"] == TEXTS[row["key"]] == row["label"]
            assert event["severity"] == row["severity"]
        assert int(float(state(hass, f"{device.sn}_active_faults").state)) == 16
        shown = state(hass, f"{device.sn}_active_faults").attributes["faults"]
        assert {fault["code"] for fault in shown} == set(appeared)
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
    assert events[1]["text"] == "Emergency stop on the display"
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
