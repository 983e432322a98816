"""Texts of the other languages: complete, translated, and with the placeholders and marks of the English ones."""

import json
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import homeassistant
import pytest

from custom_components.atess.catalogue import ACCOUNT, DERIVED, FIELDS, PLANT
from custom_components.atess.catalogue.settings import TARIFFS, Danger, SettingType, settings_of
from custom_components.atess.enerclo import Kind
from script._languages import dump, in_step, lacking, leaves

from . import INTEGRATION, ROOT

LANGUAGES = ("de", "es", "fr", "it", "nl", "pl", "pt-BR", "th", "vi", "zh-Hans")
TRANSLATIONS = INTEGRATION / "translations"
# Texts that are the same in English, and texts that wait for a translation.
UNTRANSLATED: dict[str, Any] = tomllib.loads((ROOT / "tests" / "data" / "untranslated.toml").read_text("utf-8"))

BOLD = re.compile(r"\*\*(.+?)\*\*")
CODE = re.compile(r"`[^`]*`")
# What Home Assistant's interface calls something, by the English name and the integration whose title it is.
HOME_ASSISTANTS_NAMES = {"Energy": "energy"}
# Languages whose sentences do not end with a full stop.
NO_FULL_STOP = {"th"}
SCRIPTS = {"th": re.compile("[\u0e00-\u0e7f]"), "zh-Hans": re.compile("[\u4e00-\u9fff]")}
ENGLISH_WORDS = re.compile(r"\b(?:and|the|with)\b", re.IGNORECASE)
# The page of a device cuts off what is longer.
LONGEST_NAME = 60
# What a phone that is 360 pixels wide shows of a name there, in columns, and what of that of a time: beside it stand
# hours and minutes, with a 12-hour clock AM or PM too (see tests/browser/test_device_page.py).
SEEN, SEEN_OF_TIME_12, SEEN_OF_TIME_24 = 23, 4, 16
# How words sort in languages that do not sort by code points.
COLLATION = {"เริ่ม": "รเ", "สิ้นสุด": "ส", "起": "qi", "止": "zhi"}

SAME_AS_IN_ENGLISH: Mapping[str, Callable[[str], object]] = {
    "placeholders": lambda text: Counter(re.findall(r"\{\w+\}", text)),
    "braces": lambda text: Counter(re.findall(r"[{}]", text)),
    "bold": lambda text: (text.count("**"), len(BOLD.findall(text))),
    "code": lambda text: Counter(CODE.findall(text)),
    "backticks": lambda text: text.count("`"),
    "line breaks": lambda text: text.count("\n"),
    "numbers": lambda text: Counter(re.findall(r"\d+", text)),
}


def texts_of(language: str) -> dict[str, Any]:
    def checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), [key for key, _ in pairs]
        return dict(pairs)

    path = TRANSLATIONS / f"{language}.json"
    texts: dict[str, Any] = json.loads(path.read_text("utf-8"), object_pairs_hook=checked)
    return texts


ENGLISH: dict[str, str] = dict(leaves(texts_of("en")))


def wrong(english: str, text: str, language: str) -> list[str]:
    """Return what a translation of a text lacks or has too much."""
    found = [name for name, of in SAME_AS_IN_ENGLISH.items() if of(text) != of(english)]
    if text != " ".join(text.split(" ")).strip() or re.search(r"  | \n|\n ", text):
        found.append("spaces")
    if language not in NO_FULL_STOP and text.endswith((".", "。")) != english.endswith("."):
        found.append("full stop")
    # The frontend takes a brace after an apostrophe for text.
    if re.search(r"'[{}]", text):
        found.append("apostrophe")
    if text != unicodedata.normalize("NFC", text) or re.search("[<>\ufffd\u200b\t\r]", text):
        found.append("characters")
    return found


