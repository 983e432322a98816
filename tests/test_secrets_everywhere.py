"""Secrets in every form at every place of the cloud's answers: none of them comes out anywhere."""

import json
import logging
import traceback
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from homeassistant.components.trace import util as trace
from homeassistant.const import MATCH_ALL
from homeassistant.core import Event, HomeAssistant, State, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.json import ExtendedJSONEncoder
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from simulator import Simulator

from .common import Advance, add_entry, enable_all, entity_id, set_up
from .control.common import act, device_id
from .token_forms import forms

# Other people's: a pack's serial number, a neighbor's device, where somebody lives and how to reach them.
STRANGERS = {
    "batterySn": "PACKSERIAL123",
    "siblings": "NEIGHBOUR777",
    "installerMail": "someone@example.org",
    "wifiSSID": "Home of Someone",
    "plantAddress": "1 Nowhere Lane",
    "gpsLat": "48.137154",
    "simIccid": "8949020000012345678",
    "hostIp": "192.168.77.88",
    "lanMac": "02:00:5e:10:00:01",
    "webHook": "https://example.org/hook?id=77",
}
SIMULATED = ("aiohttp", "simulator", "asyncio", "pytest", "tests")


def squeezed(text: str) -> str:
    """Return the letters and digits of a text, which invisible characters and escapes cannot hide."""
    return "".join(char for char in text if char.isalnum()).casefold()


def _leaves(value: Any) -> Iterator[str]:
    """Yield keys and values of anything that an event may hold, as texts."""
    if isinstance(value, State):
        yield value.state
        yield from _leaves(value.attributes)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _leaves(item)
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from _leaves(item)
    else:
        yield str(value)


def _entry(devices: Any, item: Any) -> dr.DeviceEntry:
    """Return a device of the registry, which the floor iterates by ids."""
    found: dr.DeviceEntry = devices[item] if isinstance(item, str) else item
    return found


class Everywhere:
    """All places to which something of an answer may come."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture) -> None:
        """Begin to listen to events, and to the log from the lowest level on."""
        self._hass = hass
        self._entry = entry
        self._caplog = caplog
        self._events: set[str] = set()
        caplog.set_level(logging.DEBUG, logger="custom_components.atess")
        caplog.set_level(logging.INFO, logger="homeassistant")
        hass.bus.async_listen(MATCH_ALL, self._note)

    @callback
    def _note(self, event: Event[Any]) -> None:
        self._events.update(_leaves(event.data))

    async def texts(self, stored: dict[str, Any]) -> dict[str, str]:
        """Return the text at each of the places."""
        hass = self._hass
        records = [record for record in self._caplog.records if not record.name.startswith(SIMULATED)]
        lines = [record.getMessage() for record in records]
        for record in records:
            if record.exc_info:
                lines += traceback.format_exception(*record.exc_info)
        automations = await trace.async_list_traces(hass, "automation", None)
        return {
            "log": "\n".join(lines),
            "diagnostics": json.dumps(
                await async_get_config_entry_diagnostics(hass, self._entry), cls=ExtendedJSONEncoder
            ),
            "states": json.dumps([item.as_dict() for item in hass.states.async_all()], default=str),
            "entities": repr([item.as_partial_dict for item in er.async_get(hass).entities.values()]),
            "devices": repr(
                [_entry(dr.async_get(hass).devices, item).dict_repr for item in dr.async_get(hass).devices]
            ),
            "issues": repr([item.to_json() for item in ir.async_get(hass).issues.values()]),
            "events": "\n".join(self._events),
            "traces": repr(
                [
                    await trace.async_get_trace(hass, f"automation.{item['item_id']}", item["run_id"])
                    for item in automations
                ]
            ),
            "files": " ".join(stored),
            "storage": repr({name: content for name, content in stored.items() if name.startswith(DOMAIN)}),
        }


def envelope(data: Any, msg: str = "ok", code: Any = 0) -> dict[str, Any]:
    """Return an injection of a whole answer."""
    return {"kind": "not_object", "body": {"code": code, "data": data, "msg": msg}}


async def test_no_form_at_no_place_comes_out(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    cloud: Simulator,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each of the forms in turn at each member, in keys, lists, messages and codes, of all answers."""
    cloud.configure(limit=0)
    entry = add_entry(hass, cloud, allow_changes=True)
    await set_up(hass, entry)
    enable_all(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    faults = entity_id(hass, f"{cloud.devices[1].sn}_fault", "event")
    automation = {"id": "told", "triggers": {"trigger": "state", "entity_id": faults}, "actions": {"event": "told"}}
    assert await async_setup_component(hass, "automation", {"automation": automation})

    pair = b64decode(cloud.token.removeprefix("Basic ")).decode()
    secrets = forms(pair)
    assert len(secrets) >= 20
    everywhere = Everywhere(hass, entry, caplog)
    names = {
        name
        for coordinator in entry.runtime_data.coordinators.values()
        for name in [*coordinator.data.members, *coordinator.base_info]
    } | {name for settings in entry.runtime_data.settings.values() for name in settings.settings_members}
    assert len(names) > 150
    # Without these two an answer is none, or that of a stranger.
    names -= {"deviceSn", "time"}
    values = list(secrets.values())
    for turn, form in enumerate(values):
        cloud.clear()
        thrown = {name: values[(turn + place) % len(values)] for place, name in enumerate(sorted(names))}
        deep = {f"x{form}y": 1, f"in{turn}": form, "list": [form, {form: [form]}], "object": {"deep": {form: form}}}
        cloud.inject(kind="members", set={**thrown, **deep, **STRANGERS, "sysFaultWord5": turn})
        if turn % 3 == 2:
            answers = [envelope(None, f"bad {form}.", 500), envelope([form]), envelope(None, "", form), envelope(form)]
            cloud.inject(**answers[turn % len(answers)], count=2)
        await advance(301, step=301)
        for settings in entry.runtime_data.settings.values():
            await settings.async_refresh()
        for coordinator in entry.runtime_data.coordinators.values():
            coordinator._base_info.read_at = None
            await coordinator.async_update_base_info()
    cloud.clear()
    cloud.inject(**envelope(None, f"no {values[0]}", values[1]), operation="modify_settings")
    change = {"device_id": device_id(hass, entry, cloud.devices[1].sn), "settings": {"wxyz": 3}, "allow_unknown": True}
    with pytest.raises(Exception, match="wxyz"):
        await act(hass, advance, "set_settings", **change)
    await advance(400, step=100)

    places = await everywhere.texts(hass_storage)
    assert all(places.values()), [name for name, text in places.items() if not text]
    for name, text in places.items():
        plain = squeezed(text)
        assert [form for form, secret in secrets.items() if squeezed(secret) in plain] == [], name
        if name != "storage":
            assert [member for member, value in STRANGERS.items() if value in text] == [], name
    for name in ("log", "diagnostics", "states", "files", "traces", "issues"):
        found = [device.sn for device in cloud.devices if device.sn.casefold() in places[name].casefold()]
        assert found == [], name
