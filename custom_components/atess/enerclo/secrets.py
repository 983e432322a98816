"""Finding the token in what the cloud sends, in each form that gives it away."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from .model import Json

REPLACEMENT = "**"
# What stands between the characters of a text that was cut up: blanks, control and invisible characters, a backslash.
_GAP = r"[\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\ufeff\\]*"
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Replaces secrets in texts and JSON; shorter texts than `shortest` cannot hold one."""

    pattern: re.Pattern[str] | None
    shortest: int

    def text(self, text: str, replacement: str = REPLACEMENT) -> str:
        """Return a text without secrets, in whatever form and case."""
        return text if self.pattern is None or len(text) < self.shortest else self.pattern.sub(replacement, text)

    def members(self, members: dict[str, Json]) -> dict[str, Json]:
        """Return a parsed JSON object without secrets, in keys and values at any depth."""
        return {self.text(key): self.value(value) for key, value in members.items()}

    def value(self, value: Json) -> Json:
        """Return a parsed JSON value without secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.members(value) if isinstance(value, dict) else value


@lru_cache(maxsize=256)
def scrubber(secrets: tuple[str, ...]) -> Scrubber:
    """Return what replaces these secrets."""
    forms = {form for secret in secrets for form in _forms(secret) if len(form) >= _SHORTEST}
    alternatives = (_GAP.join(map(re.escape, form)) for form in sorted(forms, key=lambda form: (-len(form), form)))
    pattern = re.compile("|".join(alternatives), re.IGNORECASE) if forms else None
    return Scrubber(pattern, min(map(len, forms), default=0))


def _forms(secret: str) -> Iterable[str]:
    """Return a secret as it is, as base64, and both percent-encoded, base64 without padding and in both alphabets."""
    plain = " ".join(secret.split())
    encoded = urlsafe_b64encode(plain.encode()).decode()
    for text in (plain, encoded):
        bare = text.rstrip("=")
        for form in (text, bare, bare.replace("+", "-").replace("/", "_"), bare.replace("-", "+").replace("_", "/")):
            yield form
            yield quote(form)
            yield quote(form, safe="")
            yield quote(quote(form, safe=""), safe="")
