"""From samples of the cloud to readings: guards, self-checks, clock, derived values. Pure: no I/O, no own clock."""

from .energies import COMPUTED
from .interpreter import Interpreter
from .reading import ActiveFault, Reading, Value
from .selfchecks import Verdict

__all__ = ["COMPUTED", "ActiveFault", "Interpreter", "Reading", "Value", "Verdict"]
