"""The address of the API: the vendor's, or one that the user gives."""

import ipaddress
import re
from urllib.parse import urlsplit

DEFAULT_BASE_URL = "https://www.enerclo-atesspower.com/api/v1/"
_SUFFIX = "/api/v1/"


def normalize_base_url(text: str) -> str:
    """Return the address with its final slash; ValueError if the token must not travel there.

    It ends in `/api/v1/` (a missing slash is forgiven), has neither user name nor query, and is https, or http on
    `localhost`, a loopback or a private address.
    """
    address = text.strip()
    if re.search(r"[\s\\\x00-\x1f\x7f]", address):
        raise ValueError("the address holds characters that no address has")
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts = None
    if parts is None:
        raise ValueError("not an address")
    if "@" in parts.netloc:
        raise ValueError("the address must not hold a user name or password")
    if not host or "?" in address or "#" in address:
        raise ValueError("not an address")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_local(host)):
        raise ValueError("the address must begin with https:// (http:// only on private addresses)")
    path = parts.path.rstrip("/") + "/"
    if not path.endswith(_SUFFIX):
        raise ValueError(f"the address must end in {_SUFFIX}")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private
