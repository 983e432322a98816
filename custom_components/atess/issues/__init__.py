"""Names of the repair issues, and their end with what they are about."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN


def new_devices_issue(entry_id: str) -> str:
    """Return the id of the issue that offers devices which a data logger newly names."""
    return f"new_devices_{entry_id}"


def vanished_issue(subentry_id: str) -> str:
    """Return the id of the issue about a device that its data logger no longer names."""
    return f"vanished_{subentry_id}"


def unknown_issue(subentry_id: str) -> str:
    """Return the id of the issue about a device that the cloud no longer knows as one of its kind."""
    return f"unknown_{subentry_id}"


def refused_device_issue(subentry_id: str) -> str:
    """Return the id of the issue about a device that the cloud refuses while it serves others of the account."""
    return f"refused_device_{subentry_id}"


def unreadable_issue(subentry_id: str) -> str:
    """Return the id of the issue about a device whose values cannot be read."""
    return f"unreadable_{subentry_id}"


# The self-checks whose verdicts may be against what the catalogue assumes.
VERDICTS = (
    "power_unit",
    "pv_power_unit",
    "load_power_unit",
    "grid_power_unit",
    "battery_power_unit",
    "energy_unit",
    "pv_layout",
    "battery_meaning",
    "battery_sign",
    "grid_sign",
    "grid_counters",
    "battery_direction",
    "grid_direction",
    "pcs_battery",
    "clock",
)


def verdict_issue(name: str, subentry_id: str) -> str:
    """Return the id of the issue about what a self-check of a device found."""
    return f"{name}_{subentry_id}"


def settings_issue(subentry_id: str, failure_id: str) -> str:
    """Return the id of the issue about one change of settings that failed."""
    return f"{_settings_issues(subentry_id)}{failure_id}"


def _settings_issues(subentry_id: str) -> str:
    return f"settings_{subentry_id}_"


def battery_issue(subentry_id: str) -> str:
    """Return the id of the issue about a battery control that cannot go back."""
    return f"battery_control_{subentry_id}"


def refused_issue(entry_id: str) -> str:
    """Return the id of the issue about a cloud that keeps refusing to be asked so often."""
    return f"refused_{entry_id}"


@callback
def async_delete_device_issues(hass: HomeAssistant, subentry_id: str) -> None:
    """Delete the issues of a device that is gone."""
    verdicts = (verdict_issue(name, subentry_id) for name in VERDICTS)
    device = (vanished_issue, unknown_issue, refused_device_issue, unreadable_issue, battery_issue)
    prefix = _settings_issues(subentry_id)
    failures = [
        issue_id for domain, issue_id in ir.async_get(hass).issues if domain == DOMAIN and issue_id.startswith(prefix)
    ]
    for issue_id in (*(issue(subentry_id) for issue in device), *verdicts, *failures):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
