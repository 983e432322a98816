"""From samples of the cloud to readings: guards, self-checks, clock, derived values. Pure: no I/O, no own clock."""

from .interpreter import Interpreter
from .reading import ActiveFault, Reading, Value
from .selfchecks import Verdict

__all__ = ["ActiveFault", "Interpreter", "Reading", "Value", "Verdict"]
