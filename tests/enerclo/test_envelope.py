"""From an answer to its outcome."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo import (
    AuthenticationError,
    EnercloError,
    LimitedError,
    MalformedAnswerError,
    NotFoundError,
    TemporaryError,
)
from custom_components.atess.enerclo.envelope import Answer, excerpt, interpret, read
from custom_components.atess.enerclo.shapes import members_of, page_of

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


def ask(body: Any, status: int = 200, *, retry_after: str = "", secrets: tuple[str, ...] = (), **kwargs: Any) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(status=status, content_type="application/json", body=content, retry_after=retry_after, **kwargs)
    return interpret(answer, secrets=secrets, now=NOW)


def outcome(body: Any, status: int = 200, **kwargs: Any) -> EnercloError:
    with pytest.raises(EnercloError) as caught:
        ask(body, status, **kwargs)
    return caught.value


@pytest.mark.parametrize("code", [0, 200, "0", "200", " 200 ", 0.0, 200.0])
def test_success(code: Any) -> None:
    assert ask({"code": code, "data": {"a": 1}, "msg": "operate successfully"}) == {"a": 1}


@pytest.mark.parametrize("number", [400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 599, 405, 418])
def test_http_status_and_code_come_to_the_same(number: int) -> None:
    by_status = outcome({"msg": "", "code": number}, number)
    by_code = outcome({"code": number, "data": None, "msg": ""})
    by_text = outcome({"code": str(number), "data": None, "msg": None})
    both = outcome({"code": number, "data": {"a": 1}, "msg": ""}, number)
    expected: dict[int, type[EnercloError]] = {
        400: NotFoundError,
        401: AuthenticationError,
        403: AuthenticationError,
        404: NotFoundError,
        429: LimitedError,
    }
    assert {type(error) for error in (by_status, by_code, by_text, both)} == {expected.get(number, TemporaryError)}
    assert (by_status.http_status, by_status.code) == (number, number)
    assert (by_code.http_status, by_code.code) == (200, number)
    assert by_text.code == number


@pytest.mark.parametrize("code", [-1, 1, 10012, "E42", 7.0])
def test_other_codes_are_temporary(code: Any) -> None:
    error = outcome({"code": code, "data": {"a": 1}, "msg": "what?"})
    assert type(error) is TemporaryError
    assert error.code == code
    assert error.vendor_message == "what?"


@pytest.mark.parametrize(("status", "code", "kind"), [(500, 403, AuthenticationError), (404, 500, NotFoundError)])
def test_the_more_telling_signal_wins(status: int, code: int, kind: type[EnercloError]) -> None:
    assert type(outcome({"code": code, "msg": "", "data": None}, status)) is kind


def test_success_code_does_not_hide_an_http_error() -> None:
    assert type(outcome({"code": 0, "msg": "", "data": {"a": 1}}, 500)) is TemporaryError


@pytest.mark.parametrize(
    "message", ["Too many requests", "FREQUENTLY access", "rate limit", "too often", "请求过于频繁"]
)
def test_message_about_the_limit(message: str) -> None:
    for code in (500, 403, 400, 0, 1):
        assert type(outcome({"code": code, "data": None, "msg": message})) is LimitedError
    assert type(outcome({"msg": message})) is LimitedError
    assert ask({"code": 0, "data": {"a": 1}, "msg": message}) == {"a": 1}


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
def test_redirect(status: int) -> None:
    error = outcome({"code": 0, "data": {"a": 1}}, status)
    assert type(error) is TemporaryError
    assert "redirect" in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("120", 120.0),
        (" 7.5 ", 7.5),
        ("999999999", 86400.0),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        (format_datetime(NOW + timedelta(minutes=5), usegmt=True), 300.0),
        (format_datetime(NOW - timedelta(minutes=5), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=5), usegmt=True), 86400.0),
        ("Thu, 01 Oct 2026 12:10:00 -0000", 600.0),
        ("Thu, 01 Oct 99999 12:10:00 GMT", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    error = outcome(b"", 429, retry_after=header)
    assert isinstance(error, LimitedError)
    assert error.retry_after == seconds
    assert error.again().retry_after == seconds


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"<html><body>secret page</body></html>", "not JSON"),
        (b'{"code": 0, "data": {', "not JSON"),
        (b"null", "null"),
        (b"true", "boolean"),
        (b"3", "number"),
        (b'"text"', "text"),
        (b"[1]", "list"),
        (b"{}", "no code"),
        (b'{"code": true, "data": {"a": 1}}', "no code"),
        (b'{"code": 1.5, "data": {"a": 1}}', "no code"),
        (b'{"code": 1e300, "data": {"a": 1}}', "no code"),
        (b'{"code": "", "data": {"a": 1}}', "no code"),
        (b'{"code": 0, "data": ' + b"[" * 40 + b"]" * 40 + b"}", "nested"),
        (b"[" * 200_000, "not JSON"),
    ],
)
def test_malformed(body: bytes, says: str) -> None:
    error = outcome(body)
    assert type(error) is MalformedAnswerError
    assert isinstance(error, TemporaryError)
    assert says in str(error)
    assert "application/json" in str(error)
    assert f"{len(body)} bytes" in str(error)
    assert "secret page" not in str(error)


def test_content_type_in_the_message_is_harmless() -> None:
    answer = Answer(status=200, content_type="text/html; x=SIMHPS0001\x1b[0m" + "y" * 200, body=b"")
    with pytest.raises(MalformedAnswerError) as caught:
        interpret(answer, secrets=("SIMHPS0001",), now=NOW)
    assert "SIMHPS0001" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 120


def test_fault_while_reading() -> None:
    assert "cut off" in str(outcome(b'{"code": 0', fault="the answer is cut off"))
    assert type(outcome(b'{"code": 0', 401, fault="the answer is cut off")) is TemporaryError


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Blocked</html>", b"[]", {}, {"error": "forbidden"}, {"message": "no"}, {"code": "AccessDenied"}],
)
def test_a_refusal_without_the_envelope_is_a_firewalls(status: int, body: Any) -> None:
    error = outcome(body, status)
    assert type(error) is TemporaryError
    assert error.http_status == status
    assert "application/json" in str(error)
    assert "Blocked" not in str(error)


@pytest.mark.parametrize(
    "body", [{"code": 403}, {"Code": "403", "Msg": "x"}, {"success": False}, {"code": 0, "data": {"a": 1}}]
)
def test_a_refusal_in_the_envelope_is_the_clouds(body: Any) -> None:
    assert type(outcome(body, 403)) is AuthenticationError


@pytest.mark.parametrize("number", [400, 404, 408, 425, 429, 500, 502, 503, 405, 418])
def test_http_status_without_an_envelope(number: int) -> None:
    expected: dict[int, type[EnercloError]] = {400: NotFoundError, 404: NotFoundError, 429: LimitedError}
    error = outcome(b"<html>", number)
    assert type(error) is expected.get(number, TemporaryError)
    assert (error.http_status, error.code) == (number, None)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"a": 1}},
        {"code": None, "data": {"a": 1}, "msg": None},
        {"success": True, "data": {"a": 1}},
        {"success": "true", "data": {"a": 1}},
        {"Code": 0, "Data": {"a": 1}, "Msg": "ok"},
        {"CODE": "200", "DATA": {"a": 1}},
        {"code": 0, "data": '{"a": 1}'},
        {"code": 0, "data": ' {"a": 1} '},
    ],
)
def test_other_forms_of_success(body: Any) -> None:
    assert ask(body) == {"a": 1}


def test_data_that_is_no_json_text_stays_a_text() -> None:
    assert ask({"code": 0, "data": "{a"}) == "{a"
    assert ask({"code": 0, "data": "text"}) == "text"
    deep = "[" * 40 + "]" * 40
    assert ask({"code": 0, "data": deep}) == deep


@pytest.mark.parametrize("body", [{"success": False}, {"success": "false", "code": 0, "data": {"a": 1}}])
def test_success_denied(body: Any) -> None:
    error = outcome({**body, "msg": "busy"})
    assert type(error) is TemporaryError
    assert (error.code, error.vendor_message) == ("unsuccessful", "busy")


def test_what_cannot_be_decoded_is_told_with_what_came() -> None:
    answer = Answer(status=200, content_type="application/json", body=b'{"code": 0, "data": "secret"}')
    with pytest.raises(MalformedAnswerError) as caught:
        read(answer, members_of, secrets=(), now=NOW)
    assert str(caught.value) == "data is a text, not an object (application/json, 29 bytes)"
    assert caught.value.http_status == 200
    assert caught.value.answered


def test_numbers_that_json_or_storage_do_not_know() -> None:
    body = b'{"code":0,"data":{"a":NaN,"b":-Infinity,"c":1e999,"d":123456789012345678901234567890,"e":1.5,"f":12}}'
    value = ask(body)
    assert value == {"a": None, "b": None, "c": None, "d": 1.2345678901234568e29, "e": 1.5, "f": 12}
    assert isinstance(value["d"], float)
    assert isinstance(value["f"], int)


def test_text_that_cannot_be_stored_is_mended() -> None:
    assert ask(b'{"code":0,"data":{"a":"x\\ud800y","b":"\\ud83d\\ude00","c":1}}') == {"a": "x?y", "b": "😀", "c": 1}
    assert ask(b'\xef\xbb\xbf{"code":0,"data":{"a":"\xff"}}') == {"a": "\ufffd"}


def test_clean() -> None:
    secrets = ("SIM HPS", "simhps0001", "")
    assert excerpt("Device  SIMHPS0001\n is\tgone\x00", secrets, 200) == "Device ** is gone"
    assert excerpt("at /x?deviceSn=SIM%20HPS", secrets, 200) == "at /x?deviceSn=**"
    assert excerpt("x" * 300, (), 200) == "x" * 199 + "…"


def test_vendor_message_is_cut_and_redacted() -> None:
    message = "no\ndevice SIMHPS0001 " + "z" * 400
    error = outcome({"code": "E SIMHPS0001", "data": None, "msg": message}, secrets=("SIMHPS0001",))
    assert error.vendor_message.startswith("no device ** zzz")
    assert len(error.vendor_message) == 200
    assert error.code == "E **"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)
CODES = st.sampled_from([0, 200, "0", 403, 404, 500, 429])
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("code", "Code"), JSON | CODES),
        **{name: JSON | JSON.map(json.dumps) for name in ("data", "DATA")},
        **dict.fromkeys(("msg", "message", "success", "Success"), JSON),
    },
)


def caught(ask: Callable[[], object]) -> EnercloError | None:
    """Return the error of ours that comes out, if any."""
    try:
        ask()
    except EnercloError as error:
        return error
    return None


@given(
    st.one_of(JSON, ENVELOPES, st.binary()), st.integers(100, 599), st.text(), st.text(), st.booleans(), st.booleans()
)
def test_any_answer_gives_data_or_an_error_of_ours(
    body: Any, status: int, content_type: str, retry_after: str, cut: bool, write: bool
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fault = "the answer is cut off" if cut else ""
    answer = Answer(status=status, content_type=content_type, body=content, retry_after=retry_after, fault=fault)
    for decode in (members_of, page_of):
        error = caught(lambda decode=decode: read(answer, decode, secrets=("SIMHPS0001",), now=NOW, write=write))
        assert error is not None or 200 <= status < 300
        assert error is None or error.answered
        texts = [str(error), error.vendor_message] if error else []
        assert all(text.isprintable() and len(text) < 300 for text in texts)


@given(st.text(alphabet="SIMHPS01 \n", max_size=300), st.integers(1, 200))
def test_no_secret_survives_cleaning(text: str, length: int) -> None:
    assert "SIMHPS0001" not in excerpt(text + "SIMHPS0001" + text, ("SIMHPS0001",), length)
