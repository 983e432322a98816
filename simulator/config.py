"""From the settings of a system's devices to what its control uses."""

from collections.abc import Mapping
from dataclasses import dataclass

from .control import FLAT, PEAK, VALLEY, Control, Mode
from .plant import SystemSpec

type Settings = Mapping[str, int | float | str | bool]
NO_LIMIT = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings (by own name) and fault words of a system's devices, and whether the grid is lost, from a moment on."""

    settings: Mapping[str, Settings]
    faults: Mapping[str, Mapping[int, int]]
    stopped: frozenset[str]
    grid_lost: bool = False


def build_control(spec: SystemSpec, config: Config) -> Control:
    """Translate settings and faults into limits; a setting that the inverter does not have does not limit."""
    inverter = spec.inverter
    settings = config.settings[inverter.sn]

    def number(name: str, missing: float) -> float:
        return float(settings.get(name, missing))

    cutoff = max(number("discharge_cutoff_soc", 0.0), number("bms_soc_lower", 0.0))
    grid_charge = number("grid_charging_power", spec.machine.nominal_kw)
    if not settings.get("grid_and_pv_charge", 1):
        grid_charge = 0.0
    mode = Mode.FORCED_CHARGING if settings.get("forced_charge", 0) else Mode(int(number("mode", 0)))
    return Control(
        running=bool(settings.get("on_off", 1)) and inverter.sn not in config.stopped,
        mode=mode,
        periods=_periods(settings),
        cutoff=cutoff,
        recover=max(number("discharge_recover_soc", cutoff + 2.0), cutoff + 1.0),
        charge_cutoff=min(number("charge_cutoff_soc", 100.0), number("bms_soc_upper", 100.0)),
        grid_charge_kw=grid_charge,
        grid_charge_cutoff=number("grid_charge_cutoff_soc", 100.0),
        import_cap=number("grid_power_limit", NO_LIMIT),
        battery_export_kw=number("battery_export_power", 0.0),
        charge_a=min(number("charge_current_limit", NO_LIMIT), number("charge_current", NO_LIMIT)),
        discharge_a=min(number("discharge_current_limit", NO_LIMIT), number("discharge_current", NO_LIMIT)),
        ac_max=spec.machine.nominal_kw * number("out_power_max", 100.0) / 100.0,
        output_kw=number("output_power", 0.0),
        zero_export=bool(settings.get("anti_reflux", 0)),
        off_grid=config.grid_lost or bool(settings.get("forced_off_grid", 0)),
        ems_kw=_ems_power(settings),
        pv_caps=_pv_caps(spec, config),
    )


def _ems_power(settings: Settings) -> float | None:
    if not settings.get("ems_control", 0):
        return None
    power = float(settings.get("ems_power", 0.0))
    return -power if settings.get("ems_direction", 0) else power


def _pv_caps(spec: SystemSpec, config: Config) -> tuple[float, ...] | None:
    """Return the most that each array may give: a PBD can be off, stopped or limited."""
    caps = [NO_LIMIT] * len(spec.arrays)
    for device in spec.devices:
        if device.kind != "pbd" or not device.arrays:
            continue
        settings = config.settings[device.sn]
        on = bool(settings["on_off"]) and device.sn not in config.stopped
        share = float(settings["out_power_max"]) / 100.0
        power = device.nominal_kw * share if on else 0.0
        for place in device.arrays:
            caps[place] = power / len(device.arrays) if share < 1.0 or not on else NO_LIMIT
    return tuple(caps) if any(cap < NO_LIMIT for cap in caps) else None


def _periods(settings: Settings) -> tuple[int, ...]:
    """Return the tariff period of each minute: flat where none is set, peak before valley where two overlap."""
    minutes = [FLAT] * 1440
    for name, period in (("valley", VALLEY), ("peak", PEAK)):
        for number in range(1, 6):
            text = settings.get(f"{name}_{number}")
            if not isinstance(text, str):
                continue
            begin, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
            length = (end - begin) if end >= begin else end + 1440 - begin
            for minute in range(begin, begin + length):
                minutes[minute % 1440] = period
    return tuple(minutes)
