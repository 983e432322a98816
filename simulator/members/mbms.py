"""MBMS, `bms/mbms-data-last`: the members of a BCU, for the whole battery (candidates throughout)."""

from .bcu import battery_members
from .view import Member, View


def members(view: View) -> dict[str, Member]:
    """Return a sample of the whole battery: V, A, °C, per cent."""
    return battery_members(view, None)
