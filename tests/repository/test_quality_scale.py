"""The quality scale is told honestly: all rules, evidence for what is done, a reason for what is not."""

import ast
import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from . import INTEGRATION, ROOT
from .test_imports import PLATFORMS

RULES = frozenset(
    {
        *("action-setup", "appropriate-polling", "brands", "common-modules", "config-flow-test-coverage"),
        *("config-flow", "dependency-transparency", "docs-actions", "docs-conditions", "docs-high-level-description"),
        *("docs-installation-instructions", "docs-removal-instructions", "docs-triggers", "entity-event-setup"),
        *("entity-unique-id", "has-entity-name", "runtime-data", "test-before-configure", "test-before-setup"),
        *("unique-config-entry", "action-exceptions", "config-entry-unloading", "docs-configuration-parameters"),
        *("docs-installation-parameters", "entity-unavailable", "integration-owner", "log-when-unavailable"),
        *("parallel-updates", "reauthentication-flow", "test-coverage", "devices", "diagnostics"),
        *("discovery-update-info", "discovery", "docs-data-update", "docs-examples", "docs-known-limitations"),
        *("docs-supported-devices", "docs-supported-functions", "docs-troubleshooting", "docs-use-cases"),
        *("dynamic-devices", "entity-category", "entity-device-class", "entity-disabled-by-default"),
        *("entity-translations", "exception-translations", "icon-translations", "reconfiguration-flow"),
        *("repair-issues", "stale-devices", "async-dependency", "inject-websession", "strict-typing"),
    }
)
SCALE: dict[str, dict[str, str]] = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text("utf-8"))["rules"]
TRANSLATED = {"HomeAssistantError", "ServiceValidationError", "UpdateFailed", "ConfigEntryNotReady"}


def missing(evidence: str) -> str | None:
    """Return what of a piece of evidence does not exist: `file`, `file::test`, or `file.md#Heading`."""
    name, test, heading = re.fullmatch(r"([^:#]+)(?:::(\w+))?(?:#(.+))?", evidence).groups()  # type: ignore[union-attr]
    path = ROOT / name
    if not path.is_file():
        return f"{name} does not exist"
    text = path.read_text("utf-8") if test or heading else ""
    if test and not re.search(rf"^(async )?def {test}\(", text, re.MULTILINE):
        return f"{name} holds no {test}"
    if heading and not re.search(rf"^#+ {re.escape(heading)}$", text, re.MULTILINE):
        return f"{name} has no section {heading}"
    return None


def sources() -> list[tuple[str, ast.Module]]:
    """Return name and syntax tree of every module of the integration."""
    return [
        (str(path.relative_to(INTEGRATION)), ast.parse(path.read_text("utf-8")))
        for path in sorted(INTEGRATION.rglob("*.py"))
    ]


def test_all_rules_are_there() -> None:
    assert len(RULES) == 54
    assert set(SCALE) == RULES


@pytest.mark.parametrize("rule", sorted(RULES))
def test_each_rule_names_its_evidence_or_its_reason(rule: str) -> None:
    status, comment = SCALE[rule]["status"], SCALE[rule]["comment"]
    assert status in {"done", "exempt", "todo"}
    evidence = [item for item in re.findall(r"`([^`]+)`", comment) if "/" in item or "." in item]
    if status == "done":
        assert evidence
        assert [found for item in evidence if (found := missing(item))] == []
    else:
        assert len(comment.split()) >= 5


@pytest.mark.parametrize("evidence", ["tests/nothing.py", "tests/test_init.py::test_no", "README.md#Nothing"])
def test_the_check_sees_evidence_that_is_gone(evidence: str) -> None:
    assert missing(evidence)


def test_the_manifest_requires_nothing() -> None:
    manifest: dict[str, Any] = json.loads((INTEGRATION / "manifest.json").read_text("utf-8"))
    assert manifest.get("requirements", []) == []


def test_nothing_is_kept_in_hass_data() -> None:
    """Only what Lovelace keeps there is read, where its resources cannot be had otherwise."""
    used = [
        f"{name}: {line.strip()}"
        for name, tree in sources()
        for line in ast.unparse(tree).splitlines()
        if re.search(r"\bhass\.data\b", line)
    ]
    assert used == ["frontend/__init__.py: data = hass.data.get(LOVELACE_DATA)"]


def test_every_platform_sets_parallel_updates() -> None:
    found = [
        path
        for platform in PLATFORMS
        for path in (INTEGRATION / f"{platform}.py", INTEGRATION / platform / "__init__.py")
        if path.exists()
    ]
    assert found
    assert [
        path.name for path in found if not re.search(r"^PARALLEL_UPDATES = ", path.read_text("utf-8"), re.MULTILINE)
    ] == []


def test_exceptions_that_people_see_are_translated() -> None:
    calls = [
        (f"{name}:{node.lineno}", node.exc)
        for name, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) in TRANSLATED
    ]
    raised = [(place, {keyword.arg for keyword in call.keywords}) for place, call in calls]
    assert raised
    assert [place for place, given in raised if "translation_key" not in given and None not in given] == []


def test_mypy_is_strict() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]
    assert settings["strict"] is True
    assert "custom_components.atess" in settings["packages"]
    assert "/mypy" in (ROOT / "script" / "lint").read_text("utf-8")
