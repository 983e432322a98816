// Makes the dashboard and its views out of the registries.
import { Page } from "./cards.js";
import { readPlants } from "./registry.js";
import { loadTexts } from "./texts.js";
import { batteries } from "./views/battery.js";
import { diagnostics } from "./views/diagnostics.js";
import { grid } from "./views/grid.js";
import { overview } from "./views/overview.js";
import { isControl, settings } from "./views/settings.js";
import { solar } from "./views/solar.js";

const DEVICES = (plants) => plants.flatMap((plant) => plant.devices);

/** The views in the order of their tabs: icon, what they show, and when there is something to show. */
const VIEWS = {
  overview: { icon: "mdi:home-battery", make: overview, has: () => true },
  solar: { icon: "mdi:solar-power", make: solar, has: (plants) => DEVICES(plants).some((each) => each.hasSolar) },
  battery: { icon: "mdi:battery-high", make: batteries, has: (plants) => DEVICES(plants).some((each) => each.hasBattery) },
  grid: {
    icon: "mdi:transmission-tower",
    make: grid,
    has: (plants) => DEVICES(plants).some((each) => each.isInverter),
  },
  settings: {
    icon: "mdi:tune",
    make: settings,
    has: (plants) => DEVICES(plants).some((each) => each.entities.some(isControl)),
  },
  diagnostics: { icon: "mdi:stethoscope", make: diagnostics, has: (plants) => plants.length > 0 },
};

export const VIEW_NAMES = Object.keys(VIEWS);

/** Return which views a configuration wants. */
function wanted(config) {
  const views = config.views?.length ? VIEW_NAMES.filter((name) => config.views.includes(name)) : VIEW_NAMES;
  return views.filter((name) => name !== "settings" || config.show_settings !== false);
}

export function title(texts, name) {
  return name === "grid" ? texts.grid_and_load : texts[name];
}

/** Return the dashboard: a tab for each view, which is made when it is opened. */
export async function dashboard(config, hass) {
  const texts = await loadTexts(hass);
  const plants = readPlants(hass, config.devices);
  const names = wanted(config).filter((name) => VIEWS[name].has(plants));
  const views = names.map((name) => ({
    title: title(texts, name),
    path: name,
    icon: VIEWS[name].icon,
    type: "sections",
    strategy: { ...config, view: name },
  }));
  return { title: "ATESS", views };
}

/** Return a view by its name, the overview if none is named. */
export async function view(config, hass) {
  const texts = await loadTexts(hass);
  const plants = readPlants(hass, config.devices);
  const name = config.view in VIEWS ? config.view : "overview";
  if (!plants.length) {
    return { type: "sections", sections: [{ type: "grid", cards: [nothing(texts)] }] };
  }
  const page = new Page();
  const context = { hass, texts, plants, config, page };
  if (name === "diagnostics") {
    context.elsewhere = shownElsewhere(context);
  }
  await VIEWS[name].make(context);
  if (!page.sections.length) {
    page.section({ type: "heading", heading: title(texts, name) }, (cards) => cards.add(note(texts.nothing_here)));
  }
  return page.view();
}

/** Return the entities that the other views show, whether or not these are chosen. */
function shownElsewhere(context) {
  const page = new Page();
  for (const make of [solar, batteries, grid, settings]) {
    make({ ...context, page });
  }
  return page.used;
}

function note(content) {
  return { type: "markdown", content, grid_options: { columns: "full" } };
}

function nothing(texts) {
  return note(`${texts.no_devices}\n\n[${texts.open_integration}](/config/integrations/integration/atess)`);
}
