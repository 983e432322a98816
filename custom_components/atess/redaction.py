"""Members of answers that name a person, a place or a piece of hardware, and how reports show what must not leave."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from homeassistant.components.diagnostics import REDACTED

from .enerclo import Json, scrubber

HIDDEN = "**"

# Ends of names, without regard to case, underscores and digits at the end.
_ENDS = (
    *("sn", "barcode", "mac", "imei", "imsi", "iccid", "ssid", "mail", "phone", "mobile", "name", "alias", "address"),
    *("lat", "lon", "lng", "ip", "url", "token", "password", "uuid"),
)
_PARTS = (
    *("serial", "barcode", "imei", "imsi", "iccid", "ssid", "email", "phone", "address", "latitude", "longitude"),
    *("username", "nickname", "ipaddr", "macaddr", "password", "passwd", "token", "authorization", "secret"),
)
_WORDS = frozenset(_ENDS)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NO_MODEL = r"(?!(?:HPS|PCS|PBD)[0-9]{1,5}[A-Z]{0,4}(?![A-Za-z0-9]))"
# Serial numbers as they are usually written: capitals and digits, at least one of both. Names of models are none.
_SERIAL = re.compile(rf"(?<![A-Za-z0-9]){_NO_MODEL}(?=[A-Z0-9]*[A-Z])(?=[A-Z]*[0-9])[A-Z0-9]{{8,32}}(?![A-Za-z0-9])")
_PRIVATE = re.compile(
    "|".join(
        (
            # other letters and digits without a gap, at least three digits
            rf"(?<![a-z0-9]){_NO_MODEL}(?=[0-9]*[a-z])(?=(?:[a-z]*[0-9]){{3}})[a-z0-9]{{8,}}(?![a-z0-9])",
            # numbers as long as those of telephones and modems
            r"(?<![0-9.])[0-9]{10,}(?![0-9.])",
            # addresses of mail, pages, network cards and hosts
            r"(?<![^\s@])[^\s@]+@[^\s@]+\.[a-z]{2,}",
            r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*://\S+",
            r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}",
            r"(?<![0-9.v])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])",
        )
    ),
    re.ASCII | re.IGNORECASE,
)
# Members of base info whose texts say which hardware and firmware it is, and no more.
_PLAIN = frozenset(
    {"devicemodel", "model", "firmwareversion", "fwversion", "status", "statustext", "time", "updatetime"}
)


def is_private_name(name: str) -> bool:
    """Return whether members of this name hold what must not leave the house."""
    folded = re.sub(r"[^a-z]", "", name.casefold())
    if folded.endswith(_ENDS) or any(part in folded for part in _PARTS):
        return True
    return any(word.casefold() in _WORDS for word in _WORD.findall(name))


def is_private(name: str, value: object, secrets: Iterable[str] = ()) -> bool:
    """Return whether a member must not be shown: by its name, by the form of its text, or by a secret in it."""
    if is_private_name(name):
        return True
    text = f"{name} {value}".casefold()
    if any(secret.casefold() in text for secret in secrets if secret):
        return True
    return any(_SERIAL.search(part) or _PRIVATE.search(part) for part in (name, value) if isinstance(part, str))


class Answer(Protocol):
    """What was read of a device, with the members that nobody knows."""

    @property
    def unknown(self) -> Mapping[str, Json]:
        """The members of unknown meaning."""


class UnknownMembers:
    """The unknown members of a device's last answer that may be shown, found once for each answer."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take the serial numbers that no member may name."""
        self._secrets = tuple(secrets)
        self._answer: Answer | None = None
        self._shown: dict[str, str | float | bool] = {}

    def of(self, answer: Answer | None) -> Mapping[str, str | float | bool]:
        """Return the members that are not private, none without an answer."""
        if answer is not self._answer:
            self._answer = answer
            self._shown = {
                name: value
                for name, value in ({} if answer is None else answer.unknown).items()
                if isinstance(value, str | int | float) and not is_private(name, value, self._secrets)
            }
        return self._shown


def redacted(members: Mapping[str, Json], known: Callable[[str], bool] | None = None) -> dict[str, Any]:
    """Return members for a report: private ones redacted, texts of unknown meaning as type and length."""
    return {str(name): _redacted_value(str(name), value, known) for name, value in members.items()}


def _redacted_value(name: str, value: object, known: Callable[[str], bool] | None) -> object:
    if value is None or value in ("", [], {}):
        return value
    if is_private_name(name):
        return REDACTED
    if isinstance(value, Mapping):
        return redacted(value, known)
    if isinstance(value, list | tuple):
        return [_redacted_value(name, item, known) for item in value]
    if isinstance(value, str) and name.casefold() not in _PLAIN and not (known is not None and known(name)):
        return f"text of {len(value)} characters"
    return value


def scrubbed(report: object, secrets: Iterable[str]) -> object:
    """Return a finished report without secrets, wherever they stand, as keys too, and in whatever case and form."""
    found = scrubber(tuple(sorted({secret for secret in secrets if secret})))

    def scrub(value: object) -> object:
        if isinstance(value, Mapping):
            return {scrub(key): scrub(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [scrub(item) for item in value]
        if isinstance(value, str):
            return _PRIVATE.sub(REDACTED, _SERIAL.sub(REDACTED, found.text(value, REDACTED)))
        return value

    return scrub(report)
