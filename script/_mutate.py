"""Changes the code a little, again and again, and tells which changes no test notices: see script/mutate --help."""

import argparse
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SOURCE = Path("custom_components/atess")
WORK = Path(".cache/mutate")
MUTMUT = Path(sys.executable).with_name("mutmut").absolute()
# The tests that are expected to notice a change in a package.
TESTS: Mapping[str, str] = {
    "readings": "tests/readings",
    "enerclo": "tests/enerclo",
    "control": "tests/control",
    "settings": "tests/settings",
    "polling": "tests/test_polling.py",
}
COPIED = ("custom_components", "simulator", "script", "tests", "docs", "pyproject.toml")
# mutmut's words for them: survived, no tests, no tests collected.
SURVIVED = frozenset({0, 33, 5})
CONFIGURATION = """\
[mutmut]
source_paths =
    custom_components
only_mutate =
    {files}
do_not_mutate =
    */__init__.py
also_copy =
    {copied}
pytest_add_cli_args =
    --hypothesis-seed=0
pytest_add_cli_args_test_selection =
    {tests}
"""


def prepare(package: str, files: Sequence[str]) -> Path:
    """Copy what the tests need, configure mutmut for these files, and return the folder."""
    folder = WORK / package
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in COPIED:
        source = Path(name)
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    indented = "\n    "
    (folder / "setup.cfg").write_text(
        CONFIGURATION.format(files=indented.join(files), copied=indented.join(COPIED), tests=TESTS[package]),
        encoding="utf-8",
    )
    return folder


def mutmut(folder: Path, *arguments: str) -> None:
    """Run mutmut in a folder; what it prints, mostly a spinner, goes into mutmut.log there."""
    with (folder / "mutmut.log").open("ab") as log:
        subprocess.run([MUTMUT, *arguments], cwd=folder, stdout=log, stderr=log, check=False)


def outcomes(folder: Path) -> dict[str, int | None]:
    """Return the exit code of the tests under every mutant, None for one that was not tried."""
    found: dict[str, int | None] = {}
    for path in sorted((folder / "mutants").rglob("*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def run(package: str, files: Sequence[str], most: int | None, jobs: int) -> dict[str, int | None]:
    """Try the mutants of these files, or a sample of them, and return their outcomes."""
    folder = prepare(package, files)
    chosen: list[str] = []
    if most is not None:
        # mutmut lists mutants only while it runs: asked for one that does not exist, it makes the list and ends.
        mutmut(folder, "run", "--max-children", str(jobs), "none")
        names = sorted(outcomes(folder))
        chosen = random.Random(1).sample(names, min(most, len(names)))
    mutmut(folder, "run", "--max-children", str(jobs), *chosen)
    return {name: code for name, code in outcomes(folder).items() if code is not None}


def share(survivors: int, tried: int) -> str:
    """Return how many of how many survived, with the percentage."""
    return f"{survivors} of {tried} survived ({100 * survivors / tried:.1f} %)" if tried else "no mutant was tried"


def package_of(path: Path) -> str:
    """Return the package of a file; raises SystemExit for one that is not mutated."""
    parts = path.parts
    inside = path.is_relative_to(SOURCE) and len(parts) > len(SOURCE.parts) + 1
    package = parts[len(SOURCE.parts)] if inside else ""
    if package not in TESTS or not path.is_file():
        raise SystemExit(f"mutate: {path} is no file of {', '.join(TESTS)} below {SOURCE}")
    return package


def main(arguments: Sequence[str]) -> int:
    """Mutate, print the survivors and their share by package; return 1 if a package could not be tried."""
    parser = argparse.ArgumentParser(prog="script/mutate", add_help=False)
    parser.add_argument("--files", nargs="+", type=Path, default=[])
    parser.add_argument("--most", type=int)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    wanted: dict[str, list[str]] = {}
    for path in options.files:
        wanted.setdefault(package_of(path), []).append(path.as_posix())
    if not wanted:
        wanted = {package: [f"{SOURCE}/{package}/*.py"] for package in TESTS}
    lines = []
    failed = False
    total = survived = 0
    for package, files in wanted.items():
        print(f"mutate: {package}, see {WORK / package / 'mutmut.log'}", flush=True)
        found = run(package, files, options.most, options.jobs)
        survivors = sorted(name for name, code in found.items() if code in SURVIVED)
        for name in survivors:
            print(f"survived: {name}")
        lines.append(f"{package:10} {share(len(survivors), len(found))}")
        failed |= not found
        total += len(found)
        survived += len(survivors)
    print("\n".join(["", *lines, f"{'all':10} {share(survived, total)}"]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
