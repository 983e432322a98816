"""When to ask about a device next: learns the rhythm of its data logger from its samples. No clock, no I/O."""

from .rhythm import Rhythm

__all__ = ["Rhythm"]
