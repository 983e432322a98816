"""When to ask about a device next: learns the rhythm of its data logger from its samples. No clock, no I/O."""

from .rhythm import Rhythm
from .schedule import Reason, Schedule

__all__ = ["Reason", "Rhythm", "Schedule"]
