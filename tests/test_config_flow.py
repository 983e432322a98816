"""Setting up an account: every error has its message, and the flow recovers from each."""

from base64 import b64decode
from string import Formatter
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_translations
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from script._demo.forms import fill
from simulator import Simulator

from .common import Advance, account_of, add_entry, other_token, set_up
from .flows import fields, start, submit, user_input


async def test_user_flow(hass: HomeAssistant, cloud: Simulator) -> None:
    """Two serial numbers make an entry with two devices of the right kinds, after as few requests as there can be."""
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud))
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert entry.unique_id == account_of(cloud)
    assert entry.data == {"token": cloud.token, "base_url": cloud.base_url}
    assert entry.options == {"scan_interval": 5, "allow_changes": False}
    assert [(item.unique_id, item.data["kind"]) for item in entry.subentries.values()] == [
        (device.sn, device.kind) for device in cloud.devices
    ]
    assert cloud.violations == 0
    latest = [request.path for request in cloud.requests if "data-last" in request.path]
    # The central inverter is asked as a string inverter first.
    assert len(latest) == 3
    assert len(dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)) >= len(cloud.devices)


def token_forms(token: str) -> list[str]:
    """Return the ways in which a token may be pasted."""
    encoded = token.removeprefix("Basic ")
    return [token, f"  {token}\n", encoded, b64decode(encoded).decode()]


@pytest.mark.parametrize("form", range(4))
async def test_token_forms(hass: HomeAssistant, cloud: Simulator, form: int) -> None:
    """A token is taken with or without the word Basic, as the raw pair, with blanks around."""
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, token=token_forms(cloud.token)[form]))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["token"] == cloud.token


@pytest.mark.parametrize("address", ["{}", "{}/", "no_api_slash"])
async def test_address_forms(hass: HomeAssistant, cloud: Simulator, address: str) -> None:
    """A missing slash at the end of the address is forgiven."""
    base = cloud.base_url.rstrip("/")
    flow_id = await start(hass)
    result = await submit(
        hass.config_entries.flow,
        flow_id,
        user_input(cloud, advanced={"base_url": base if address == "no_api_slash" else address.format(base)}),
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["base_url"] == f"{base}/"


async def test_vendor_address_by_default(hass: HomeAssistant, cloud: Simulator) -> None:
    """The form holds the vendor's address, over https, and that is what is used where none is entered."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    held = fill(fields(hass.config_entries.flow, result), {"token": cloud.token})
    assert held["advanced"] == {"base_url": "https://www.enerclo-atesspower.com/api/v1/"}
    assert held["allow_changes"] is False
    with patch("custom_components.atess.config_flow.DEFAULT_BASE_URL", cloud.base_url):
        entered = user_input(cloud)
        del entered["advanced"]
        result = await submit(hass.config_entries.flow, result["flow_id"], entered)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["base_url"] == cloud.base_url


async def recover(hass: HomeAssistant, flow_id: str, cloud: Simulator) -> None:
    """Fill in the same form rightly, which makes the entry."""
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert cloud.violations == 0
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"token": "Basic bm90OnZhbGlk"}, {"base": "invalid_auth"}),
        ({"device_sn": ["NOSUCHDEV1"]}, {"device_sn": "not_found"}),
        ({"device_sn": ["ab"]}, {"device_sn": "invalid_serial"}),
        ({"device_sn": ["HAS BLANK"]}, {"device_sn": "invalid_serial"}),
        ({"advanced": {"base_url": "http://127.0.0.1:9/api/v1/"}}, {"base": "cannot_connect"}),
        ({"advanced": {"base_url": "http://example.com/api/v1/"}}, {"base": "invalid_base_url"}),
        ({"advanced": {"base_url": "ftp://example.com"}}, {"base": "invalid_base_url"}),
    ],
)
async def test_wrong_input(
    hass: HomeAssistant, cloud: Simulator, changes: dict[str, Any], errors: dict[str, str]
) -> None:
    """What was entered wrongly is named, what was entered is kept, and entering it rightly works at once."""
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, **changes))
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    await recover(hass, flow_id, cloud)


@pytest.mark.parametrize(
    ("inject", "error"),
    [
        ({"kind": "http_status", "status": 503, "count": 1}, "cannot_connect"),
        ({"kind": "code", "code": 500, "count": 1}, "cannot_connect"),
        ({"kind": "disconnect", "count": 1}, "cannot_connect"),
        ({"kind": "html", "count": 1}, "malformed_answer"),
        ({"kind": "truncated", "count": 1}, "malformed_answer"),
        ({"kind": "not_object", "count": 1}, "malformed_answer"),
        ({"kind": "redirect", "count": 1}, "cannot_connect"),
        ({"kind": "http_status", "status": 429, "count": 1}, "limited"),
        ({"kind": "http_status", "status": 401, "count": 1}, "cannot_connect"),
        ({"kind": "unauthorized", "count": 1}, "invalid_auth"),
    ],
)
async def test_cloud_fails(
    hass: HomeAssistant,
    cloud: Simulator,
    clock: Any,
    inject: dict[str, Any],
    error: str,
) -> None:
    """Whatever the cloud answers, the form says so and can be sent again when the cloud permits it."""
    cloud.inject(**inject)
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud))
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": error}
    cloud.clear()
    clock.tick(3600)
    await recover(hass, flow_id, cloud)


async def test_asked_too_early(hass: HomeAssistant, cloud: Simulator, clock: Any) -> None:
    """A form sent again before the cloud's limit permits says when it may be, and asks nothing."""
    cloud.inject(kind="http_status", status=503, count=1)
    flow_id = await start(hass)
    await submit(hass.config_entries.flow, flow_id, user_input(cloud))
    before = len(cloud.requests)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud))
    assert result["errors"] == {"base": "paced"}
    assert result["description_placeholders"]["minutes"] == "5"
    assert len(cloud.requests) == before
    clock.tick(300)
    await recover(hass, flow_id, cloud)


