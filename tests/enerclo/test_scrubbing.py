"""What the cloud repeats of the token is cut out of all that it sends, in whatever form it does."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo import EnercloError, Token
from custom_components.atess.enerclo.envelope import Answer, interpret

from ..token_forms import forms

PAIRS = (
    "4711:0123456789abcdef0123456789abcdef",
    "47110:fedcba9876543210fedcba9876543210",
    "471100:00ff00ff00ff00ff00ff00ff00ff00fe",
)
NOW = datetime(2026, 7, 15, tzinfo=UTC)


def silent(text: str, pair: str) -> bool:
    """Return whether a text gives neither key nor base64 away, also when all that is no letter or digit is dropped."""
    plain = "".join(char for char in text if char.isalnum()).casefold()
    key, encoded = pair.partition(":")[2], b64encode(pair.encode()).decode().rstrip("=")
    return key not in plain and encoded.casefold() not in plain


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("form", forms(PAIRS[0]))
def test_each_form_everywhere(pair: str, form: str) -> None:
    """In keys, values, lists, `msg` and `code`."""
    secret = forms(pair)[form]
    secrets = Token(pair).secrets
    data: Any = {secret: 1, f"x{secret}y": {"deep": [secret, f"at {secret}."]}, "time": "2026-07-15 12:00:00", "n": 1.5}
    body = json.dumps({"code": 0, "data": data, "msg": "ok"}).encode()
    found = interpret(
        Answer(status=200, content_type="application/json", body=body, secrets=secrets), secrets=secrets, now=NOW
    )
    assert isinstance(found, dict)
    assert silent(json.dumps(found, ensure_ascii=False), pair)
    assert (found["time"], found["n"]) == ("2026-07-15 12:00:00", 1.5)
    for code in (500, secret):
        body = json.dumps({"code": code, "data": None, "msg": f"bad token {secret} here"}).encode()
        with pytest.raises(EnercloError) as raised:
            interpret(Answer(status=200, content_type=secret, body=body), secrets=secrets, now=NOW)
        assert silent(f"{raised.value} {raised.value.vendor_message} {raised.value.code}", pair)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=10), JSON, max_size=4))
def test_all_else_stays(data: dict[str, Any]) -> None:
    """What holds no secret is not touched."""
    secrets = Token(PAIRS[0]).secrets
    body = json.dumps({"code": 0, "data": data}).encode()
    plain = interpret(Answer(status=200, content_type="", body=body), secrets=(), now=NOW)
    scrubbed = interpret(Answer(status=200, content_type="", body=body, secrets=secrets), secrets=(), now=NOW)
    assert scrubbed == plain
