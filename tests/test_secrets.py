"""Token and serial numbers appear nowhere but where they must."""

import json
import logging
from base64 import b64decode
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.helpers.json import ExtendedJSONEncoder
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.atess.const import DOMAIN
from custom_components.atess.diagnostics import async_get_config_entry_diagnostics
from simulator import Simulator

from .common import Advance, enable_all


def secrets_of(cloud: Simulator) -> list[str]:
    """Return what must not be seen: the token in both of its forms, and every serial number."""
    encoded = cloud.token.removeprefix("Basic ")
    secret = b64decode(encoded).decode().partition(":")[2]
    serials = {serial for device in cloud.devices for serial in (device.sn, device.data_log_sn) if serial}
    return [encoded, secret, *serials]


FAILURES: list[dict[str, Any]] = [
    {"kind": "http_status", "status": 503, "count": 2},
    {"kind": "http_status", "status": 429, "count": 2},
    {"kind": "html", "count": 2},
    {"kind": "truncated", "count": 2},
    {"kind": "disconnect", "count": 2},
    {"kind": "redirect", "count": 2},
    {"kind": "no_data", "count": 2},
]


async def test_nothing_is_revealed(
    hass: HomeAssistant,
    cloud: Simulator,
    entry: MockConfigEntry,
    advance: Advance,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither logs at debug level, nor states, diagnostics or messages of flows hold a secret."""
    caplog.set_level(logging.DEBUG)
    enable_all(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    for failure in FAILURES:
        cloud.inject(**failure)
        await advance(700)
        cloud.clear()
    cloud.inject(kind="members", set={"newMember": cloud.devices[0].sn, f"x{cloud.devices[0].sn}": 1})
    await advance(1500)
    cloud.clear()

    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"token": cloud.token, "advanced": {"base_url": "http://127.0.0.1:9/api/v1/"}}
    )
    cloud.inject(kind="unauthorized")
    await advance(700)

    diagnostics = json.dumps(await async_get_config_entry_diagnostics(hass, entry), cls=ExtendedJSONEncoder)
    states = json.dumps([found.as_dict() for found in hass.states.async_all()], default=str)
    log = "\n".join(
        f"{record.name} {record.getMessage()} {record.exc_text or ''} {record.exc_info or ''}"
        for record in caplog.records
        # The simulated side and the tests know the serial numbers.
        if not record.name.startswith(("aiohttp", "simulator", "asyncio", "pytest"))
    )
    assert "custom_components.atess" in log
    assert len(diagnostics) > 1000
    for secret in secrets_of(cloud):
        assert secret not in log
        assert secret not in diagnostics
        assert secret not in states


async def test_exceptions(hass: HomeAssistant, cloud: Simulator, entry: MockConfigEntry, advance: Advance) -> None:
    """What went wrong is kept as an exception that names no secret, nor does what caused it."""
    for failure in FAILURES:
        cloud.inject(**failure)
        await advance(700)
        cloud.clear()
        for coordinator in entry.runtime_data.coordinators.values():
            error: BaseException | None = coordinator.last_exception
            assert error is not None
            while error is not None:
                for secret in secrets_of(cloud):
                    assert secret not in f"{error} {error!r}"
                error = error.__cause__ or error.__context__
