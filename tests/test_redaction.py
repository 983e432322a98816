"""What names a person, a place, or a piece of hardware stays out of reports: by name and by form."""

from typing import Any

import pytest
from homeassistant.components.diagnostics import REDACTED

from custom_components.atess.redaction import is_private, is_private_name, redacted


@pytest.mark.parametrize(
    "name",
    [
        *("dataLogSn", "SN", "serialNum", "serialNumber", "barcode", "mac", "wifiMac", "imei", "ssid"),
        *("email", "userMail", "phone", "mobile_phone", "alias", "deviceName", "userName", "address", "gpsAddress"),
        *("lat", "lon", "lng", "gps_lat", "ip", "lanIp", "url", "imageUrl", "token", "sn2", "DEVICE_SN"),
    ],
)
def test_names_of_what_is_private(name: str) -> None:
    """Whatever the value is: numbers are as private as texts, and so are lists and objects."""
    assert is_private_name(name)
    assert is_private(name, 1)
    values: tuple[Any, ...] = (48.14, 7, True, "x", ["x"], {"a": 1})
    assert [redacted({name: value})[name] for value in values] == [REDACTED] * len(values)


@pytest.mark.parametrize("name", ["soc", "ppv", "modelText", "pac", "batteryVoltage", "status", "latestSoc", "plan"])
def test_names_of_values(name: str) -> None:
    assert not is_private_name(name)
    assert redacted({name: 48.14}) == {name: 48.14}


def test_texts_of_unknown_meaning() -> None:
    """Their type and length tell enough; a text whose meaning is known is shown."""
    members = {"riddle": "abc", "modelText": "HPS50", "none": None, "empty": "", "inner": {"alias": "Home", "soc": 5}}
    assert redacted(members, lambda name: name == "modelText") == {
        "riddle": "text of 3 characters",
        "modelText": "HPS50",
        "none": None,
        "empty": "",
        "inner": {"alias": REDACTED, "soc": 5},
    }
