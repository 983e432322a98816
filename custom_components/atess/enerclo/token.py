"""Forms of the token and the identity of the account behind it."""

import base64
import binascii
import hashlib
import re
import unicodedata

_PAIR = re.compile(r"[0-9]+:[0-9a-fA-F]+")
_DECODED = re.compile(r"[0-9]+:[!-~]+")
_SALT = b"atess-enerclo"


def normalize_token(text: str) -> str:
    """Return the `Authorization` header value for a pasted token.

    Accepted (seen): `Basic <base64>`, the base64 alone, the raw `<numeric id>:<hex digits>` pair, each with white space
    around or inside. Anything else is passed on, stripped, with white space runs as one space and without control
    characters, which no header may hold.
    """
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


def account_identity(token: str) -> str:
    """Return the numeric id within the token, else 32 hex digits of a salted hash of it: stable, and no secret."""
    header = normalize_token(token)
    if (pair := _decode(header.removeprefix("Basic "))) is not None:
        return pair.partition(":")[0]
    return hashlib.blake2b(header.encode(), digest_size=16, salt=_SALT).hexdigest()


def token_secrets(token: str) -> tuple[str, ...]:
    """Return every text that gives the token away: header value, its base64, the decoded pair, the key in it."""
    header = normalize_token(token)
    encoded = header.removeprefix("Basic ")
    pair = _decode(encoded)
    return (header, encoded) if pair is None else (header, encoded, pair, pair.partition(":")[2])


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
