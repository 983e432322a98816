"""Samples in storage."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.atess.enerclo import Kind, Sample

SAMPLE = Sample(
    kind=Kind.PCS,
    device_sn="SIMPCS0001",
    members={"soc": 55, "time": "2026-10-01 10:00:00"},
    time="2026-10-01 10:00:00",
    received=datetime(2026, 10, 1, 8, 0, 30, tzinfo=UTC),
)


def test_round_trip() -> None:
    assert Sample.from_dict(SAMPLE.as_dict()) == SAMPLE


@pytest.mark.parametrize(
    "change",
    [{"members": []}, {"received": 1}, {"received": "yesterday"}, {"time": 5}, {"kind": "toaster"}],
)
def test_other_things_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Sample.from_dict(SAMPLE.as_dict() | change)


def test_missing_member_is_refused() -> None:
    stored = SAMPLE.as_dict()
    del stored["members"]
    with pytest.raises(KeyError):
        Sample.from_dict(stored)
