"""Blueprints of other languages: complete, translated, and but for their texts the English ones."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from script._blueprints import english, sources, text_nodes, translated

from ..repository.test_languages import BOLD, LANGUAGES, in_english, may_be_english, translations_of, wrong
from ..repository.test_languages import ENGLISH as NAMES
from .common import BLUEPRINTS, ROOT, inputs_of, read
from .test_files import accept, address, import_link

ENGLISH = english()
# Names of other products, whose interfaces they are in.
OTHERS_NAMES = {"Active power", "Grid Charge Mode Script", "Hold Mode Script", "Normal Mode Script"}
# The form of a blueprint breaks what is longer.
LONGEST_NAME = 60
TRANSLATIONS = BLUEPRINTS / "translations"
EACH = pytest.mark.parametrize("language", LANGUAGES)


def texts_of(language: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((TRANSLATIONS / f"{language}.json").read_text("utf-8"))
    return texts


def own(language: str) -> Iterable[tuple[Path, Path]]:
    """Return the English blueprints, each with that of a language."""
    return ((ROOT / path, BLUEPRINTS / language / path.relative_to("blueprints")) for path in sources())


def test_the_languages_are_those_of_the_integration() -> None:
    assert {path.name for path in TRANSLATIONS.iterdir()} == {f"{language}.json" for language in LANGUAGES}
    assert {path.name for path in BLUEPRINTS.iterdir()} == {"automation", "script", "translations", *LANGUAGES}


@EACH
def test_texts_are_complete_and_translated(language: str) -> None:
    texts = texts_of(language)
    assert list(texts) == list(ENGLISH)
    assert {text: found for text, own in texts.items() if (found := wrong(text, own, language))} == {}
    same = may_be_english(language)
    left = {
        text for text, own in texts.items() if in_english(text, own, language) and not (own == text and own in same)
    }
    assert left == set()


@EACH
def test_names_in_bold_are_what_the_interface_shows(language: str) -> None:
    names = translations_of(language) | {name: {name} for name in OTHERS_NAMES}
    differing = {
        text: (shown, names[name])
        for text, own in texts_of(language).items()
        for name in BOLD.findall(text)
        if not names[name].intersection(shown := BOLD.findall(own))
    }
    assert differing == {}


def test_names_in_bold_are_names() -> None:
    spans = {span for text in ENGLISH for span in BOLD.findall(text)}
    assert "Battery control" in spans
    assert spans - OTHERS_NAMES - {*NAMES.values()} == set()


@EACH
def test_names_of_inputs_are_short(language: str) -> None:
    names = [item["name"] for _, path in own(language) for item in inputs_of(read(path)).values()]
    assert len(names) > 50
    assert [name for name in names if len(name) > LONGEST_NAME] == []


@EACH
def test_home_assistant_accepts_them(language: str) -> None:
    for english_path, path in own(language):
        content = accept(path, english_path.relative_to(BLUEPRINTS).parts[0])
        assert content["blueprint"]["source_url"] == address(path)


def without_texts(path: Path) -> str:
    """Return a blueprint whose texts are empty."""
    content = path.read_text("utf-8")
    empty = translated(content, {node.value: "" for node in text_nodes(content)})
    return empty.replace(address(path), "")


@EACH
def test_they_do_what_the_english_ones_do(language: str) -> None:
    for english_path, path in own(language):
        first, rest = without_texts(path).split("\n", 1)
        assert first == f"# Written by script/generate from {english_path.relative_to(ROOT)}."
        assert rest == without_texts(english_path)


@EACH
def test_its_page_imports_them(language: str) -> None:
    page = (ROOT / "docs" / "blueprints" / f"{language}.md").read_text("utf-8")
    for _, path in own(language):
        name = read(path)["blueprint"]["name"].removeprefix("ATESS: ")
        assert f"]({import_link(path)})" in page
        assert re.search(rf"^## {re.escape(name)}$", page, re.MULTILINE)
    manual = (ROOT / "docs" / "automations.md").read_text("utf-8")
    assert f"](blueprints/{language}.md)" in manual
