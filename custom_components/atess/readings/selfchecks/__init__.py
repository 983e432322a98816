"""Self-checks of unit, sign and meaning (§4.2) and of the PV layout (§3.2): what a device's own samples prove."""

from .balance import FlowBalance
from .battery import BatteryMeaning, BatterySign
from .grid import GridCheck
from .layout import PvLayout
from .unit import UnitCheck
from .verdict import Verdict, Votes

__all__ = ["BatteryMeaning", "BatterySign", "FlowBalance", "GridCheck", "PvLayout", "UnitCheck", "Verdict", "Votes"]
