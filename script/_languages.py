"""Keeps the texts of other languages in step with the English ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

type Json = dict[str, Any]


def dump(texts: Json) -> str:
    """Return a file of translations."""
    return json.dumps(texts, indent=2, ensure_ascii=False) + "\n"


def leaves(texts: Json, place: str = "") -> Iterator[tuple[str, str]]:
    """Return each text with its place."""
    for key, text in texts.items():
        if isinstance(text, dict):
            yield from leaves(text, f"{place}{key}.")
        else:
            yield f"{place}{key}", text


def in_step(english: Json, texts: Json) -> Json:
    """Return the texts of a language in the order of the English ones.

    Texts that English no longer has are left out. A missing text is filled in if its English text stands elsewhere too
    and is translated the same everywhere.
    """
    there = dict(leaves(texts))
    translated: dict[str, set[str]] = {}
    for place, text in leaves(english):
        if place in there:
            translated.setdefault(text, set()).add(there[place])
    return _in_step(english, there, {text: found.pop() for text, found in translated.items() if len(found) == 1})


def _in_step(english: Json, there: dict[str, str], known: dict[str, str], place: str = "") -> Json:
    result: Json = {}
    for key, text in english.items():
        if isinstance(text, dict):
            if inner := _in_step(text, there, known, f"{place}{key}."):
                result[key] = inner
        elif (own := there.get(f"{place}{key}", known.get(text))) is not None:
            result[key] = own
    return result


def lacking(english: Json, texts: Json) -> list[str]:
    """Return the English texts that a language does not have, each once."""
    there = dict(leaves(texts))
    return list(dict.fromkeys(text for place, text in leaves(english) if place not in there))


def others(path: Path, english: Json) -> dict[Path, Json]:
    """Return the texts of all languages beside the file of the English ones, in step with them."""
    return {
        other: in_step(english, json.loads(other.read_text("utf-8")))
        for other in sorted(path.parent.glob("*.json"))
        if other != path
    }
