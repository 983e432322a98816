"""Finding secrets in what the cloud sends, in each form that gives them away."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from .model import Json

REPLACEMENT = "**"
_SHORTEST = 4
# What may stand between the characters of a secret: blanks, control and invisible characters, a backslash.
_GAPS = dict.fromkeys(
    (
        *(*range(0x21), 0x5C, *range(0x7F, 0xA1), 0xAD, 0x1680, 0x180E),
        *(*range(0x2000, 0x2010), *range(0x2028, 0x2030), *range(0x205F, 0x2065), 0x3000, 0xFEFF),
    )
)


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Replaces secrets in texts and JSON; `forms` are without gaps and folded, the longest first."""

    forms: tuple[str, ...]

    def text(self, text: str, replacement: str = REPLACEMENT) -> str:
        """Return a text without secrets, in whatever form and case."""
        if not self.forms or len(text) < len(self.forms[-1]):
            return text
        squeezed = text.translate(_GAPS).casefold()
        if not any(form in squeezed for form in self.forms):
            return text
        # The place of each character of the squeezed text, which may be longer after folding.
        places = [at for at, char in enumerate(text) for _ in char.translate(_GAPS).casefold()]
        for form in self.forms:
            while form not in replacement.casefold() and (start := squeezed.find(form)) >= 0:
                end = start + len(form)
                first, last = places[start], places[end - 1]
                text = f"{text[:first]}{replacement}{text[last + 1 :]}"
                squeezed = text.translate(_GAPS).casefold()
                places = [at for at, char in enumerate(text) for _ in char.translate(_GAPS).casefold()]
        return text

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
    forms = {form.translate(_GAPS).casefold() for secret in secrets for form in _forms(secret)}
    return Scrubber(
        tuple(sorted((form for form in forms if len(form) >= _SHORTEST), key=lambda form: (-len(form), form)))
    )


def _forms(secret: str) -> Iterable[str]:
    """Return a secret and its base64, in both alphabets and without padding, each also percent-encoded."""
    for text in (secret, b64encode(secret.encode()).decode()):
        bare = text.rstrip("=")
        for form in (bare, bare.replace("+", "-").replace("/", "_")):
            yield form
            yield quote(form, safe="")
            yield quote(quote(form, safe=""), safe="")
