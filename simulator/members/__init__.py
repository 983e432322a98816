"""The members of each kind's latest-data answer, as the vendor lists them."""

from collections.abc import Callable

from . import bcu, hps_central, hps_string, mbms, pbd, pcs
from .view import Member, View

BUILDERS: dict[str, Callable[[View], dict[str, Member]]] = {
    "hps_string": hps_string.members,
    "hps_central": hps_central.members,
    "pcs": pcs.members,
    "pbd": pbd.members,
    "bcu": bcu.members,
    "mbms": mbms.members,
}

__all__ = ["BUILDERS", "Member", "View"]
