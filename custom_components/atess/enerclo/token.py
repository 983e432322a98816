"""The token of an account: its forms, the identity in it, and what gives it away."""

import base64
import binascii
import hashlib
import re
import unicodedata
from typing import override

_PAIR = re.compile(r"[0-9]+:[0-9a-fA-F]+")
_DECODED = re.compile(r"[0-9]+:[!-~]+")
_SALT = b"atess-enerclo"


class Token:
    """A token, normalized once; it prints as `Token(***)`, and compares by what is sent to the cloud.

    Accepted (seen): `Basic <base64>`, the base64 alone, the raw `<numeric id>:<hex digits>` pair, each with white space
    around or inside. Anything else is passed on, stripped, with white space runs as one space and without control
    characters, which no header may hold.
    """

    __slots__ = ("_header",)

    def __init__(self, text: str) -> None:
        """Take a token in whatever form it was pasted."""
        self._header = _normalize(text)

    @property
    def header(self) -> str:
        """The value of the `Authorization` header, which is also what config entries keep."""
        return self._header

    @property
    def identity(self) -> str:
        """The numeric id within the token, else 32 hex digits of a salted hash of it: stable, and no secret."""
        if (pair := _decode(self._encoded)) is not None:
            return pair.partition(":")[0]
        return hashlib.blake2b(self._header.encode(), digest_size=16, salt=_SALT).hexdigest()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text that gives the token away: header value, its base64, the decoded pair, the key in it."""
        forms = (self._header, self._encoded)
        pair = _decode(self._encoded)
        return forms if pair is None else (*forms, pair, pair.partition(":")[2])

    @property
    def _encoded(self) -> str:
        return self._header.removeprefix("Basic ")

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other._header == self._header  # of its own class

    @override
    def __hash__(self) -> int:
        return hash(self._header)

    @override
    def __repr__(self) -> str:
        return "Token(***)"

    @override
    def __format__(self, format_spec: str) -> str:
        return format(repr(self), format_spec)


def _normalize(text: str) -> str:
    plain = "".join(" " if char.isspace() else char for char in text if not _forbidden(char))
    words = plain.split()
    joined = "".join(words[1:] if words and words[0].lower() == "basic" else words)
    if _PAIR.fullmatch(joined):
        return _header(joined)
    if (pair := _decode(joined)) is not None:
        return _header(pair)
    if len(words) > 1 and words[0].lower() == "basic":
        words[0] = "Basic"
    return " ".join(words)


def _forbidden(char: str) -> bool:
    """Whether a character may not be in a header (control characters and lone surrogates)."""
    return not char.isspace() and unicodedata.category(char) in {"Cc", "Cs"}


def _header(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _decode(encoded: str) -> str | None:
    """Return the `id:key` pair behind the base64, padded or not, or None if it is none."""
    try:
        pair = base64.b64decode(encoded.rstrip("=") + "=" * (-len(encoded.rstrip("=")) % 4), validate=True).decode()
    except binascii.Error, ValueError:
        return None
    return pair if _DECODED.fullmatch(pair) else None
