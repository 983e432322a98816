"""Who may import whom."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from . import INTEGRATION, ROOT

ATESS = "custom_components.atess"
PLATFORMS = ("binary_sensor", "button", "event", "number", "select", "sensor", "switch", "time", "update")
# What Home Assistant looks for too, without entities.
AUTOMATION = ("condition", "trigger")
# Home Assistant looks for these files in an integration and gives them a meaning.
FORBIDDEN_FILES = ("backup.py", "energy.py", "logbook.py", "recorder.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the modules below one package may import, beside the standard library and the package itself."""

    package: str
    allowed: tuple[str, ...]


# What the modules of history that only compute may import.
PURE = tuple(f"{ATESS}.{each}" for each in ("enerclo", "readings", "history.hours", "history.planning"))
LAYERS = (
    Rule(package=f"{ATESS}.enerclo", allowed=("aiohttp", "yarl")),
    Rule(package=f"{ATESS}.catalogue", allowed=(f"{ATESS}.enerclo",)),
    Rule(package=f"{ATESS}.readings", allowed=(f"{ATESS}.enerclo", f"{ATESS}.catalogue")),
    Rule(
        package=f"{ATESS}.settings",
        allowed=(f"{ATESS}.enerclo", f"{ATESS}.catalogue", f"{ATESS}.readings"),
    ),
    Rule(package=f"{ATESS}.polling", allowed=(f"{ATESS}.enerclo", f"{ATESS}.readings")),
    *(Rule(package=f"{ATESS}.history.{module}", allowed=PURE) for module in ("hours", "planning", "rows", "saved")),
    Rule(
        package=f"{ATESS}.history",
        allowed=(
            "homeassistant",
            "sqlalchemy",
            "voluptuous",
            *(f"{ATESS}.{each}" for each in ("access", "account", "const", "coordinator", "runtime", "storage")),
            *(f"{ATESS}.{each}" for each in ("catalogue", "enerclo", "readings")),
        ),
    ),
    *(
        Rule(
            package=f"{ATESS}.battery_control.{module}",
            allowed=tuple(f"{ATESS}.{each}" for each in ("catalogue", "enerclo", "settings", *others)),
        )
        for module, others in (
            ("terms", ()),
            ("recipes", ()),
            ("engine", ("battery_control.recipes", "battery_control.terms")),
        )
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
    path = root / Path(*rule.package.split("."))
    for file in sorted(path.rglob("*.py")) or [path.with_suffix(".py")]:
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
            own = file.relative_to(root / "custom_components" / "atess").parts[0]
            platform = next((p for p in (*PLATFORMS, *AUTOMATION) if within(name, f"{ATESS}.{p}") and p != own), None)
            if platform or any(within(name, outside) for outside in OUTSIDE):
                found.append(f"{file.relative_to(root)}:{line} imports {name}")
    return found


def cycles(root: Path) -> list[tuple[str, ...]]:
    """Return the modules of the integration of which each imports the others, directly or not."""
    files = {
        ".".join(file.relative_to(root).with_suffix("").parts): file
        for file in (root / "custom_components").rglob("*.py")
    }
    modules = {name.removesuffix(".__init__"): file for name, file in files.items()}
    graph = {
        name: {
            found for _, found in imports(file, root) if found in modules and found != name and not within(name, found)
        }
        for name, file in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as err:
        return [tuple(err.args[1])]
    return []


@pytest.mark.parametrize("rule", LAYERS, ids=lambda rule: rule.package)
def test_layers_import_only_downwards(rule: Rule) -> None:
    assert layer_violations(ROOT, rule) == []


def test_nobody_imports_a_platform_or_what_is_not_shipped() -> None:
    assert integration_violations(ROOT) == []


def test_no_module_imports_itself_through_others() -> None:
    assert cycles(ROOT) == []


def test_the_test_of_cycles_sees_one(tmp_path: Path) -> None:
    package = tmp_path / "custom_components" / "atess"
    package.mkdir(parents=True)
    (package / "a.py").write_text("if TYPE_CHECKING:\n    from .b import B")
    (package / "b.py").write_text("from . import a")
    [cycle] = cycles(tmp_path)
    assert {f"{ATESS}.a", f"{ATESS}.b"} == set(cycle)


def test_the_root_holds_little() -> None:
    """What Home Assistant or custom prescribes, and few others; the rest has a room."""
    assert len(list(INTEGRATION.glob("*.py"))) <= 26


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