async def test_device_without_data(hass: HomeAssistant, cloud: Simulator, clock: Any) -> None:
    """A device that has not reported yet is named; once it has, the same form works."""
    silent = cloud.devices[0].sn
    cloud.inject(kind="no_data", device=silent)
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud))
    assert result["errors"] == {"base": "no_data"}
    assert result["description_placeholders"]["device"] == silent
    cloud.clear()
    clock.tick(300)
    await recover(hass, flow_id, cloud)


async def test_correcting_one_serial_costs_no_request_for_the_other(hass: HomeAssistant, cloud: Simulator) -> None:
    """A right serial number beside a wrong one is not asked about again when the form is corrected."""
    first, second = (device.sn for device in cloud.devices)
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, [first, "NOSUCHDEV1"]))
    assert result["errors"] == {"device_sn": "not_found"}
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, [first, second]))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    asked = [request for request in cloud.requests if request.device_sn == first and "data-last" in request.path]
    assert len(asked) == 1
    assert cloud.violations == 0


async def test_duplicate_account(hass: HomeAssistant, cloud: Simulator) -> None:
    """An account is set up once, whatever form its token has."""
    add_entry(hass, cloud)
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_duplicate_device(hass: HomeAssistant, cloud: Simulator) -> None:
    """A device is set up once, even under two accounts."""
    other = add_entry(hass, cloud)
    hass.config_entries.async_update_entry(other, unique_id="another")
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud))
    assert result["errors"] == {"device_sn": "device_configured"}


