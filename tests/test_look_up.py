"""Looking up devices: progress while it takes long, its end with the dialog, and devices whose type is named."""

import asyncio
from collections.abc import Callable, Generator
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import Event, HomeAssistant
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE,
    EVENT_DATA_ENTRY_FLOW_PROGRESSED,
    FlowResultType,
    UnknownFlow,
)
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.atess.const import DOMAIN
from custom_components.atess.enerclo import EnercloClient, Kind, UnreachableError
from custom_components.atess.enerclo.discovery import FoundDevice
from script._demo.forms import fill
from simulator import Simulator

from .common import add_entry, set_up
from .flows import fields, follow, start, start_device, submit, submit_form, user_input

IDENTIFY = "custom_components.atess.flows.look_up.async_identify"


class SlowLookUp:
    """A look-up that goes on when it is told to."""

    def __init__(self, found: list[FoundDevice] | Exception) -> None:
        """Take what it finds in the end."""
        self._found = found
        self._steps: asyncio.Queue[tuple[int, int] | None] = asyncio.Queue()
        self.cancelled = False

    async def __call__(
        self, client: EnercloClient, serial: str, *, progress: Callable[[int, int], None]
    ) -> tuple[list[FoundDevice], bool]:
        """Stand in for async_identify."""
        try:
            while (step := await self._steps.get()) is not None:
                progress(*step)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if isinstance(self._found, Exception):
            raise self._found
        return self._found, False

    async def go_on(self, *steps: tuple[int, int] | None) -> None:
        """Take further steps; None ends the look-up."""
        for step in steps:
            self._steps.put_nowait(step)
        for _ in range(20):
            await asyncio.sleep(0)


def device(cloud: Simulator, number: int = 0, **changes: Any) -> FoundDevice:
    """Return a device as a look-up finds it."""
    found = cloud.devices[number]
    return FoundDevice(**{"device_sn": found.sn, "kind": Kind(found.kind), **changes})


# In the past: timers that end now do not end while the clock stands still.
AT_ONCE = -1.0


@pytest.fixture
def at_once() -> Generator[None]:
    """Show progress at once."""
    with patch("custom_components.atess.flows.look_up.QUICK", AT_ONCE):
        yield


