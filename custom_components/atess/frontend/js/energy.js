// Asks for the preferences of the Energy dashboard, whose cards tell of the whole home and not of a device.

/** Return whether the Energy dashboard holds a source of the integration; undefined if there is no Energy dashboard. */
export async function ofOurs(hass) {
  if (!hass.config?.components?.includes("energy")) {
    return undefined;
  }
  let sources = [];
  try {
    sources = (await hass.callWS({ type: "energy/get_prefs" })).energy_sources ?? [];
  } catch (error) {
    if (error?.code !== "not_found") {
      return undefined;
    }
  }
  const statistics = sources.flatMap((source) => [source, ...(source.flow_from ?? []), ...(source.flow_to ?? [])]);
  return statistics.some((source) =>
    Object.entries(source).some(
      ([name, value]) => name.startsWith("stat_") && hass.entities[value]?.platform === "atess",
    ),
  );
}
