"""How old something is, for clocks that may be set back."""

from datetime import datetime, timedelta

from homeassistant.util import dt as dt_util


def age_of(moment: datetime | None) -> timedelta:
    """Return how long ago a moment was; without limit if it is not known, or ahead of a clock that was set back."""
    if moment is None or moment.tzinfo is None:
        return timedelta.max
    age = dt_util.utcnow() - moment
    return timedelta.max if age < timedelta(0) else age
