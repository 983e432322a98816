"""PBD, `pbd/data-last`: all members but the first and the last are candidates.

`pbdOutPowe` is the PV power that this PBD hands over, after its losses. `pbdBatPower` and the battery counters show its
share (by PV peak power) of the same battery that the PCS shows.
"""

from ..physics import CHARGE, DISCHARGE
from .cells import Cells
from .view import FAULT, OPEN_CIRCUIT_KOHM, Member, View

HOLD, RUNNING = 0, 2
INPUTS = 5


def members(view: View) -> dict[str, Member]:
    """Return a sample: kW, kWh, V, A, °C, minutes today and hours in total; vendor signs."""
    cells, moment, device = Cells(view), view.moment, view.device
    extremes = cells.extremes()
    bus = view.bus_volts
    volts = [view.pv_volts(number) for number in range(INPUTS)]
    powers = [view.pv_kw(number) for number in range(INPUTS)]
    pv = sum(powers)
    efficiency = view.system.machine.pv_efficiency
    share = _share(view)
    today = sum(moment.arrays_today[place] for place in device.arrays)
    total = sum(moment.arrays_total[place] for place in device.arrays)
    settings = moment.config.settings[device.sn]
    return {
        **{f"bipvBuck{number + 1}": round(1000.0 * powers[number] / (bus or 720.0), 1) for number in range(INPUTS)},
        "bmsProtection": 0,
        "bmsStatus": cells.status,
        "bmsVoltStatus": 0,
        "bvbus": bus,
        "bvout": cells.volts,
        "capacity": cells.soc_percent,
        "deviceSn": device.sn,
        "echargeTimeToday": view.minutes("charge"),
        "echargeTimeTotal": view.hours("charge"),
        "echargeToday": round(share * moment.today[CHARGE], 1),
        "echargeTotal": round(share * moment.total[CHARGE], 1),
        "edischargeTimeToday": view.minutes("discharge"),
        "edischargeTimeTotal": view.hours("discharge"),
        "edischargeToday": round(share * moment.today[DISCHARGE], 1),
        "edischargeTotal": round(share * moment.total[DISCHARGE], 1),
        "electricState": -1,
        "envTemp": view.ambient,
        "eoutToday": round(today * efficiency, 1),
        "eoutTotal": round(total * efficiency, 1),
        "epvTimeToday": view.minutes("pv"),
        "epvTimeTotal": view.hours("pv"),
        "epvToday": round(today, 1),
        "epvTotal": round(total, 1),
        "ipv": round(share * cells.amps, 1) + 0.0,
        **{f"ipv{number + 1}": view.pv_amps(number, volts[number]) for number in range(INPUTS)},
        "lost": view.lost,
        "maxChargeCurr": round(cells.charge_limit, 1),
        "maxDischargeCurr": round(cells.discharge_limit, 1),
        "maxMinTempCell": extremes["maxTempGroup"],
        "maxTemp": extremes["maxTemp"],
        "maxTempNum": extremes["maxTempNum"],
        "maxVolt": extremes["maxVolt"],
        "maxVoltCell": extremes["maxVoltCell"],
        "maxVoltNum": extremes["maxVoltNum"],
        "maxminVoltCell": extremes["maxVoltGroup"],
        "minTemp": extremes["minTemp"],
        "minTempGroup": extremes["minTempGroup"],
        "minTempNum": extremes["minTempNum"],
        "minVolt": extremes["minVolt"],
        "minVoltCell": extremes["minVoltCell"],
        "minVoltGroup": extremes["minVoltGroup"],
        "minVoltNum": extremes["minVoltNum"],
        "mvpv": cells.average(),
        "pbdBatPower": view.kw(share * moment.battery),
        "pbdOutPowe": view.kw(pv * efficiency),
        "ppv": view.kw(pv),
        **{f"ppv{number + 1}": view.kw(powers[number]) for number in range(INPUTS)},
        "risoBatn": OPEN_CIRCUIT_KOHM,
        "risoBatp": OPEN_CIRCUIT_KOHM,
        "risoBusn": OPEN_CIRCUIT_KOHM,
        "risoBusp": OPEN_CIRCUIT_KOHM,
        "risoPVn": OPEN_CIRCUIT_KOHM,
        "risoPVp": OPEN_CIRCUIT_KOHM,
        "runModel": 0,
        "selfTime": settings["check_time"],
        "status": _status(view),
        **{f"sysFaultWord{number}": view.fault_word(number) for number in range(1, 7)},
        "systemNo": device.system_no,
        "temp": view.ambient,
        "tempoutBuckL": view.module_temperature(20.0),
        "tempoutBuckModule": view.module_temperature(24.0),
        "temppvBuckL": view.module_temperature(22.0),
        "temppvBuckModule": view.module_temperature(26.0),
        "time": view.time,
        "typeFlag": 0,
        "vbat": cells.volts,
        "vpv": cells.volts,
        **{f"vpv{number + 1}": volts[number] for number in range(INPUTS)},
    }


def _share(view: View) -> float:
    """Return this PBD's part of all PV peak power."""
    arrays = view.system.arrays
    return sum(arrays[place].kwp for place in view.device.arrays) / sum(array.kwp for array in arrays)


def _status(view: View) -> int:
    """Return the PBD's own operating state."""
    if view.lost:
        return -1
    if view.device.sn in view.moment.config.stopped:
        return FAULT
    return RUNNING if view.moment.config.settings[view.device.sn]["on_off"] else HOLD
