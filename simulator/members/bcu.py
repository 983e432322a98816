"""BCU, `bms/bcu-data-last`: the battery block for one string. Only the base-info members are documented."""

from .cells import Cells
from .view import Member, View


def members(view: View) -> dict[str, Member]:
    """Return a sample of one string: V, A, °C, per cent."""
    return battery_members(view, view.device.string)


def battery_members(view: View, string: int | None) -> dict[str, Member]:
    """Return a sample of a string, or of the whole battery."""
    cells, device, spec = Cells(view, string), view.device, view.system.battery
    extremes = cells.extremes()
    sample: dict[str, Member] = {
        "address": device_number(view),
        "batFlag": cells.flow,
        "bmsStatus": cells.status,
        "bmsVoltStatus": 0,
        "bmstc": cells.amps,
        "bmstv": cells.volts,
        "capacity": cells.soc_percent,
        "cbat": cells.amps,
        "dataLogSn": device.data_log_sn,
        "deviceNo": device_number(view),
        "deviceSn": device.sn,
        "firmwareVersion": device.firmware,
        "lost": view.lost,
        "maxChargeCurr": round(cells.charge_limit, 1),
        "maxDischargeCurr": round(cells.discharge_limit, 1),
        **extremes,
        "maxTempStr": f"{extremes['maxTemp']:.0f}°C",
        "maxVoltStr": f"{extremes['maxVolt']:.3f}V",
        "minTempStr": f"{extremes['minTemp']:.0f}°C",
        "minVoltStr": f"{extremes['minVolt']:.3f}V",
        "mvpv": cells.average(),
        "soc": cells.soc_percent,
        "soh": spec.soh if spec is not None else 0,
        "status": bms_status(view),
        "systemNo": device.system_no,
        "time": view.time,
        "updateTime": view.time,
        "vbat": cells.volts,
    }
    return dict(sorted(sample.items()))


def device_number(view: View) -> int:
    """Return the number of a device among those of its kind, from 1."""
    same = [device.sn for device in view.system.devices if device.kind == view.device.kind]
    return same.index(view.device.sn) + 1


def bms_status(view: View) -> str:
    """Return the status text, whose values the vendor does not document."""
    return "-1" if view.lost else "1"
