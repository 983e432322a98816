"""Texts, icons and the entity reference fit the catalogue."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from custom_components.atess.catalogue import ACCOUNT, DERIVED, FAULTS, FIELDS, PLANT, Definition
from custom_components.atess.enerclo.model import Kind
from script import _generate

ROOT = Path(__file__).parents[2]
INTEGRATION = ROOT / "custom_components" / "atess"
ENTITIES: list[Definition] = [
    *(item for kind in Kind for item in DERIVED[kind]),
    *(field for kind in Kind for field in FIELDS[kind] if field.has_entity),
    *PLANT,
    *ACCOUNT,
]


def read(name: str) -> dict[str, Any]:
    """Return the entities' part of a JSON file of the integration."""
    entity: dict[str, Any] = json.loads((INTEGRATION / name).read_text("utf-8"))["entity"]
    return entity


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder that holds only what the generator reads."""
    for path in (_generate.TRANSLATIONS, _generate.DESCRIPTIONS):
        (tmp_path / path).parent.mkdir(parents=True)
        shutil.copy(ROOT / path, tmp_path / path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_entity_has_its_name() -> None:
    texts = read("translations/en.json")
    for item in ENTITIES:
        assert texts[item.platform][item.key]["name"] == item.name or item.name == "Sample time"
    assert texts["sensor"]["raw"]["name"] == "Raw {member}"
    assert texts["event"]["fault"]["name"]


def test_every_state_has_its_label() -> None:
    texts = read("translations/en.json")
    for kind in Kind:
        for field in FIELDS[kind]:
            if field.enumeration is not None:
                states = texts["sensor"][field.key]["state"]
                assert {choice.key: choice.label for choice in field.enumeration.choices}.items() <= states.items()
    assert texts["binary_sensor"]["ats_or_bypass_cabinet"]["state"] == {"off": "Absent", "on": "Present"}


def test_every_fault_has_its_text() -> None:
    attributes = read("translations/en.json")["event"]["fault"]["state_attributes"]
    for kind in Kind:
        for fault in FAULTS[kind]:
            assert attributes["fault"]["state"][fault.key] == fault.label
            assert attributes["severity"]["state"][fault.severity.value]
    assert set(attributes["event_type"]["state"]) == {"appeared", "cleared"}


def test_entities_without_a_device_class_have_an_icon() -> None:
    icons = read("icons.json")
    for item in ENTITIES:
        if item.quantity.device_class in {None, "enum"}:
            assert re.fullmatch("mdi:[a-z0-9-]+", icons[item.platform][item.key]["default"])


def test_icons_belong_to_entities_and_their_states() -> None:
    texts = read("translations/en.json")
    for platform, entities in read("icons.json").items():
        assert set(entities) <= set(texts[platform])
        for key, icon in entities.items():
            assert set(icon.get("state", {})) <= set(texts[platform][key].get("state", {}))


def test_generated_files_are_current(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert _generate.main(["--check"]) == 0
    assert not capsys.readouterr().out


@pytest.mark.usefixtures("checkout")
def test_check_names_what_is_stale_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert _generate.main([]) == 0
    page = Path("docs/entities/pcs.md")
    text = page.read_text("utf-8")
    page.write_text(text + "stray\n", "utf-8")
    Path("docs/entities/faults.md").unlink()
    capsys.readouterr()
    assert _generate.main(["--check"]) == 1
    stale = capsys.readouterr().out.splitlines()
    assert len(stale) == 2
    assert any("pcs.md" in line for line in stale)
    assert any("faults.md" in line for line in stale)
    assert page.read_text("utf-8") == text + "stray\n"
    assert _generate.main([]) == 0
    assert page.read_text("utf-8") == text
    assert _generate.main(["--check"]) == 0


@pytest.mark.usefixtures("checkout")
def test_texts_written_by_hand_stay_in_their_order() -> None:
    by_hand = {
        "title": "ATESS",
        "config": {"step": {}},
        "entity": {"number": {"x": {"name": "X"}}},
        "services": {"a": 1},
    }
    _generate.TRANSLATIONS.write_text(json.dumps(by_hand), "utf-8")
    assert _generate.main([]) == 0
    written = json.loads(_generate.TRANSLATIONS.read_text("utf-8"))
    assert list(written) == ["title", "config", "entity", "services"]
    assert written["config"] == by_hand["config"]
    assert written["entity"]["number"]["x"] == {"name": "X"}
    assert written["entity"]["sensor"]["pv_power"] == {"name": "PV power"}


@pytest.mark.usefixtures("checkout")
def test_other_languages_keep_step(capsys: pytest.CaptureFixture[str]) -> None:
    """Their order is that of English, what English has no more goes, and what is missing is named."""
    assert _generate.main([]) == 0
    capsys.readouterr()
    path = _generate.TRANSLATIONS.with_name("de.json")
    sensors = {
        "pv_voltage": {"name": "weg"},
        "pv_power": {"name": "PV-Leistung"},
        "pv1_power": {"name": "PV1-Leistung"},
    }
    path.write_text(json.dumps({"entity": {"sensor": sensors}, "config": {"step": {"weg": {"title": "weg"}}}}), "utf-8")
    assert _generate.main(["--check"]) == 1
    printed = capsys.readouterr()
    assert printed.out == f"generate: {path} is not up to date\n"
    assert re.search(rf"{path} shows English for \d+ of the texts: ", printed.err)
    assert _generate.main([]) == 0
    written = json.loads(path.read_text("utf-8"))
    assert list(written["entity"]["sensor"]) == ["pv1_power", "pv_power"]
    assert set(written) == {"entity"}
    capsys.readouterr()
    assert _generate.main(["--check"]) == 0
    assert not capsys.readouterr().out


@pytest.mark.usefixtures("checkout")
@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("\npv_energy_today = ", "\npv_energy_todai = ", "pv_energy_today"),
        ("\n[pcs]\n", '\n[pcs]\nnothing = "x"\n', "pcs.nothing"),
    ],
)
def test_descriptions_fit_the_catalogue(old: str, new: str, word: str) -> None:
    text = _generate.DESCRIPTIONS.read_text("utf-8")
    assert old in text
    _generate.DESCRIPTIONS.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(SystemExit, match=word):
        _generate.main([])


@pytest.mark.parametrize("kind", Kind)
def test_pages_show_every_member_once(kind: Kind) -> None:
    page = (ROOT / "docs" / "entities" / f"{kind.value}.md").read_text("utf-8")
    for field in FIELDS[kind]:
        assert len(re.findall(rf"\| [^|]*`{field.member}`[^|]* \|", page)) == field.has_entity
