"""MBMS: the master BMS over several BCUs."""

from ..definition import Field
from .blocks import BATTERY, BMS, BMS_DEVICE, composed, inferred

FIELDS: tuple[Field, ...] = composed(
    *BMS_DEVICE,
    *inferred(BATTERY),
    *BMS,
)
