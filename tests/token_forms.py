"""The forms in which a token gives itself away."""

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote


def forms(pair: str) -> dict[str, str]:
    """Return the ways in which a token may be repeated."""
    key, encoded = pair.partition(":")[2], b64encode(pair.encode()).decode()
    header, urlsafe = f"Basic {encoded}", urlsafe_b64encode(pair.encode()).decode()
    return {
        "header": header,
        "header in capitals": header.replace("Basic", "BASIC"),
        "header escaped": quote(header),
        "header wholly escaped": quote(header, safe=""),
        "header in base64": b64encode(header.encode()).decode(),
        "base64": encoded,
        "without padding": encoded.rstrip("="),
        "url-safe": urlsafe,
        "url-safe without padding": urlsafe.rstrip("="),
        "base64 escaped": quote(encoded, safe=""),
        "base64 escaped twice": quote(quote(encoded, safe=""), safe=""),
        "base64 twice": b64encode(encoded.encode()).decode(),
        "escaped in small letters": quote(encoded, safe="").replace("%3D", "%3d"),
        "pair": pair,
        "pair escaped": quote(pair, safe=""),
        "pair in capitals": pair.upper(),
        "key": key,
        "key in capitals": key.upper(),
        "key in base64": b64encode(key.encode()).decode(),
        "spaced": " ".join(encoded),
        "key spaced": " ".join(key),
        "with invisible characters": "\u200b".join(key),
        "cut by a control character": pair[:12] + "\x00" + pair[12:],
        "with slashes escaped": header.replace("/", "\\/"),
    }
