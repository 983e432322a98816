"""Base info, single and in lists.

The vendor documents the nine members of the BCU's list entry and nothing of any other base info. The answers of the
other kinds (`deviceModel`, `nominalPower` in W and the rest) are this simulator's invention, in the style of the
sibling API.
"""

from .bcu import bms_status, device_number
from .view import Member, View


def members(view: View) -> dict[str, Member]:
    """Return the base info of a device."""
    device = view.device
    info: dict[str, Member] = {
        "dataLogSn": device.data_log_sn,
        "deviceSn": device.sn,
        "firmwareVersion": device.firmware,
        "lost": view.lost,
        "systemNo": device.system_no,
        "updateTime": view.time,
    }
    if device.kind in {"bcu", "mbms"}:
        info |= {"address": device_number(view), "deviceNo": device_number(view), "status": bms_status(view)}
    else:
        info |= {"deviceModel": device.model, "nominalPower": 1000.0 * device.nominal_kw, "status": view.status}
    if device.kind == "mbms":
        info |= {"deviceModel": device.model}
    return dict(sorted(info.items()))
