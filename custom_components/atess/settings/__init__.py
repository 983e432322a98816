"""Settings of a device as data: which key is which, what values mean, what may be written. Pure: no I/O, no clock."""

from .matching import Known, Match, match
from .model import DeviceSettings
from .periods import Period, parse_period
from .plan import Verdict, body_of, compare, same
from .problems import SettingError
from .values import Limits, Value

__all__ = [
    "DeviceSettings",
    "Known",
    "Limits",
    "Match",
    "Period",
    "SettingError",
    "Value",
    "Verdict",
    "body_of",
    "compare",
    "match",
    "parse_period",
    "same",
]
