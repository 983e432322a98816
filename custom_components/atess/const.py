"""Names that the integration's files share."""

import logging
from datetime import timedelta
from typing import Final

DOMAIN: Final = "atess"
LOGGER: Final = logging.getLogger(__package__)

CONF_ADVANCED: Final = "advanced"
CONF_ALLOW_CHANGES: Final = "allow_changes"
CONF_BASE_URL: Final = "base_url"
CONF_CORRECTIONS: Final = "corrections"
CONF_DAILY_BUDGET: Final = "daily_budget"
CONF_DATA_LOG_SN: Final = "data_log_sn"
CONF_DEVICE_SN: Final = "device_sn"
CONF_ENERGY_DASHBOARD: Final = "energy_dashboard"
CONF_HEAL_GAPS: Final = "heal_gaps"
CONF_IMPORT_HISTORY: Final = "import_history"
CONF_KIND: Final = "kind"
CONF_PATHS: Final = "paths"
CONF_SETTINGS: Final = "settings"
CONF_SYSTEM_NO: Final = "system_no"
CONF_USABLE_CAPACITY: Final = "usable_capacity"

SUBENTRY_DEVICE: Final = "device"

DEFAULT_SCAN_INTERVAL: Final = 5
MAX_SCAN_INTERVAL: Final = 60

CLOUD_URL: Final = "https://www.enerclo-atesspower.com/"
MANUFACTURER: Final = "ATESS"

BASE_INFO_INTERVAL: Final = timedelta(days=1)
FRESHNESS_CHECK_INTERVAL: Final = timedelta(minutes=1)
WATCH_INTERVAL: Final = timedelta(days=1)
WATCH_CHECK_INTERVAL: Final = timedelta(hours=1)
# A cloud that answers every poll for so long with its frequency limit has a repair issue.
LIMITED_FOR: Final = timedelta(hours=1)
# So has a device after so many polls in a row that do not find it, or that are refused while others are served.
POLLS_UNTIL_ISSUE: Final = 3
# A device without a value that can be shown has a repair issue after so many polls that were answered.
EMPTY_POLLS: Final = 3
# So many unknown codes of a device are logged.
LOGGED_CODES: Final = 20
# A poll waits this long for others of its account before it gives way and comes back, in seconds.
POLL_MAX_WAIT: Final = 90.0
# What is stored is written so long after a change, in seconds; an end of Home Assistant does not wait for it.
SAVE_DELAY: Final = 900.0
# A device that nothing holds back and that was not polled for so many of its longest gaps is polled at once.
OVERDUE_GAPS: Final = 3
