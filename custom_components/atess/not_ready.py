"""Telling Home Assistant to set an entry up later."""

import inspect
from collections.abc import Mapping

from homeassistant.exceptions import ConfigEntryNotReady

from .const import DOMAIN

# Home Assistant 2026.11 and later take the time to wait; before, it has its own.
_TAKES_RETRY_AFTER = "retry_after" in inspect.signature(ConfigEntryNotReady).parameters


def not_ready(key: str, placeholders: Mapping[str, str] | None, retry_after: float) -> ConfigEntryNotReady:
    """Return why the entry is not ready, with the seconds after which it may be where Home Assistant takes them."""
    extra = {"retry_after": retry_after} if _TAKES_RETRY_AFTER else {}
    return ConfigEntryNotReady(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=dict(placeholders) if placeholders else None,
        **extra,
    )
