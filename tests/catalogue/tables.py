"""The specification's tables, kept as data apart from the catalogue."""

import csv
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"

type Row = dict[str, str]


def table(name: str) -> list[Row]:
    """Return the rows of a table, by column."""
    with (DATA / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
