"""Facts that stand in more than one file, and what a stranger's machine needs."""

import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from . import INTEGRATION, ROOT

SCRIPTS = sorted(path.name for path in (ROOT / "script").iterdir() if path.is_file() and not path.suffix)
BASH = shutil.which("bash") or "/bin/bash"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MANIFEST_KEYS = {
    "domain",
    "name",
    "after_dependencies",
    "codeowners",
    "config_flow",
    "dependencies",
    "documentation",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "loggers",
    "requirements",
    "single_config_entry",
    "version",
}
# Written in parts, for this file is searched too.
REGISTRIES = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "deb.debian" + ".org",
    "security.debian" + ".org",
)
MACHINE_PATHS = ("/work/" + "main", "/opt/" + "wheels", "/opt/" + "pypi")


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def repository_texts() -> list[tuple[str, str]]:
    """Return name and text of every file that git has or would take."""
    listed = subprocess.run(  # noqa: S603  # git itself
        [shutil.which("git") or "git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    texts = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix != ".png":
            texts.append((name, path.read_text(encoding="utf-8")))
    return texts


def test_manifest_keys_are_known_and_in_hassfests_order() -> None:
    keys = list(read_json(INTEGRATION / "manifest.json"))
    assert keys == ["domain", "name", *sorted(keys[2:])]
    assert set(keys) <= MANIFEST_KEYS


def test_manifest_names_this_integration() -> None:
    manifest = read_json(INTEGRATION / "manifest.json")
    assert (manifest["domain"], manifest["name"]) == ("atess", "ATESS")
    assert manifest["domain"] == INTEGRATION.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])


def test_hacs_floor_is_the_tested_one() -> None:
    hacs = read_json(ROOT / "hacs.json")
    assert hacs["name"] == read_json(INTEGRATION / "manifest.json")["name"]
    assert f"homeassistant=={hacs['homeassistant']}\n" in (ROOT / "requirements" / "floor.in").read_text()


@pytest.mark.parametrize("name", ["newest", "floor", "demo", "mutate"])
def test_requirements_pin_versions_and_name_no_address(name: str) -> None:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+( ; .+)?", line)] == []
    wanted = (ROOT / "requirements" / f"{name}.in").read_text()
    assert "://" not in wanted
    assert re.findall(r"^\s*-", wanted, re.MULTILINE) == []


def test_no_registry_or_machine_is_named() -> None:
    named = [
        (name, word) for name, text in repository_texts() for word in (*REGISTRIES, *MACHINE_PATHS) if word in text
    ]
    assert named == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_explains_itself(name: str) -> None:
    path = ROOT / "script" / name
    assert os.access(path, os.X_OK)
    shown = subprocess.run(  # noqa: S603  # our own script
        [path, "--help"], capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith(f"usage: script/{name}")


@pytest.mark.parametrize("name", [*(f"script/{name}" for name in SCRIPTS), ".ci/run"])
def test_shell_script_parses(name: str) -> None:
    assert (ROOT / name).read_text().startswith("#!/usr/bin/env bash\n")
    parsed = subprocess.run([BASH, "-n", ROOT / name], check=False)  # noqa: S603  # our own script
    assert parsed.returncode == 0


def test_the_fast_tests_use_no_home_assistant() -> None:
    listed = re.search(r"^readonly FAST=\((.+)\)$", (ROOT / "script" / "test").read_text(), re.MULTILINE)
    assert listed
    paths = [ROOT / name for name in listed[1].split()]
    assert [path for path in paths if not path.exists()] == []
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]
    # Parts of a word, for this file is searched too.
    assert [file for file in files if re.search(r"\bhass" + r"\b: HomeAssistant", file.read_text())] == []


def test_translations_are_written_out() -> None:
    for path in sorted((INTEGRATION / "translations").glob("*.json")):
        assert "[%key" not in json.dumps(read_json(path))
    assert (INTEGRATION / "translations" / "en.json").is_file()
    assert not (INTEGRATION / "strings.json").exists()


def documents() -> list[tuple[str, str]]:
    return [(name, text) for name, text in repository_texts() if name.endswith(".md")]


def test_commands_in_the_documents_exist() -> None:
    commands = {
        (name, command)
        for name, text in documents()
        for command in re.findall(r"(?<![\w/.-])(?:script|\.ci)/\w+", text)
    }
    assert ("README.md", "script/demo") in commands
    assert [(name, command) for name, command in commands if not os.access(ROOT / command, os.X_OK)] == []


def test_files_that_the_documents_show_exist() -> None:
    shown = [(name, link) for name, text in documents() for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)]
    local = [(name, link) for name, link in shown if "://" not in link]
    assert [(name, link) for name, link in local if not (ROOT / name).parent.joinpath(link).exists()] == []


def anchor(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")


def test_headings_that_the_documents_point_to_exist() -> None:
    texts = {(ROOT / name).resolve(): text for name, text in documents()}
    anchors = {path: set(map(anchor, re.findall(r"^#+ (.+)$", text, re.MULTILINE))) for path, text in texts.items()}
    shown = [
        (path, path.parent.joinpath(file).resolve() if file else path, name)
        for path, text in texts.items()
        for file, name in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", text)
    ]
    assert len(shown) > 20
    assert [(path.name, name) for path, target, name in shown if name not in anchors[target]] == []


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [("icon.png", 256, 256), ("icon@2x.png", 512, 512), ("logo.png", None, 200), ("logo@2x.png", None, 400)],
)
def test_brand_images_have_their_sizes(name: str, width: int | None, height: int) -> None:
    data = (INTEGRATION / "brand" / name).read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    found = struct.unpack(">II", data[16:24])
    assert found == (width or found[0], height)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow_pins_actions_by_hash_and_gives_few_rights(path: Path) -> None:
    text = path.read_text()
    used = re.findall(r"^\s*-? ?uses: (.+)$", text, re.MULTILINE)
    assert used
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # \S.*", action)] == []
    assert re.search(r"^permissions: \{\}$", text, re.MULTILINE)
    assert "write" not in re.findall(r":\s*(read|write|none)\s*$", text, re.MULTILINE)
    assert [name for name in re.findall(r"run: (script/\w+)", text) if not os.access(ROOT / name, os.X_OK)] == []


def test_the_licence_is_mit_everywhere() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n")
    assert 'license = "MIT"' in (ROOT / "pyproject.toml").read_text()