def in_english(english: str, text: str, language: str) -> bool:
    """Return whether a text is not translated."""
    prose = CODE.sub("", text)
    script = SCRIPTS.get(language)
    return text == english or bool(ENGLISH_WORDS.search(prose)) or (script is not None and not script.search(prose))


def translated(language: str) -> dict[str, str]:
    """Return the translations of a language by place."""
    return dict(leaves(texts_of(language)))


def translations_of(language: str) -> dict[str, set[str]]:
    """Return how a language translates each English text."""
    own = translated(language)
    found: dict[str, set[str]] = {}
    for place, english in ENGLISH.items():
        found.setdefault(english, set()).add(own.get(place, english))
    return found


def may_be_english(language: str) -> set[str]:
    """Return the English texts that are the same in a language."""
    return {*UNTRANSLATED["everywhere"], *UNTRANSLATED["same"].get(language, ())}


def test_the_languages_are_those_of_the_list() -> None:
    assert sorted(path.name for path in TRANSLATIONS.iterdir()) == sorted(f"{name}.json" for name in (*LANGUAGES, "en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_those_that_english_has(language: str) -> None:
    texts = texts_of(language)
    own = dict(leaves(texts))
    assert [place for place in own if place not in ENGLISH] == []
    assert [place for place, text in own.items() if not isinstance(text, str) or not text] == []
    assert [text for text in lacking(texts_of("en"), texts) if text not in UNTRANSLATED["waiting"]] == []
    assert (TRANSLATIONS / f"{language}.json").read_text("utf-8") == dump(in_step(texts_of("en"), texts))


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_marks_are_those_of_english(language: str) -> None:
    assert {
        place: found for place, text in translated(language).items() if (found := wrong(ENGLISH[place], text, language))
    } == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_in_english(language: str) -> None:
    allowed = may_be_english(language)
    left = {
        ENGLISH[place]: text
        for place, text in translated(language).items()
        if in_english(ENGLISH[place], text, language) and not (text == ENGLISH[place] and text in allowed)
    }
    assert left == {}


def test_lists_of_untranslated_texts_hold_nothing_dead() -> None:
    """An entry stands for a text that there is, and that is the same or missing in that language; each stands once."""
    assert set(UNTRANSLATED) == {"everywhere", "waiting", "same"}
    lists = [UNTRANSLATED["everywhere"], UNTRANSLATED["waiting"], *UNTRANSLATED["same"].values()]
    assert [(a, b) for entries in lists for a, b in pairwise(entries) if a >= b] == []
    assert set(UNTRANSLATED["same"]) <= set(LANGUAGES)
    known = {language: translations_of(language) for language in LANGUAGES}
    for text in UNTRANSLATED["everywhere"]:
        assert all(text in known[language].get(text, ()) for language in LANGUAGES), text
    for language, entries in UNTRANSLATED["same"].items():
        assert set(entries) & set(UNTRANSLATED["everywhere"]) == set()
        assert [text for text in entries if text not in known[language].get(text, ())] == []
    missing = {text for language in LANGUAGES for text in lacking(texts_of("en"), texts_of(language))}
    assert [text for text in UNTRANSLATED["waiting"] if text not in missing] == []


def home_assistants_name(domain: str, language: str) -> str | None:
    """Return the title of one of Home Assistant's integrations; None if this version does not translate it."""
    path = Path(homeassistant.__file__).parent / "components" / domain / "translations" / f"{language}.json"
    title: str | None = json.loads(path.read_text("utf-8")).get("title") if path.exists() else None
    return title


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_in_bold_are_what_the_interface_shows(language: str) -> None:
    """A name of ours is as translated in its own place, one of Home Assistant's as Home Assistant translates it."""
    names = translations_of(language)
    for english, domain in HOME_ASSISTANTS_NAMES.items():
        assert english not in names
        if title := home_assistants_name(domain, language):
            names[english] = {title}
    differing = {}
    for place, text in translated(language).items():
        shown = BOLD.findall(text)
        expected = [names[name] for name in BOLD.findall(ENGLISH[place]) if name in names]
        if any(not allowed.intersection(shown) for allowed in expected):
            differing[place] = (shown, expected)
    assert differing == {}


def test_everything_in_bold_is_a_name_or_a_sentence() -> None:
    spans = {span for text in ENGLISH.values() for span in BOLD.findall(text)}
    assert {"Add device", "Energy"} <= spans
    names = {*ENGLISH.values(), *HOME_ASSISTANTS_NAMES}
    assert [span for span in sorted(spans) if span not in names and not span.endswith(".")] == []


def beside(texts: dict[str, Any], place: str = "") -> dict[str, dict[str, str]]:
    """Return what stands side by side in a list: texts of a part, and names of its parts, by place and key."""
    found: dict[str, dict[str, str]] = {place: {}}
    for key, text in texts.items():
        if isinstance(text, str):
            found[place][key] = text
        else:
            found |= beside(text, f"{place}.{key}")
            if isinstance(text.get("name"), str):
                found[place][key] = text["name"]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_differs_in_english_differs(language: str) -> None:
    """Two entities, states or choices of one list never get the same name."""
    english, alike = beside(texts_of("en")), {}
    for place, own in beside(texts_of(language)).items():
        meanings: dict[str, set[str]] = {}
        for key, text in own.items():
            meanings.setdefault(text.casefold(), set()).add(english[place][key].casefold())
        alike |= {(place, text): sorted(several) for text, several in meanings.items() if len(several) > 1}
    assert alike == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_of_entities_are_short(language: str) -> None:
    names = {
        place: text for place, text in translated(language).items() if re.fullmatch(r"entity\.\w+\.\w+\.name", place)
    }
    assert len(names) > 100
    assert {place: text for place, text in names.items() if len(text) > LONGEST_NAME} == {}


def seen(name: str, language: str, *, of_time: bool = False) -> str:
    """Return what is seen of a name on a phone. Of our languages, only English has a 12-hour clock."""
    columns = (SEEN_OF_TIME_12 if language == "en" else SEEN_OF_TIME_24) if of_time else SEEN
    shown = ""
    for letter in name:
        columns -= 0 if unicodedata.category(letter) == "Mn" else 1 + (unicodedata.east_asian_width(letter) in "WF")
        if columns < 0:
            break
        shown += letter
    return shown


def device_pages() -> Iterator[set[str]]:
    """Return the places of the names that stand on the page of each kind of device by default."""
    yield {f"entity.{item.platform}.{item.key}.name" for item in (*PLANT, *ACCOUNT) if item.enabled}
    for kind in Kind:
        places = {f"entity.{item.platform}.{item.key}.name" for item in DERIVED[kind] if item.enabled}
        places |= {f"entity.{item.platform}.{item.key}.name" for item in FIELDS[kind] if item.enabled}
        for setting in settings_of(kind).values():
            if setting.hidden or setting.danger is Danger.SAFETY:
                continue
            if setting.type is SettingType.WINDOW:
                places |= {f"entity.time.{setting.key}_{edge}.name" for edge in ("start", "end")}
            else:
                places.add(f"entity.{setting.type.value}.{setting.key}.name")
        yield places


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_names_differ_on_a_phone(language: str) -> None:
    names = translated(language)
    for places in device_pages():
        assert len(places) > 10
        alike: dict[str, set[str]] = {}
        for place in places:
            shown = seen(names[place], language, of_time=place.startswith("entity.time."))
            alike.setdefault(shown, set()).add(names[place])
        assert [several for several in alike.values() if len(several) > 1] == []


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_the_start_of_a_period_stands_before_its_end(language: str) -> None:
    """The page of a device sorts by name."""
    names = translated(language)
    for tariff in TARIFFS:
        for number in range(1, 6):
            start, end = (names[f"entity.time.{tariff}_period_{number}_{edge}.name"] for edge in ("start", "end"))
            period, _, first = start.partition(str(number))
            assert end.startswith(f"{period}{number}"), (start, end)
            last = end.removeprefix(f"{period}{number}")
            assert COLLATION.get(first.strip(), first) < COLLATION.get(last.strip(), last), (start, end)


@pytest.mark.parametrize(
    ("english", "text", "found"),
    [
        ("{device} is off.", "{device} ist aus.", []),
        ("{device} is off.", "{gerät} ist aus.", ["placeholders"]),
        ("{device} is off.", "{device} ist aus: {device}.", ["placeholders", "braces"]),
        ("{device} is off.", "{device} ist} aus.", ["braces"]),
        ("Select **Wait**.", "Wähle **Warten**.", []),
        ("Select **Wait**.", "Wähle Warten.", ["bold"]),
        ("Select **Wait**.", "Wähle ** Warten*.", ["bold"]),
        ("Set `wait`.", "Setze `wait`.", []),
        ("Set `wait`.", "Setze `warten`.", ["code"]),
        ("Set `wait`.", "Setze `wait.", ["code", "backticks"]),
        ("A\n\nB", "A\nB", ["line breaks"]),
        ("Fan 1 warning", "Warnung Lüfter 2", ["numbers"]),
        ("Off", "Aus ", ["spaces"]),
        ("Power off", "Leistung  aus", ["spaces"]),
        ("Off.", "Aus", ["full stop"]),
        ("Off", "Aus。", ["full stop"]),
        ("Of {device}", "De l'{device}", ["apostrophe"]),
        ("Off", "<b>Aus</b>", ["characters"]),
        ("Off", "A\u0308us", ["characters"]),
    ],
)
def test_mistakes_are_found(english: str, text: str, found: list[str]) -> None:
    assert wrong(english, text, "de") == found


@pytest.mark.parametrize(
    ("text", "language", "left"),
    [
        ("Wait for it.", "de", True),
        ("Warte darauf.", "de", False),
        ("Warte and hoffe.", "de", True),
        ("Wait on it", "th", True),
        ("`and` 等待", "zh-Hans", False),
    ],
)
def test_english_is_found(text: str, language: str, *, left: bool) -> None:
    assert in_english("Wait for it.", text, language) is left


ENGLISH_PART = {"b": {"x": "One", "y": "Two", "z": "Three"}, "a": {"x": "One", "w": "Two"}}


@pytest.mark.parametrize(
    ("texts", "expected", "missing"),
    [
        # Put into the order of English, and what English does not have left out.
        (
            {
                "a": {"w": "zwei", "x": "eins", "v": "weg"},
                "b": {"z": "drei", "y": "zwei", "x": "eins"},
                "c": {"x": "weg"},
            },
            {"b": {"x": "eins", "y": "zwei", "z": "drei"}, "a": {"x": "eins", "w": "zwei"}},
            [],
        ),
        # Filled in from where the same text stands, but not if that is translated in two ways.
        ({"a": {"x": "eins"}}, {"b": {"x": "eins"}, "a": {"x": "eins"}}, ["Two", "Three"]),
        ({"b": "kein Teil", "a": {"x": "eins"}}, {"b": {"x": "eins"}, "a": {"x": "eins"}}, ["Two", "Three"]),
        ({}, {}, ["One", "Two", "Three"]),
    ],
)
def test_languages_keep_step_with_english(texts: dict[str, Any], expected: dict[str, Any], missing: list[str]) -> None:
    found = in_step(ENGLISH_PART, texts)
    assert dump(found) == dump(expected)
    assert lacking(ENGLISH_PART, found) == missing


def test_a_text_with_two_translations_is_not_filled_in() -> None:
    english = {"a": {"x": "Start"}, "b": {"x": "Start"}, "c": {"x": "Start"}}
    texts = {"a": {"x": "Beginn"}, "b": {"x": "Starten"}}
    assert in_step(english, texts) == texts
    assert lacking(english, texts) == ["Start"]