async def test_data_logger(hass: HomeAssistant, cloud: Simulator) -> None:
    """The serial number of a data logger brings its devices to choose from."""
    logger = cloud.devices[0].data_log_sn
    behind = [device for device in cloud.devices if device.data_log_sn == logger]
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, [logger]))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "devices"
    labels = [option["label"] for option in result["data_schema"].schema["devices"].config["options"]]
    assert len(labels) == len(behind)
    assert all(device.sn in label and "online" in label for device, label in zip(behind, labels, strict=True))

    result = await submit(hass.config_entries.flow, flow_id, {"devices": []})
    assert result["errors"] == {"devices": "nothing_chosen"}
    result = await submit(hass.config_entries.flow, flow_id, {"devices": [behind[0].sn]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    [subentry] = result["result"].subentries.values()
    assert subentry.data["data_log_sn"] == logger
    assert cloud.violations == 0


async def test_data_logger_in_another_case(hass: HomeAssistant, cloud: Simulator) -> None:
    """A data logger typed in lower case is kept as the cloud spells it."""
    cloud.configure(serial_case="any")
    device = cloud.devices[0]
    flow_id = await start(hass)
    await submit(hass.config_entries.flow, flow_id, user_input(cloud, [device.data_log_sn.lower()]))
    result = await submit(hass.config_entries.flow, flow_id, {"devices": [device.sn]})
    [subentry] = result["result"].subentries.values()
    assert subentry.data["data_log_sn"] == device.data_log_sn


async def test_whole_account(hass: HomeAssistant, cloud: Simulator) -> None:
    """Without any serial number the account's lists are read."""
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, []))
    assert result["step_id"] == "devices"
    result = await submit(hass.config_entries.flow, flow_id, {"devices": [device.sn for device in cloud.devices]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert {item.unique_id for item in result["result"].subentries.values()} == {device.sn for device in cloud.devices}


async def test_lists_where_the_data_logger_is_not_known(hass: HomeAssistant, cloud: Simulator) -> None:
    """The lists name a data logger's devices even where the cloud does not answer about the logger itself."""
    for path in ("datalog", "data-log"):
        cloud.inject(kind="http_status", status=404, path=path)
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, [cloud.data_logs[0]]))
    assert result["step_id"] == "devices"
    hass.config_entries.flow.async_abort(flow_id)
    for path in ("datalog/list", "data-log/list"):
        cloud.inject(kind="http_status", status=404, path=path)
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, []))
    assert result["errors"] == {"device_sn": "nothing_found"}


async def test_lists_are_remembered(hass: HomeAssistant, cloud: Simulator) -> None:
    """A flow that is begun anew asks nothing that was answered a moment ago."""
    for known in ([], [cloud.data_logs[0]]):
        flow_id = await start(hass)
        result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, known))
        assert result["step_id"] == "devices"
        asked = len(cloud.requests)
        hass.config_entries.flow.async_abort(flow_id)
        flow_id = await start(hass)
        result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, known))
        assert result["step_id"] == "devices"
        assert len(cloud.requests) == asked
        hass.config_entries.flow.async_abort(flow_id)
    assert cloud.violations == 0


async def test_device_chosen_twice(hass: HomeAssistant, cloud: Simulator) -> None:
    """A device that another flow has set up meanwhile is refused in the list too."""
    flow_id = await start(hass)
    await submit(hass.config_entries.flow, flow_id, user_input(cloud, [cloud.data_logs[0]]))
    other = add_entry(hass, cloud)
    hass.config_entries.async_update_entry(other, unique_id="another")
    result = await submit(hass.config_entries.flow, flow_id, {"devices": [cloud.devices[0].sn]})
    assert result["errors"] == {"devices": "device_configured"}


async def test_list_of_plants_fails(hass: HomeAssistant, cloud: Simulator) -> None:
    """A cloud that fails while its lists are read is told as such."""
    cloud.inject(kind="html", path="plant/list")
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, []))
    assert result["errors"] == {"base": "malformed_answer"}
    cloud.clear()
    cloud.inject(kind="http_status", status=404, path="datalog/list")
    cloud.inject(kind="http_status", status=404, path="data-log/list")
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, []))
    assert result["errors"] == {"base": "limited"}


@pytest.mark.parametrize(
    "inject",
    [
        {"kind": "html"},
        {"kind": "http_status", "status": 503},
        {"kind": "http_status", "status": 429},
    ],
)
async def test_errors_of_lists_name_no_device(hass: HomeAssistant, cloud: Simulator, inject: dict[str, Any]) -> None:
    """All that the text of an error mentions is there, also when it is asked for again too early."""
    texts = await async_get_translations(hass, "en", "config", [DOMAIN])
    cloud.inject(**inject, path="plant/list")
    flow_id = await start(hass)
    for _ in range(2):
        result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, []))
        [key] = result["errors"].values()
        mentioned = [name for _, name, _, _ in Formatter().parse(texts[f"component.{DOMAIN}.config.error.{key}"])]
        assert all(result["description_placeholders"][name] for name in mentioned if name)


