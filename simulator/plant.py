"""Reads plant files: what stands where, which device shows it, how its cloud behaves. The format is in README.md."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .battery import BatterySpec
from .load import PROFILES, LoadSpec
from .physics import Machine
from .settings import RefusedError, SettingsTable
from .variants import Variant, parse_variant
from .weather import Array

FOLDER = Path(__file__).parent / "plants"
KINDS = ("hps_string", "hps_central", "pcs", "pbd", "bcu", "mbms")


class PlantError(ValueError):
    """A plant file that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of the plant as its owner knows it."""

    sn: str
    kind: str
    model: str
    data_log_sn: str
    nominal_kw: float
    firmware: str
    system_no: int
    hv: bool
    single_phase: bool
    arrays: tuple[int, ...]
    """Places of the solar arrays that this device shows."""
    string: int
    """Which of the battery's strings a BCU shows, from 0."""
    settings: Mapping[str, int | float | str | bool]
    omit: frozenset[str]
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerSpec:
    """A data logger: upload interval, jitter (plus or minus) and least and greatest delay, all in seconds.

    `lost` is the share of samples that are never uploaded, `drift` by how many seconds a day its clock gains, `rest`
    the hours of the day (UTC, from and to) in which it uploads nothing.
    """

    sn: str
    interval: float
    jitter: float
    delay: tuple[float, float]
    lost: float = 0.0
    drift: float = 0.0
    rest: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSpec:
    """One inverter with what hangs on it."""

    name: str
    machine: Machine
    arrays: tuple[Array, ...]
    battery: BatterySpec | None
    load: LoadSpec
    devices: tuple[Device, ...]

    @property
    def inverter(self) -> Device:
        """Return the device whose settings steer the system."""
        return self.devices[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """A whole plant file."""

    name: str
    latitude: float
    longitude: float
    zone: ZoneInfo
    cloudiness: float
    history_days: float
    past_interval: float | None
    """Seconds between two samples of the history before the start; as in the loggers if None."""
    float_noise: bool
    loggers: tuple[LoggerSpec, ...]
    systems: tuple[SystemSpec, ...]
    cloud: Mapping[str, Any]
    paths: Mapping[str, str | None]

    @property
    def devices(self) -> tuple[Device, ...]:
        """Return all devices in the order of the file."""
        return tuple(device for system in self.systems for device in system.devices)


def load_plant(
    source: str | Path | Mapping[str, Any],
    *,
    history_days: float | None = None,
    upload_interval: float | None = None,
    past_interval: float | None = None,
    cloud: Mapping[str, Any] | None = None,
    paths: Mapping[str, str | None] | None = None,
) -> Plant:
    """Read a plant from an example's name, a path or an object, with some of its values replaced.

    Raises:
        PlantError: There is no such plant, or it cannot be used.
    """
    plant = _parse(source if isinstance(source, Mapping) else _read(source))
    if upload_interval is not None:
        if not upload_interval > 0.0:
            raise PlantError("uploads need an interval")
        loggers = (replace(logger, interval=upload_interval, jitter=0.0, delay=(0.0, 1.0)) for logger in plant.loggers)
        plant = replace(plant, loggers=tuple(loggers))
    if past_interval is not None and not past_interval > 0.0:
        raise PlantError("history needs an interval")
    return replace(
        plant,
        past_interval=plant.past_interval if past_interval is None else past_interval,
        history_days=plant.history_days if history_days is None else history_days,
        cloud={**plant.cloud, **(cloud or {})},
        paths={**plant.paths, **(paths or {})},
    )


def _read(source: str | Path) -> Mapping[str, Any]:
    named = FOLDER / f"{source}.json"
    path = named if named.is_file() else Path(source)
    try:
        data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        known = ", ".join(sorted(file.stem for file in FOLDER.glob("*.json")))
        raise PlantError(f"no plant {source!r} ({error}); examples: {known}") from error
    return data


def _parse(data: Mapping[str, Any]) -> Plant:
    try:
        plant = Plant(
            name=str(data["name"]),
            latitude=float(data["latitude"]),
            longitude=float(data["longitude"]),
            zone=ZoneInfo(data["zone"]),
            cloudiness=float(data.get("cloudiness", 0.4)),
            history_days=float(data.get("history_days", 60)),
            past_interval=float(data["past_interval"]) if data.get("past_interval") else None,
            float_noise=bool(data.get("float_noise", True)),
            loggers=tuple(_logger(item) for item in data["loggers"]),
            systems=tuple(_system(item) for item in data["systems"]),
            cloud=dict(data.get("cloud", {})),
            paths=dict(data.get("paths", {})),
        )
    except ZoneInfoNotFoundError as error:
        raise PlantError(
            f"no time zone {data.get('zone')!r} on this machine; the package tzdata brings them"
        ) from error
    except (KeyError, TypeError, ValueError, RefusedError) as error:
        raise PlantError(f"unusable plant: {type(error).__name__} {error}") from error
    serials = [device.sn for device in plant.devices]
    loggers = {logger.sn for logger in plant.loggers}
    if len(set(serials)) != len(serials) or any(device.data_log_sn not in loggers for device in plant.devices):
        raise PlantError("unusable plant: a serial number stands twice or a device has no data logger")
    return plant


def _logger(item: Mapping[str, Any]) -> LoggerSpec:
    least, greatest = item.get("delay", (5, 40))
    return LoggerSpec(
        sn=str(item["sn"]),
        interval=float(item.get("interval", 300)),
        jitter=float(item.get("jitter", 4)),
        delay=(float(least), float(greatest)),
        lost=float(item.get("lost", 0.0)),
        drift=float(item.get("drift", 0.0)),
        rest=(float(item["rest"][0]), float(item["rest"][1])) if item.get("rest") else None,
    )


def _system(item: Mapping[str, Any]) -> SystemSpec:
    arrays = tuple(
        Array(kwp=float(array["kwp"]), tilt=float(array["tilt"]), azimuth=float(array["azimuth"]))
        for array in item["pv"]
    )
    machine = item["machine"]
    battery = _battery(item["battery"]) if item.get("battery") else None
    load = item["load"]
    if load["profile"] not in PROFILES:
        raise ValueError(f"no load profile {load['profile']!r}")
    nominal = float(machine["nominal_kw"])
    devices = tuple(_device(device, item, nominal, len(arrays), battery) for device in item["devices"])
    if not devices or devices[0].kind not in {"hps_string", "hps_central", "pcs"}:
        raise ValueError("the first device of a system is its HPS or PCS")
    return SystemSpec(
        name=str(item["name"]),
        machine=Machine(
            nominal_kw=nominal,
            efficiency=float(machine.get("efficiency", 0.965)),
            pv_efficiency=float(machine.get("pv_efficiency", 1.0)),
            standby_kw=float(machine.get("standby_kw", 0.02 + 0.001 * nominal)),
        ),
        arrays=arrays,
        battery=battery,
        load=LoadSpec(
            profile=load["profile"],
            kwh_per_day=float(load["kwh_per_day"]),
            appliances=bool(load.get("appliances", load["profile"] == "home")),
        ),
        devices=devices,
    )


def _battery(item: Mapping[str, Any]) -> BatterySpec:
    return BatterySpec(
        kwh=float(item["kwh"]),
        cells=int(item["cells"]),
        packs=int(item.get("packs", 1)),
        strings=int(item.get("strings", 1)),
        charge_a=float(item["charge_a"]),
        discharge_a=float(item["discharge_a"]),
        charge_efficiency=float(item.get("charge_efficiency", 0.97)),
        discharge_efficiency=float(item.get("discharge_efficiency", 0.97)),
        soc=float(item.get("soc", 55)),
        soh=int(item.get("soh", 97)),
        bms=bool(item.get("bms", True)),
    )


def _device(
    item: Mapping[str, Any], system: Mapping[str, Any], nominal: float, arrays: int, battery: BatterySpec | None
) -> Device:
    kind = item["kind"]
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}")
    hv = bool(item.get("hv", False))
    table = SettingsTable(kind, hv=hv)
    places = tuple(int(place) for place in item.get("arrays", range(arrays)))
    string = int(item.get("string", 0))
    if not all(0 <= place < arrays for place in places):
        raise ValueError("a device shows a solar array that is not there")
    if kind in {"bcu", "mbms"} and (battery is None or not 0 <= string < battery.strings):
        raise ValueError("a BMS shows a battery string that is not there")
    settings = table.defaults() | {"system_number": int(system.get("system_no", 0))}
    if battery is not None:
        settings |= {"battery_groups": battery.strings, "battery_units": battery.packs}
        settings |= {"bat_capacity": battery.amp_hours()}
    settings |= {name: table.by_name[name].check(name, value) for name, value in item.get("settings", {}).items()}
    return Device(
        sn=str(item["sn"]),
        kind=kind,
        model=str(item["model"]),
        data_log_sn=str(item.get("logger", system["logger"])),
        nominal_kw=float(item.get("nominal_kw", nominal)),
        firmware=str(item.get("firmware", "V1.6.2")),
        system_no=int(system.get("system_no", 0)),
        hv=hv,
        single_phase=bool(item.get("single_phase", False)),
        arrays=places,
        string=string,
        settings={name: value for name, value in settings.items() if name in table.by_name},
        omit=frozenset(item.get("omit", ())),
        variants=tuple(parse_variant(name, values) for name, values in item.get("variants", {}).items()),
    )
