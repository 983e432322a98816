"""Calls that take no time."""

from typing import Any

import pytest

from custom_components.atess.enerclo import (
    EnercloError,
    PacedError,
    Pacer,
)


async def call(pacer: Pacer, path: str = "a", device: str = "1", error: Exception | None = None, **kwargs: Any) -> None:
    """Make a call that takes no time, and ends in an error if one is given."""
    try:
        async with pacer.turn(path, device, **kwargs):
            if error is not None:
                raise error
    except EnercloError as caught:
        if caught is not error:
            raise


async def paced(pacer: Pacer, path: str = "a", device: str = "1", **kwargs: Any) -> float:
    """Return for how long a call is refused."""
    with pytest.raises(PacedError) as caught:
        await call(pacer, path, device, **kwargs)
    return caught.value.retry_after
