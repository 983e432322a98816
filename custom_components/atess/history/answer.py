"""Answer the action that reads history: rows by our keys and units. Pure but for the readings handed in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from ..catalogue import Definition
from ..readings import Reading, Value

RAW, MINUTES, HOURLY = "raw", "5_minutes", "hour"
SECONDS: Mapping[str, int] = {MINUTES: 300, HOURLY: 3600}


def rows_of(
    readings: Iterable[Reading],
    definitions: Mapping[str, Definition],
    fields: Sequence[str],
    resolution: str,
    zone: tzinfo,
) -> list[dict[str, Any]]:
    """Return a row per reading, or per so many minutes: means of measurements, of all else the last value."""
    if resolution == RAW:
        return [_row(reading.sampled_at, _values(reading, fields), zone) for reading in readings]
    spans: defaultdict[float, list[dict[str, Value]]] = defaultdict(list)
    for reading in readings:
        moment = reading.sampled_at.timestamp()
        spans[moment - moment % SECONDS[resolution]].append(_values(reading, fields))
    rows = []
    for start, found in sorted(spans.items()):
        columns: defaultdict[str, list[Value]] = defaultdict(list)
        for values in found:
            for key, value in values.items():
                columns[key].append(value)
        values = {key: _one(definitions.get(key), column) for key, column in columns.items()}
        rows.append(_row(datetime.fromtimestamp(start, UTC), values, zone))
    return rows


def _values(reading: Reading, fields: Sequence[str]) -> dict[str, Value]:
    """Return the values asked for, all if none is named, without those that are not known."""
    keys = fields or [key for key in reading.values if key not in {"last_data", "online"}]
    return {key: value for key in keys if (value := reading.values.get(key)) is not None}


def _row(moment: datetime, values: Mapping[str, Value], zone: tzinfo) -> dict[str, Any]:
    plain = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()}
    return {"time": moment.astimezone(zone).isoformat(), **plain}


def _one(definition: Definition | None, column: Sequence[Value]) -> Value:
    numbers = [value for value in column if isinstance(value, int | float) and not isinstance(value, bool)]
    measures = definition is not None and definition.quantity.state_class == "measurement"
    if not measures or not numbers:
        return column[-1]
    return round(sum(numbers) / len(numbers), 6)