@pytest.mark.usefixtures("at_once")
async def test_progress(hass: HomeAssistant, cloud: Simulator) -> None:
    """The progress says how far the look-up is, makes the frontend fetch it once at a time, and ends in the entry."""
    fetches: list[Event] = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED)
    updates: list[Event] = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE)
    flow, look_up = hass.config_entries.flow, SlowLookUp([device(cloud)])
    with patch(IDENTIFY, look_up):
        flow_id = await start(hass)
        result = await flow.async_configure(flow_id, user_input(cloud, ["SOMETHING1", "SOMETHING1 "]))
        assert result["type"] is FlowResultType.SHOW_PROGRESS
        assert result["progress_action"] == "look_up"
        await look_up.go_on((3, 9), (4, 9))
        assert [event.data["progress"] for event in updates] == [3 / 9, 4 / 9]
        # The frontend fetches for each event: a second one before it has done so would be one too many.
        assert len(fetches) == 1
        result = await flow.async_configure(flow_id)
        assert result["description_placeholders"] == {"done": "4", "total": "9"}
        result = await flow.async_configure(flow_id)
        before = len(fetches)
        await look_up.go_on(None)
        assert len(fetches) == before + 1
        result = await flow.async_configure(flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(fetches) == before + 1
    await hass.async_block_till_done()


@pytest.mark.usefixtures("at_once")
async def test_end_while_the_frontend_fetches(hass: HomeAssistant, cloud: Simulator) -> None:
    """A fetch that is under way when the look-up ends gets the entry; none follows that would find no flow."""
    fetches: list[Event] = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED)
    flow, look_up = hass.config_entries.flow, SlowLookUp([device(cloud)])
    with patch(IDENTIFY, look_up):
        flow_id = await start(hass)
        await flow.async_configure(flow_id, user_input(cloud, ["SOMETHING1"]))
        await look_up.go_on((3, 9), None)
        assert len(fetches) == 1
        result = await flow.async_configure(flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert len(fetches) == 1
    await hass.async_block_till_done()


@pytest.mark.usefixtures("at_once")
async def test_several_numbers_make_one_progress(hass: HomeAssistant, cloud: Simulator) -> None:
    """The second of two numbers goes on where the first has ended."""
    flow, look_up = hass.config_entries.flow, SlowLookUp([device(cloud)])
    with patch(IDENTIFY, look_up):
        flow_id = await start(hass)
        await flow.async_configure(flow_id, user_input(cloud, ["SOMETHING1", "SOMETHING2"]))
        await look_up.go_on(None, (2, 9))
        result = await flow.async_configure(flow_id)
        assert result["description_placeholders"] == {"done": "11", "total": "18"}
        await look_up.go_on(None)
        result = await flow.async_configure(flow_id)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


async def test_quick_look_up_shows_no_progress(hass: HomeAssistant, cloud: Simulator) -> None:
    """What is found within three seconds makes the entry at once."""
    flow, look_up = hass.config_entries.flow, SlowLookUp([device(cloud)])
    with patch(IDENTIFY, look_up):
        await look_up.go_on((1, 9), None)
        result = await flow.async_configure(await start(hass), user_input(cloud, ["SOMETHING1"]))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


@pytest.mark.parametrize("seconds", [2.9, 3.1])
async def test_progress_after_three_seconds(hass: HomeAssistant, cloud: Simulator, clock: Any, seconds: float) -> None:
    """The form waits three seconds for the look-up before progress is shown."""
    flow, look_up = hass.config_entries.flow, SlowLookUp([device(cloud)])
    with patch(IDENTIFY, look_up):
        flow_id = await start(hass)
        answer = asyncio.ensure_future(flow.async_configure(flow_id, user_input(cloud, ["SOMETHING1"])))
        await look_up.go_on()
        clock.tick(seconds)
        await look_up.go_on()
        assert answer.done() is (seconds > 3)
        await look_up.go_on(None)
        result = await follow(flow, await answer)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


@pytest.mark.parametrize("error", [UnreachableError("no route"), RuntimeError("a bug")])
@pytest.mark.usefixtures("at_once")
async def test_error_after_progress(hass: HomeAssistant, cloud: Simulator, error: Exception) -> None:
    """An error after the progress returns to the form with all that was typed."""
    flow, look_up = hass.config_entries.flow, SlowLookUp(error)
    typed = user_input(cloud, ["SOMETHING1"], allow_changes=True)
    with patch(IDENTIFY, look_up):
        result = await flow.async_configure(await start(hass), typed)
        await look_up.go_on(None)
        result = await follow(flow, result)
    assert result["step_id"] == "user"
    assert result["errors"] == {"base": "cannot_connect" if isinstance(error, UnreachableError) else "unknown"}
    assert fill(fields(flow, result)) == typed
    # A frontend that fetches once more sees the same.
    again = await flow.async_configure(result["flow_id"])
    assert again["errors"] == result["errors"]
    assert fill(fields(flow, again)) == typed


@pytest.mark.parametrize("progress", [True, False])
@pytest.mark.parametrize("source", ["account", "device"])
async def test_closing_the_dialog_ends_the_look_up(
    hass: HomeAssistant, cloud: Simulator, progress: bool, source: str
) -> None:
    """A dialog that is closed, while it waits or shows progress, ends the look-up."""
    flow: Any = hass.config_entries.flow
    typed: dict[str, Any] = user_input(cloud, ["SOMETHING1"])
    if source == "device":
        entry = add_entry(hass, cloud, devices=[])
        flow, typed = hass.config_entries.subentries, {"device_sn": "SOMETHING1", "kind": "automatic"}
        flow_id = await start_device(hass, entry)
    else:
        flow_id = await start(hass)
    look_up = SlowLookUp([device(cloud)])
    with patch(IDENTIFY, look_up), patch("custom_components.atess.flows.look_up.QUICK", AT_ONCE if progress else 3):
        answer = asyncio.ensure_future(flow.async_configure(flow_id, typed))
        await look_up.go_on((1, 9))
        assert answer.done() is progress
        flow.async_abort(flow_id)
        await look_up.go_on()
        assert look_up.cancelled
        if not progress:
            with pytest.raises(UnknownFlow):
                await answer
    assert len(hass.config_entries.async_entries(DOMAIN)) == (1 if source == "device" else 0)


async def test_name_the_type_after_a_failure(hass: HomeAssistant, cloud: Simulator) -> None:
    """After a failed look-up the form offers the device type, and a device whose type is named is not looked up."""
    flow = hass.config_entries.flow
    cloud.inject(kind="code", code=500)
    result = await flow.async_configure(await start(hass))
    first, second = (item.sn for item in cloud.devices)
    assert "kind" not in {field["name"] for field in fields(flow, result)}
    result = await submit_form(
        flow,
        result,
        {"token": cloud.token, "device_sn": [first, second], "advanced": {"base_url": cloud.base_url}},
    )
    assert result["errors"] == {"base": "cannot_connect"}
    assert result["description_placeholders"]["failed"] == first
    assert fill(fields(flow, result))["kind"] == "automatic"
    result = await submit_form(flow, result, {"kind": cloud.devices[0].kind})
    # The type is that of the first device: now the second one cannot be looked up.
    assert result["description_placeholders"]["failed"] == second
    assert fill(fields(flow, result))["kind"] == "automatic"
    asked = len(cloud.requests)
    result = await submit_form(flow, result, {"kind": cloud.devices[1].kind})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert [dict(item.data) for item in result["result"].subentries.values()] == [
        {"device_sn": item.sn, "kind": item.kind} for item in cloud.devices
    ]
    assert all("data-last" in request.path for request in cloud.requests[asked:])
    await hass.async_block_till_done()


async def test_no_type_offered_for_a_wrong_token_or_address(hass: HomeAssistant, cloud: Simulator) -> None:
    """What is wrong with the token or the address, no device type puts right."""
    flow = hass.config_entries.flow
    for changes in ({"token": "Basic bm90OnZhbGlk"}, {"advanced": {"base_url": "http://127.0.0.1:9/api/v1/"}}):
        result = await submit(flow, await start(hass), user_input(cloud, **changes))
        assert result["errors"]
        assert "kind" not in {field["name"] for field in fields(flow, result)}


async def test_wrong_type_is_said_once(hass: HomeAssistant, cloud: Simulator) -> None:
    """A type that the cloud does not confirm is refused once; sent again, it is taken."""
    entry = add_entry(hass, cloud, devices=cloud.devices[:1])
    await set_up(hass, entry)
    flow = hass.config_entries.subentries
    typed = {"device_sn": cloud.devices[1].sn, "kind": "pbd"}
    result = await submit(flow, await start_device(hass, entry), typed)
    assert result["errors"] == {"kind": "wrong_kind"}
    result = await submit_form(flow, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["kind"] == "pbd"
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_twenty_serial_numbers(hass: HomeAssistant, cloud: Simulator) -> None:
    """More than twenty serial numbers are refused with that number, before anything is asked."""
    flow = hass.config_entries.flow
    numbers = [f"NUMBER{number:02}" for number in range(21)]
    result = await submit(flow, await start(hass), user_input(cloud, numbers))
    assert result["errors"] == {"device_sn": "too_many_serials"}
    assert result["description_placeholders"]["detail"] == "20"
    assert cloud.requests == []
    # The same number twice, in whatever case, is one.
    result = await submit(flow, result["flow_id"], user_input(cloud, [*numbers[:20], "number00", " "]))
    assert result["errors"] == {"device_sn": "not_found"}


async def test_case_of_serial_numbers(hass: HomeAssistant, cloud: Simulator) -> None:
    """A device is there once, whatever the case of its serial number, and with the cloud's spelling."""
    flow, sn = hass.config_entries.flow, cloud.devices[0].sn
    with patch(IDENTIFY, SlowLookUp([device(cloud)])) as look_up:
        await look_up.go_on(None)
        result = await flow.async_configure(await start(hass), user_input(cloud, [sn.lower(), sn, sn.title()]))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    [subentry] = result["result"].subentries.values()
    assert (subentry.unique_id, subentry.data["device_sn"]) == (sn, sn)
    await hass.async_block_till_done(wait_background_tasks=True)
    entry, flow = result["result"], hass.config_entries.subentries
    for spelling in (sn, sn.lower(), f" {sn.title()} "):
        result = await submit(flow, await start_device(hass, entry), {"device_sn": spelling, "kind": "automatic"})
        assert result["errors"] == {"device_sn": "device_configured"}
    # The cloud may know a number that was entered as another device that is there.
    with patch(IDENTIFY, SlowLookUp([device(cloud, device_sn=sn.lower())])) as look_up:
        await look_up.go_on(None)
        result = await submit(flow, await start_device(hass, entry), {"device_sn": "ALIAS0001", "kind": "automatic"})
    assert result["errors"] == {"device_sn": "device_configured"}


async def test_lists_leave_out_what_is_there(hass: HomeAssistant, cloud: Simulator) -> None:
    """A list does not offer devices of another account's entry, and says so if no other is left."""
    flow = hass.config_entries.flow
    other = add_entry(hass, cloud, devices=cloud.devices[:1], unique_id="another")
    result = await submit(flow, await start(hass), user_input(cloud, []))
    assert fill(fields(flow, result)) == {"devices": [item.sn for item in cloud.devices[1:]]}
    flow.async_abort(result["flow_id"])
    await hass.config_entries.async_remove(other.entry_id)
    add_entry(hass, cloud, entry_id="all", unique_id="another")
    result = await submit(flow, await start(hass), user_input(cloud, []))
    assert result["errors"] == {"device_sn": "nothing_new"}


async def test_a_dialog_left_open_does_not_block(hass: HomeAssistant, cloud: Simulator) -> None:
    """A flow of the same account that nobody will end does not keep a new one from ending."""
    flow = hass.config_entries.flow
    await submit(flow, await start(hass), user_input(cloud, ["NOSUCHDEV1"]))
    result = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(flow, result["flow_id"], user_input(cloud, [cloud.devices[0].sn]))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert flow.async_progress() == []
    await hass.async_block_till_done()
