"""BCU: base-info list `bms/buc-base-info/list` and latest data."""

from ..definition import Field, Meaning, Presence, Show, documented
from ..quantities import TEXT, TIMESTAMP
from .blocks import BATTERY, BMS, BMS_DEVICE, composed, inferred, vary

FIELDS: tuple[Field, ...] = composed(
    *vary(BMS_DEVICE, presence=Presence.DOCUMENTED, meaning=Meaning.STRONG),
    *inferred(BATTERY),
    *BMS,
    documented("status", "Status", TEXT, Show.DETAIL, meaning=Meaning.UNKNOWN),
    documented("updateTime", "Last data", TIMESTAMP, Show.DETAIL, meaning=Meaning.INFERRED),
)
