// Grid and loads: powers, phases, energies.
import { deviceHeading, energies, heading, lastDay, main, named, perDay, pick, subtitle } from "../cards.js";

const TREND = { features: [{ type: "trend-graph", hours_to_show: 24 }] };
const POWERS = [
  ["grid_power", "grid"],
  ["load_power", "load"],
];
const ENERGIES = [
  ["grid_import_energy", "imported"],
  ["grid_export_energy", "exported"],
  ["load_energy", "used"],
];
const TOTALS = ENERGIES.map(([key, name]) => [`${key}_total`, name]);
const VALUES = [
  "binary_sensor.grid_present",
  "grid_frequency",
  "operating_mode",
  "operating_state",
  "output_power",
  "self_sufficiency_today",
  "self_consumption_today",
];
const PHASE = /^(.+?)_(l[123](?:_l[123])?)$/;
const MORE = /^(grid|load|output|generator|meter|ats|bypass|inverter|power_factor)/;

/** Add a card for each value that every phase has. */
function phases(device, cards) {
  const groups = new Map();
  for (const entity of main(device, PHASE)) {
    const [, quantity, phase] = PHASE.exec(entity.key);
    const label = phase.toUpperCase().replace("_", "-");
    groups.set(quantity, [...(groups.get(quantity) ?? []), { entity, label }]);
  }
  for (const items of groups.values()) {
    items.sort((a, b) => a.label.localeCompare(b.label));
    cards.glance(items, subtitle(withoutPhase(items[0]), "mdi:numeric-3-circle-outline"));
  }
}

/** Return what the name of a phase's value says beside the phase. */
function withoutPhase({ entity, label }) {
  return entity.name
    .replace(label.replace("-", "–"), "")
    .replace(label, "")
    .replace(/\(\s*\)/, "")
    .replace(/\s{2,}/g, " ")
    .trim();
}

/** Add what a device or the plant has counted, and graphs. */
function graphs(device, texts, cards) {
  energies(device, ENERGIES, texts, cards);
  perDay(named(device, TOTALS, texts), texts, cards);
  lastDay(named(device, POWERS, texts), texts.last_24_hours, cards);
}

export function grid({ texts, plants, page }) {
  for (const plant of plants) {
    const devices = plant.devices.filter((device) => device.isInverter);
    for (const device of devices) {
      page.section(deviceHeading(device, "mdi:transmission-tower"), (cards) => {
        cards.tiles(named(device, POWERS, texts, TREND));
        cards.tiles(pick(device, VALUES));
        phases(device, cards);
        graphs(device, texts, cards);
        cards.tiles(main(device, MORE), subtitle(texts.other, "mdi:dots-horizontal"));
      });
    }
    if (plant.total && devices.length > 1) {
      const prefix = plants.length > 1 ? `${plant.name}: ` : "";
      page.section(heading(prefix + texts.grid_and_load, "mdi:sigma"), (cards) => {
        cards.tiles(named(plant.total, POWERS, texts, TREND));
        graphs(plant.total, texts, cards);
      });
    }
  }
}
