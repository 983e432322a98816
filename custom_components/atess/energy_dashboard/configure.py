"""Set the Energy dashboard up: what to add, added in one go or only told, and the action that does it."""

from collections.abc import Collection
from typing import Any

import voluptuous as vol
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv

from ..access import POLICY_READ, async_require_admin, async_targets, validation_error
from ..const import DOMAIN
from .plan import Wanted, plan_sources
from .preferences import SOURCES, EnergyPreferences, Snapshot, async_get_preferences
from .sources import async_offer, coverage

SERVICE_CONFIGURE = "configure_energy_dashboard"
# Integrations that forecast solar production for the Energy dashboard.
_FORECASTS = ("forecast_solar", "solcast_solar")


def _undo_alone(data: dict[str, Any]) -> dict[str, Any]:
    """Raise Invalid if an undo comes with anything else: it would not be tried out, but done."""
    if data["undo"] and (data["dry_run"] or data["complete"] or len(data) > 3):
        raise vol.Invalid("undo cannot be combined with other options")
    return data


_SCHEMA = vol.All(
    vol.Schema(
        {
            vol.Optional(ATTR_DEVICE_ID): vol.All(cv.ensure_list, [cv.string]),
            vol.Optional("dry_run", default=False): cv.boolean,
            vol.Optional("complete", default=False): cv.boolean,
            vol.Optional("undo", default=False): cv.boolean,
            vol.Optional("fingerprint"): cv.string,
        }
    ),
    _undo_alone,
)


async def async_configure(
    hass: HomeAssistant,
    preferences: EnergyPreferences,
    chosen: Collection[str] | None = None,
    *,
    dry_run: bool = False,
    complete: bool = False,
    fingerprint: str | None = None,
) -> dict[str, Any]:
    """Add the sources of devices, all unless some are chosen, and return what was done or would be.

    Raises:
        ServiceValidationError: There is nothing that could be added, the preferences do not have the fingerprint, or
            they cannot be written.
    """
    read = await preferences.async_read()
    if fingerprint is not None and fingerprint != read.fingerprint:
        raise validation_error("energy_changed")
    offer = async_offer(hass, chosen)
    if not offer.wanted and not offer.skipped:
        raise validation_error("energy_nothing_to_add")
    _add_forecast(hass, read, offer.wanted)
    plan = plan_sources(read.sources, offer.wanted, coverage(hass), complete=complete)
    if not dry_run and plan.sources != read.sources:
        await preferences.async_write(read, {SOURCES: plan.sources})
    completed = "completed" if complete and not dry_run else "could_complete"
    return {
        "would_add" if dry_run else "added": plan.added,
        "already": plan.already,
        completed: plan.completed,
        "skipped": [*offer.skipped, *plan.skipped],
        "warnings": [*offer.warnings, *plan.warnings],
        "fingerprint": (await preferences.async_read()).fingerprint,
    }


@callback
def _add_forecast(hass: HomeAssistant, read: Snapshot, wanted: list[Wanted]) -> None:
    """Give the only solar source of a home the only solar forecast there is."""
    sources = [item.source for item in wanted if item.type == "solar"]
    forecasts = [entry for domain in _FORECASTS for entry in hass.config_entries.async_loaded_entries(domain)]
    alone = len(sources) == 1 and not any(source.get("type") == "solar" for source in read.sources)
    if alone and len(forecasts) == 1:
        sources[0]["config_entry_solar_forecast"] = [forecasts[0].entry_id]


@callback
def async_setup_energy_dashboard(hass: HomeAssistant) -> None:
    """Register the action that sets the Energy dashboard up."""

    async def configure(call: ServiceCall) -> ServiceResponse:
        await async_require_admin(hass, call)
        preferences = await async_get_preferences(hass)
        if call.data["undo"]:
            await preferences.async_undo()
            return {"undone": True}
        chosen: set[str] | None = None
        if ATTR_DEVICE_ID in call.data:
            targets = await async_targets(hass, call, POLICY_READ, lambda data: data.all_coordinators)
            chosen = {coordinator.identifier for coordinator in targets.values()}
        return await async_configure(
            hass,
            preferences,
            chosen,
            dry_run=call.data["dry_run"],
            complete=call.data["complete"],
            fingerprint=call.data.get("fingerprint"),
        )

    hass.services.async_register(
        DOMAIN, SERVICE_CONFIGURE, configure, schema=_SCHEMA, supports_response=SupportsResponse.OPTIONAL
    )
