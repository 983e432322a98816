"""Forms of the token."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.atess.enerclo import Token

from .cloud import TOKEN_KEY, TOKEN_PAIR

ENCODED = base64.b64encode(TOKEN_PAIR.encode()).decode()
HEADER = f"Basic {ENCODED}"


@pytest.mark.parametrize(
    "text",
    [
        HEADER,
        ENCODED,
        TOKEN_PAIR,
        f"  {HEADER}\n",
        f"\r\n{ENCODED}\t",
        f"basic   {ENCODED}",
        f"Basic {TOKEN_PAIR}",
        f"{ENCODED[:20]}\n{ENCODED[20:]}",
        ENCODED.rstrip("="),
        f"Basic\n{ENCODED}",
    ],
)
def test_accepted_forms_become_the_header(text: str) -> None:
    assert Token(text).header == HEADER
    assert Token(text).identity == "4711"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("Bearer abc.def", "Bearer abc.def"),
        ("  some-key \n", "some-key"),
        ("basic xyz", "Basic xyz"),
        ("Basic", "Basic"),
        ("4711:not hex!", "4711:not hex!"),
        ("a\r\nInjected: b\x00", "a Injected: b"),
        ("", ""),
    ],
)
def test_anything_else_is_passed_on(text: str, header: str) -> None:
    assert Token(text).header == header


def test_identity_without_an_id_is_a_stable_hash() -> None:
    identity = Token("some-key").identity
    assert identity == Token(" some-key\n").identity
    assert identity != Token("other-key").identity
    assert len(identity) == 32
    assert int(identity, 16)
    assert "some-key" not in identity


def test_base64_of_other_things_is_no_pair() -> None:
    encoded = base64.b64encode(b"\xff\xfe binary").decode()
    assert Token(encoded).header == encoded


def test_secrets_cover_every_form() -> None:
    assert {HEADER, ENCODED, TOKEN_PAIR, TOKEN_KEY} == set(Token(ENCODED).secrets)
    assert set(Token("Basic xyz").secrets) == {"Basic xyz", "xyz"}


@given(st.text())
def test_any_text_gives_a_header_that_can_be_sent(text: str) -> None:
    header = Token(text).header
    assert Token(header).header == header
    assert header == header.strip()
    assert not any(char in header for char in "\r\n\0")
    header.encode()
    assert Token(text).identity == Token(header).identity


@given(st.integers(0, 10**12), st.text("0123456789abcdefABCDEF", min_size=32, max_size=32), st.sampled_from(" \t\r\n"))
def test_every_pair_is_recognised_in_all_forms(number: int, key: str, space: str) -> None:
    pair = f"{number}:{key}"
    encoded = base64.b64encode(pair.encode()).decode()
    forms = {pair, encoded, f"Basic {encoded}", f"{space}Basic{space}{encoded}{space}", f"{space}{pair}{space}"}
    assert {Token(form).header for form in forms} == {f"Basic {encoded}"}
    assert {Token(form).identity for form in forms} == {str(number)}


@given(st.text())
def test_a_token_never_prints(text: str) -> None:
    token = Token(text)
    assert {repr(token), str(token), f"{token}", f"{token!r}", "%s" % token} == {"Token(***)"}  # noqa: UP031
    assert f"{token:>12}" == "  Token(***)"
    assert repr({"token": token}) == "{'token': Token(***)}"


def test_tokens_are_equal_by_what_is_sent() -> None:
    assert Token(ENCODED) == Token(HEADER)
    assert len({Token(ENCODED), Token(TOKEN_PAIR), Token("other")}) == 2
    assert Token(HEADER) != HEADER
