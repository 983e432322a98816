"""Settings of a device as data: which key is which, what values mean, what may be written. Pure: no I/O, no clock."""

from .matching import Known, Match, match
from .model import DeviceSettings
from .periods import Period, parse_period
from .plan import Comparison, body_of, compare, same
from .problems import SettingError
from .values import Limits, SettingValue

__all__ = [
    "Comparison",
    "DeviceSettings",
    "Known",
    "Limits",
    "Match",
    "Period",
    "SettingError",
    "SettingValue",
    "body_of",
    "compare",
    "match",
    "parse_period",
    "same",
]
