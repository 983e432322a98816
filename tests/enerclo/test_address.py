"""The address of the API."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo import DEFAULT_BASE_URL, normalize_base_url


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (DEFAULT_BASE_URL, DEFAULT_BASE_URL),
        (" https://www.enerclo-atesspower.com/api/v1 ", DEFAULT_BASE_URL),
        ("HTTPS://Cloud.Example/api/v1/", "https://cloud.example/api/v1/"),
        ("https://cloud.example:8443/proxy/api/v1", "https://cloud.example:8443/proxy/api/v1/"),
        ("http://127.0.0.1:8199/api/v1/", "http://127.0.0.1:8199/api/v1/"),
        ("http://localhost:8199/api/v1", "http://localhost:8199/api/v1/"),
        ("http://192.168.1.5/api/v1/", "http://192.168.1.5/api/v1/"),
        ("http://[::1]:8199/api/v1/", "http://[::1]:8199/api/v1/"),
        ("http://[fd00::5]/api/v1/", "http://[fd00::5]/api/v1/"),
    ],
)
def test_accepted(text: str, address: str) -> None:
    assert normalize_base_url(text) == address
    assert normalize_base_url(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cloud.example/api/v1/",
        "http://cloud.example/api/v1/",
        "http://8.8.8.8/api/v1/",
        "http://localhost.example/api/v1/",
        "ftp://127.0.0.1/api/v1/",
        "https://cloud.example/",
        "https://cloud.example/api/v2/",
        "https://cloud.example/api/v1/?x=1",
        "https://cloud.example/api/v1/#x",
        "https:///api/v1/",
        "https://cloud.example:port/api/v1/",
        "https://cloud.example:99999/api/v1/",
        "https://[::1/api/v1/",
        "https://user:hidden@cloud.example/api/v1/",
        "https://user:hidden@cloud.example:bad/api/v1/",
        "https://cloud .example/api/v1/",
        "https://cloud.example\\@127.0.0.1/api/v1/",
    ],
)
def test_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="address") as caught:
        normalize_base_url(text)
    assert "hidden" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@given(st.text())
def test_any_text_is_accepted_or_a_value_error(text: str) -> None:
    try:
        address = normalize_base_url(text)
    except ValueError:
        return
    assert address.endswith("/api/v1/")


@given(st.ip_addresses())
def test_plain_http_only_to_private_addresses(address: object) -> None:
    host = f"[{address}]" if ":" in str(address) else str(address)
    private = address.is_private or address.is_loopback  # type: ignore[attr-defined]
    try:
        normalize_base_url(f"http://{host}/api/v1/")
    except ValueError:
        assert not private
    else:
        assert private