async def test_no_list_answers(hass: HomeAssistant, cloud: Simulator) -> None:
    """Where no list answers, the flow asks for serial numbers."""
    cloud.inject(kind="http_status", status=404, path="plant/list")
    cloud.inject(kind="http_status", status=404, path="plant")
    flow_id = await start(hass)
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, []))
    assert result["errors"] == {"device_sn": "nothing_found"}
    cloud.clear()
    await recover(hass, flow_id, cloud)


async def test_reauth(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: Any) -> None:
    """A new token of the same account is taken; one of another account, or a wrong one, is not."""
    clock.tick(300)
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    flow_id = result["flow_id"]
    result = await submit(hass.config_entries.flow, flow_id, {"token": other_token(cloud, account="999999")})
    assert result["errors"] == {"token": "wrong_account"}
    result = await submit(hass.config_entries.flow, flow_id, {"token": other_token(cloud)})
    assert result["errors"] == {"base": "invalid_auth"}
    result = await submit(hass.config_entries.flow, flow_id, {"token": cloud.token})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert cloud.violations == 0


async def test_reauth_after_a_poll(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: Any, advance: Advance
) -> None:
    """A token can be tried right after a poll, at what may be asked; when nothing may be, the form says when."""
    await advance(301)
    result = await entry.start_reauth_flow(hass)
    flow_id = result["flow_id"]
    result = await submit(hass.config_entries.flow, flow_id, {"token": other_token(cloud)})
    assert result["errors"] == {"base": "invalid_auth"}
    # The settings and the base info of both devices may be asked for still; then nothing may.
    cloud.inject(kind="http_status", status=503, count=4)
    for _ in range(2):
        result = await submit(hass.config_entries.flow, flow_id, {"token": cloud.token})
        assert result["errors"] == {"base": "cannot_connect"}
    result = await submit(hass.config_entries.flow, flow_id, {"token": cloud.token})
    assert result["errors"] == {"base": "paced"}
    clock.tick(300)
    result = await submit(hass.config_entries.flow, flow_id, {"token": cloud.token})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert cloud.violations == 0


async def test_reauth_without_data(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: Any) -> None:
    """A device without data is enough to accept a token; if all are unknown, they belong to another account."""
    clock.tick(300)
    device = cloud.devices[0].sn
    for unknown in cloud.devices:
        cloud.inject(kind="http_status", status=404, device=unknown.sn)
    result = await entry.start_reauth_flow(hass)
    flow_id = result["flow_id"]
    result = await submit(hass.config_entries.flow, flow_id, {"token": cloud.token})
    assert result["errors"] == {"token": "wrong_account"}
    cloud.clear()
    cloud.inject(kind="no_data", device=device)
    clock.tick(300)
    result = await submit(hass.config_entries.flow, flow_id, {"token": cloud.token})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()


@pytest.mark.parametrize("inject", [{"kind": "http_status", "status": 404}, {"kind": "code", "code": 500}])
async def test_reauth_with_a_device_that_is_gone(
    hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: Any, inject: dict[str, Any]
) -> None:
    """A device that the cloud no longer serves does not keep the token from being accepted for the others."""
    clock.tick(300)
    cloud.inject(**inject, device=cloud.devices[0].sn)
    result = await entry.start_reauth_flow(hass)
    result = await submit(hass.config_entries.flow, result["flow_id"], {"token": cloud.token})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert cloud.violations == 0


@pytest.mark.parametrize(
    ("others", "error"),
    [
        ({"kind": "code", "code": 500}, {"base": "cannot_connect"}),
        ({"kind": "disconnect"}, {"base": "cannot_connect"}),
        ({"kind": "unauthorized"}, {"base": "invalid_auth"}),
    ],
)
async def test_reauth_with_no_device_served(
    hass: HomeAssistant,
    cloud: Simulator,
    entry: MockConfigEntry,
    clock: Any,
    others: dict[str, Any],
    error: dict[str, str],
) -> None:
    """That the first device is unknown proves no wrong account while the others may be known."""
    clock.tick(300)
    cloud.inject(kind="http_status", status=404, device=cloud.devices[0].sn)
    cloud.inject(**others, device=cloud.devices[1].sn)
    result = await entry.start_reauth_flow(hass)
    result = await submit(hass.config_entries.flow, result["flow_id"], {"token": cloud.token})
    assert result["errors"] == error


