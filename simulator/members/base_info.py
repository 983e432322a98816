"""Base info, single and in lists.

The vendor documents the nine members of the BCU's list entry and nothing of any other base info. The answers of the
other kinds have the names of the sibling API: `normalPower` in W, `model` as a number that says nothing, `modelText` of
letters and digits, and the name of the model, if anywhere, in `treeName`.
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
        watts = round(1000 * device.nominal_kw)
        info |= {"model": 0, "modelText": "A0B0D0T0P0U0M0S0", "normalPower": watts, "status": view.status}
        info |= {"treeName": device.model, "fwVersion": info.pop("firmwareVersion")}
    if device.kind == "mbms":
        info |= {"treeName": device.model}
    return dict(sorted(info.items()))
