"""A process that is killed during an import: the next start goes on, and ends in the same statistics."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from freezegun.api import FrozenDateTimeFactory

from simulator import Simulator
from simulator.plant import FOLDER

from ..common import LONG, NOON
from ..control.common import life_with
from ..killing import Server
from .common import Dump, assert_same

MOMENTS = 30 if LONG else 4
# More than one batch.
DAYS = 9
BEGIN = NOON + timedelta(minutes=4)
BACK = NOON + timedelta(hours=1, minutes=1)


@pytest.fixture
def plant() -> dict[str, Any]:
    """Return a home that sends a sample each half hour."""
    content: dict[str, Any] = json.loads((FOLDER / "demo.json").read_text(encoding="utf-8"))
    return content | {"loggers": [logger | {"interval": 1800} for logger in content["loggers"]]}


def result_of(folder: Path) -> tuple[int, Dump, Dump]:
    """Return the steps of a life, its statistics, and those after an undo."""
    found = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    imported, undone = (
        {(entity, start): tuple(values) for (entity, start), values in found[name]} for name in ("imported", "undone")
    )
    return found["steps"], imported, undone


@pytest.mark.campaign
async def test_killed_at_random_moments(cloud: Simulator, clock: FrozenDateTimeFactory, tmp_path: Path) -> None:
    """Whichever statement, file, or request was the last one, nothing is missing, doubled, or moved."""
    cloud.configure(limit=0)
    clock.move_to(BEGIN)
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    with Server.started("tests.history.killed") as server:

        async def live(folder: Path, **how: Any) -> int:
            life = {"now": str(clock()), "record": False, "days": None, "last": None}
            return await server.live(life | life_with(cloud, folder) | how)

        assert await live(recorded, record=True) == 0
        clock.move_to(BACK)
        alone = shutil.copytree(recorded, tmp_path / "alone")
        assert await live(alone, days=DAYS) == 0
        steps, imported, undone = result_of(alone)
        assert len(imported) > 24 * DAYS * 20 > len(undone) > 0
        random = Random(1)
        for number in range(MOMENTS):
            folder = shutil.copytree(recorded, tmp_path / str(number))
            last = random.randint(1, steps)
            assert await live(folder, days=DAYS, last=last) == -9, last
            # Killed before the import was stored, it was never begun: whoever asked for it got no answer.
            begun = any(folder.glob(".storage/atess.history.*"))
            assert await live(folder, days=None if begun else DAYS) == 0, last
            _, after, back = result_of(folder)
            assert_same(after, imported)
            assert_same(back, undone)