@pytest.mark.parametrize("plant", ["farm"])
async def test_reconfigure_where_nothing_can_be_tried(hass: HomeAssistant, cloud: Simulator, clock: Any) -> None:
    """Settings that are known to be missing accept no token: it is tried when the cloud may be asked."""
    for path in ("pcs/setting", "pcs/pcs-setting"):
        cloud.inject(kind="http_status", status=404, path=path)
    entry = add_entry(hass, cloud, [device for device in cloud.devices if device.kind == "pcs"][:1])
    await set_up(hass, entry)
    asked = len(cloud.requests)
    clock.tick(60)
    wrong = {"token": other_token(cloud)}
    result = await entry.start_reconfigure_flow(hass)
    flow_id = result["flow_id"]
    result = await submit(hass.config_entries.flow, flow_id, wrong)
    assert result["errors"] == {"base": "paced"}
    assert len(cloud.requests) == asked
    clock.tick(300)
    result = await submit(hass.config_entries.flow, flow_id, wrong)
    assert result["errors"] == {"base": "invalid_auth"}
    assert entry.data["token"] == cloud.token


async def test_reconfigure(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, clock: Any) -> None:
    """Token and address can be changed; what does not work is not taken."""
    clock.tick(300)
    result = await entry.start_reconfigure_flow(hass)
    flow_id = result["flow_id"]
    result = await submit(
        hass.config_entries.flow,
        flow_id,
        {"token": cloud.token, "advanced": {"base_url": "http://127.0.0.1:9/api/v1/"}},
    )
    assert result["errors"] == {"base": "cannot_connect"}
    assert entry.data["base_url"] == cloud.base_url
    result = await submit(
        hass.config_entries.flow, flow_id, {"token": cloud.token, "advanced": {"base_url": cloud.base_url}}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert cloud.violations == 0


async def test_options(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry) -> None:
    """The options are kept, and a path that is none is refused."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    flow_id = result["flow_id"]
    result = await hass.config_entries.options.async_configure(
        flow_id, {"scan_interval": 7, "allow_changes": True, "advanced": {"paths": ["pcs.latest: nowhere"]}}
    )
    assert result["errors"] == {"base": "invalid_path"}
    result = await hass.config_entries.options.async_configure(
        flow_id,
        {"scan_interval": 7, "allow_changes": True, "advanced": {"paths": ["pcs.latest = pcs/data-last"]}},
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options == {"scan_interval": 7, "allow_changes": True, "paths": {"pcs.latest": "pcs/data-last"}}
    assert entry.state is ConfigEntryState.LOADED
    result = await hass.config_entries.options.async_init(entry.entry_id)
    suggested = result["data_schema"].schema["advanced"].schema.schema
    assert next(iter(suggested)).description == {"suggested_value": ["pcs.latest = pcs/data-last"]}


@pytest.mark.parametrize("plant", ["farm"])
@pytest.mark.parametrize("known", ["nothing", "data logger"])
async def test_farm_from_an_empty_entry(hass: HomeAssistant, cloud: Simulator, known: str) -> None:
    """Seven devices are found and set up for at most two requests per device beside the lists."""
    flow_id = await start(hass)
    serials = [] if known == "nothing" else [cloud.data_logs[0]]
    result = await submit(hass.config_entries.flow, flow_id, user_input(cloud, serials))
    assert result["step_id"] == "devices"
    result = await submit(hass.config_entries.flow, flow_id, {"devices": [device.sn for device in cloud.devices]})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    entry = result["result"]
    assert {item.unique_id: item.data["kind"] for item in entry.subentries.values()} == {
        device.sn: device.kind for device in cloud.devices
    }
    lists = [request for request in cloud.requests if request.path.endswith("list")]
    assert len(lists) <= 8
    assert len(cloud.requests) - len(lists) <= 2 * len(cloud.devices)
    assert cloud.violations == 0
    assert [item.title for item in entry.subentries.values()] == [
        "PCS battery inverter",
        "PBD solar controller",
        "PBD solar controller 2",
        "BCU battery cluster",
        "BCU battery cluster 2",
        "BCU battery cluster 3",
        "MBMS battery system",
    ]
