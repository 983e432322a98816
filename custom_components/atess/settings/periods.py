"""Periods of the day as texts: read in whatever plausible form a device uses, written back in the same form.

The vendor does not show the form; `HH:MM-HH:MM` is likely. Others that are understood: other separators, no colon, a
point, one digit for the hour, seconds that are zero.
"""

import re
from dataclasses import dataclass, replace

from ..enerclo.model import Json

DAY = 1440

_PERIOD = re.compile(
    r"(\d{1,2})(?P<colon>[:.hH]?)(\d{2})(?P<seconds>(?P=colon)00)?"
    r"(?P<separator>\s*(?:-|~|–|—|,|_|/|to|至)\s*)"
    r"(\d{1,2})(?P=colon)(\d{2})(?P<seconds2>(?P=colon)00)?",
    re.ASCII,
)
_LONGEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Format in which a device writes periods."""

    colon: str = ":"
    separator: str = "-"
    padded: bool = True
    seconds: bool = False

    def time(self, minutes: int) -> str:
        """Return the text of a time of day in minutes."""
        hour = f"{minutes // 60:02d}" if self.padded else str(minutes // 60)
        return f"{hour}{self.colon}{minutes % 60:02d}" + (f"{self.colon}00" if self.seconds else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period of the day in minutes from midnight, 0 to 1440; it may run over midnight. Start = end: not used."""

    start: int
    end: int
    form: Form = Form()

    @property
    def text(self) -> str:
        """The text of the period in its form."""
        return f"{self.form.time(self.start)}{self.form.separator}{self.form.time(self.end)}"

    @property
    def used(self) -> bool:
        """Whether the period has a length."""
        return self.start % DAY != self.end % DAY or (self.start == 0 and self.end == DAY)

    def spans(self) -> list[tuple[int, int]]:
        """Return the parts of the day that the period covers, cut at midnight."""
        if not self.used:
            return []
        if self.start < self.end:
            return [(self.start, self.end)]
        return [(start, end) for start, end in ((self.start, DAY), (0, self.end)) if start < end]

    def overlaps(self, other: Period) -> bool:
        """Return whether two periods have a minute in common."""
        return any(a < d and c < b for a, b in self.spans() for c, d in other.spans())

    def in_form(self, form: Form) -> Period:
        """Return the same period in another form."""
        return replace(self, form=form)


def parse_period(value: Json) -> Period | None:
    """Return the period that a text means; None for anything that is not surely one."""
    if not isinstance(value, str) or len(value) > _LONGEST or (found := _PERIOD.fullmatch(value.strip())) is None:
        return None
    if bool(found["seconds"]) != bool(found["seconds2"]):
        return None
    hours, minutes = (int(found[1]), int(found[6])), (int(found[3]), int(found[7]))
    start, end = (hour * 60 + minute for hour, minute in zip(hours, minutes, strict=True))
    if max(minutes) > 59 or max(start, end) > DAY:
        return None
    form = Form(
        colon=found["colon"],
        separator=found["separator"],
        padded=len(found[1]) == 2 and len(found[6]) == 2,
        seconds=bool(found["seconds"]),
    )
    return Period(start=start, end=end, form=form)
