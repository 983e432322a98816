"""Who may import whom."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import INTEGRATION, ROOT

ATESS = "custom_components.atess"
PLATFORMS = ("binary_sensor", "button", "event", "number", "select", "sensor", "switch", "time", "update")
# Home Assistant looks for these files in an integration and gives them a meaning.
FORBIDDEN_FILES = ("backup.py", "condition.py", "energy.py", "logbook.py", "recorder.py", "trigger.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the modules below one package may import, beside the standard library and the package itself."""

    package: str
    allowed: tuple[str, ...]


LAYERS = (
    Rule(package=f"{ATESS}.enerclo", allowed=("aiohttp", "yarl")),
    Rule(package=f"{ATESS}.catalogue", allowed=(f"{ATESS}.enerclo",)),
    Rule(package=f"{ATESS}.readings", allowed=(f"{ATESS}.enerclo", f"{ATESS}.catalogue")),
    Rule(
        package=f"{ATESS}.settings",
        allowed=(f"{ATESS}.enerclo", f"{ATESS}.catalogue", f"{ATESS}.readings"),
    ),
    Rule(package="simulator", allowed=("aiohttp",)),
)
OUTSIDE = ("simulator", "script", "tests")


def imports(file: Path, root: Path) -> Iterator[tuple[int, str]]:
    """Yield line and absolute name of all that a file imports, at any depth, and of the members it takes."""
    module = file.relative_to(root).with_suffix("").parts
    package = module[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, source
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)


def within(name: str, package: str) -> bool:
    """Return whether a module is a package or inside it."""
    return name == package or name.startswith(f"{package}.")


def layer_violations(root: Path, rule: Rule) -> list[str]:
    """Return the imports below a package that its rule does not allow."""
    found = []
    for file in sorted((root / Path(*rule.package.split("."))).rglob("*.py")):
        for line, name in imports(file, root):
            known = name.split(".", 1)[0] in sys.stdlib_module_names
            if not known and not any(within(name, allowed) for allowed in (rule.package, *rule.allowed)):
                found.append(f"{file.relative_to(root)}:{line} imports {name}")
    return found


def integration_violations(root: Path) -> list[str]:
    """Return the imports of the integration that reach for a platform or for what is not part of it."""
    found = []
    for file in sorted((root / "custom_components" / "atess").rglob("*.py")):
        for line, name in imports(file, root):
            platform = next((p for p in PLATFORMS if within(name, f"{ATESS}.{p}")), None)
            if platform or any(within(name, outside) for outside in OUTSIDE):
                found.append(f"{file.relative_to(root)}:{line} imports {name}")
    return found


@pytest.mark.parametrize("rule", LAYERS, ids=lambda rule: rule.package)
def test_layers_import_only_downwards(rule: Rule) -> None:
    assert layer_violations(ROOT, rule) == []


def test_nobody_imports_a_platform_or_what_is_not_shipped() -> None:
    assert integration_violations(ROOT) == []


@pytest.mark.parametrize("name", FORBIDDEN_FILES)
def test_no_file_has_a_name_that_means_something_else_to_home_assistant(name: str) -> None:
    assert not (INTEGRATION / name).exists()


@pytest.mark.parametrize(
    ("file", "statement", "package"),
    [
        (
            "custom_components/atess/enerclo/client.py",
            "from homeassistant.core import HomeAssistant",
            f"{ATESS}.enerclo",
        ),
        ("custom_components/atess/enerclo/client.py", "from ..catalogue import FIELDS", f"{ATESS}.enerclo"),
        ("custom_components/atess/enerclo/deep/er.py", "from ... import readings", f"{ATESS}.enerclo"),
        ("custom_components/atess/catalogue/x.py", "from ..readings.guards import guard", f"{ATESS}.catalogue"),
        ("custom_components/atess/catalogue/x.py", "import homeassistant.const", f"{ATESS}.catalogue"),
        ("custom_components/atess/readings/x.py", "def late():\n    from ..const import DOMAIN", f"{ATESS}.readings"),
        ("simulator/x.py", "from custom_components.atess.enerclo import Kind", "simulator"),
        ("simulator/x.py", "import homeassistant", "simulator"),
    ],
)
def test_the_layer_test_sees_a_violation(tmp_path: Path, file: str, statement: str, package: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(statement)
    rule = next(rule for rule in LAYERS if rule.package == package)
    assert len(layer_violations(tmp_path, rule)) >= 1


@pytest.mark.parametrize(
    "statement",
    [
        "from .sensor import AtessSensor",
        "from . import time",
        "from custom_components.atess import switch",
        "import simulator",
    ],
)
def test_the_platform_test_sees_a_violation(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "custom_components" / "atess" / "coordinator.py"
    path.parent.mkdir(parents=True)
    path.write_text(statement)
    assert len(integration_violations(tmp_path)) >= 1


@pytest.mark.parametrize(
    "statement", ["import time", "from .entity import AtessEntity", "from homeassistant.components import sensor"]
)
def test_the_platform_test_lets_the_rest_pass(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "custom_components" / "atess" / "coordinator.py"
    path.parent.mkdir(parents=True)
    path.write_text(statement)
    assert integration_violations(tmp_path) == []
