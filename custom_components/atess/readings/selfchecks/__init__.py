"""Self-checks of unit, sign and meaning and of the PV layout: what a device's own samples prove."""

from .balance import FlowBalance
from .battery import BatteryMeaning, BatterySign
from .direction import Direction
from .grid import GridCheck
from .layout import PvLayout
from .unit import UnitCheck
from .verdict import Verdict, Votes

__all__ = [
    "BatteryMeaning",
    "BatterySign",
    "Direction",
    "FlowBalance",
    "GridCheck",
    "PvLayout",
    "UnitCheck",
    "Verdict",
    "Votes",
]
