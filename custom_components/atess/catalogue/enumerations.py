"""Codes of the cloud and what they mean. Keys are translation keys."""

from .definition import Enumeration, Option


def _enumeration(
    name: str, *choices: tuple[int, str, str], default: str | None = None, high_byte: bool = False
) -> Enumeration:
    return Enumeration(
        name=name,
        choices=tuple(Option(code=code, key=key, label=label) for code, key, label in choices),
        default=default,
        high_byte=high_byte,
    )


OPERATING_STATE = _enumeration(
    "operating_state",
    (-1, "lost", "Offline"),
    (0, "waiting", "Waiting"),
    (1, "self_check", "Self-check"),
    (2, "on_grid", "On grid"),
    (3, "fault", "Fault"),
    (4, "permanent_fault", "Permanent fault"),
    (5, "off_grid", "Off grid"),
    (6, "single_pv", "PV only"),
    (7, "switching_to_off_grid", "Switching to off grid"),
    (8, "switching_to_on_grid", "Switching to on grid"),
)

PBD_STATE = _enumeration(
    "pbd_state",
    (-1, "lost", "Offline"),
    (0, "hold", "Idle"),
    (1, "check", "Checking"),
    (2, "running", "Running"),
    (3, "fault", "Fault"),
    (4, "permanent_fault", "Permanent fault"),
    (6, "single_pv", "PV only"),
)

OPERATING_MODE = _enumeration(
    "operating_mode",
    (0, "peak", "Peak period"),
    (1, "flat", "Flat period"),
    (2, "valley", "Valley period"),
    (3, "generator", "Generator"),
    (4, "battery_first", "Battery first"),
    (5, "load_first", "Load first"),
    (6, "peak_shaving", "Peak shaving"),
    (7, "time_schedule", "Time schedule"),
    (8, "ems", "EMS"),
    (9, "dc_source", "DC source"),
    (10, "manual_dispatch", "Manual dispatch"),
    (11, "battery_protection", "Battery protection"),
    (12, "backup_power", "Backup power management"),
    (13, "pcs_dispatch", "PCS dispatch"),
    (14, "forced_charging", "Forced charging"),
    (15, "smart_meter", "Smart meter"),
    (16, "battery_smart_meter", "Battery smart meter"),
    (17, "grid_access_control", "Grid access control"),
)

PBD_MODE = _enumeration(
    "pbd_mode",
    (0, "normal", "Normal"),
    (1, "ems", "EMS"),
)

BATTERY_STATUS = _enumeration(
    "battery_status",
    (0, "hold", "Idle"),
    (1, "charge_and_discharge_disabled", "Charging and discharging disabled"),
    (2, "charge_disabled", "Charging disabled"),
    (3, "discharge_disabled", "Discharging disabled"),
    (4, "charging", "Charging"),
    (5, "discharging", "Discharging"),
    high_byte=True,
)

BASE_INFO_STATUS = _enumeration(
    "base_info_status",
    (-1, "lost", "Offline"),
    (0, "disconnected", "Disconnected"),
    (1, "online", "Online"),
    (2, "normal", "Normal"),
    (3, "fault", "Fault"),
    default="disconnected",
)

MODE_SETTING = _enumeration(
    "mode_setting",
    (0, "load_first", "Load first"),
    (1, "battery_first", "Battery first"),
    (2, "economy", "Economy"),
    (3, "peak_shaving", "Peak shaving"),
    (4, "time_schedule", "Time schedule"),
    (5, "manual_dispatch", "Manual dispatch"),
    (6, "battery_protection", "Battery protection"),
    (7, "backup_power", "Backup power management"),
    (8, "constant_power_discharge", "Constant power discharge"),
    (9, "forced_charging", "Forced charging"),
    (10, "smart_meter", "Smart meter"),
    (11, "battery_smart_meter", "Battery smart meter"),
    (12, "grid_access_control", "Grid access control"),
)

BATTERY_FLOW = _enumeration(
    "battery_flow",
    (-1, "charging", "Charging"),
    (0, "idle", "Idle"),
    (1, "discharging", "Discharging"),
)

GRID_FLOW = _enumeration(
    "grid_flow",
    (-1, "importing", "Importing"),
    (0, "idle", "Idle"),
    (1, "exporting", "Exporting"),
)

EMS_DIRECTION = _enumeration(
    "ems_direction",
    (0, "invert", "Discharge (invert)"),
    (1, "rectify", "Charge (rectify)"),
)

FREQUENCY_SHIFT = _enumeration(
    "frequency_shift",
    (0, "off", "Off"),
    (1, "mode_1", "Mode 1"),
    (2, "mode_2", "Mode 2"),
)

ENUMERATIONS: tuple[Enumeration, ...] = (
    OPERATING_STATE,
    PBD_STATE,
    OPERATING_MODE,
    PBD_MODE,
    BATTERY_STATUS,
    BASE_INFO_STATUS,
    MODE_SETTING,
    BATTERY_FLOW,
    GRID_FLOW,
    EMS_DIRECTION,
    FREQUENCY_SHIFT,
)
