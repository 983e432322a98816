"""Checks that every module of a coverage report reaches a floor: _coverage.py REPORT.json PERCENT."""

import json
import sys
from pathlib import Path


def main() -> int:
    """Print the modules below the floor, lowest first; return 1 if there are any or the report is empty."""
    report = json.loads(Path(sys.argv[1]).read_text())
    floor = float(sys.argv[2])
    covered = {name: float(data["summary"]["percent_covered"]) for name, data in report["files"].items()}
    low = sorted((percent, name) for name, percent in covered.items() if percent < floor)
    for percent, name in low:
        lines = ", ".join(map(str, report["files"][name]["missing_lines"])) or "branches only"
        print(f"coverage: {name} {percent:.1f} %, below {floor:g} % (lines {lines})")
    if not covered:
        print("coverage: the report holds no module")
    elif not low:
        total = report["totals"]["percent_covered"]
        print(f"coverage: {total:.1f} % in all, each of {len(covered)} modules at least {floor:g} %")
    return 1 if low or not covered else 0


if __name__ == "__main__":
    sys.exit(main())
