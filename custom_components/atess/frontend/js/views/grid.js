// Grid and loads: powers, phases, energies.
import { deviceHeading, energies, heading, history, main, named, perDay, pick } from "../cards.js";

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
const VALUES = [
  "binary_sensor.grid_present",
  "grid_frequency",
  "operating_mode",
  "operating_state",
  "output_power",
  "self_sufficiency_today",
  "self_consumption_today",
];
const PHASE = /^(.+)_(l[123](?:_l[123])?)$/;
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
    cards.glance(items, withoutPhase(items[0]));
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

/** Return the lines of a graph: the plant's, or those of its inverters. */
function graphed(plant, pairs, texts) {
  return pairs.flatMap(([key, name]) => {
    const found = plant.values(key);
    return found.map(({ entity, device }) => ({
      entity,
      label: found.length === 1 ? texts[name] : `${device.name}: ${texts[name]}`,
    }));
  });
}

export function grid({ texts, plants, page }) {
  for (const plant of plants) {
    const prefix = plants.length > 1 ? `${plant.name}: ` : "";
    const devices = plant.devices.filter((device) => device.isInverter);
    for (const device of devices) {
      page.section(deviceHeading(device, "mdi:transmission-tower"), (cards) => {
        cards.tiles(named(device, POWERS, texts, TREND));
        cards.tiles(pick(device, VALUES));
        phases(device, cards);
        energies(device, ENERGIES, texts, cards);
        cards.tiles(main(device, MORE));
      });
    }
    page.section(heading(prefix + texts.grid_and_load, "mdi:chart-bar"), (cards) => {
      if (plant.total) {
        cards.tiles(named(plant.total, POWERS, texts));
        energies(plant.total, ENERGIES, texts, cards);
        cards.tiles(main(plant.total, MORE));
      }
      const counters = graphed(plant, ENERGIES.map(([key, name]) => [`${key}_total`, name]), texts);
      if (counters.length) {
        cards.add(perDay(counters, texts.per_day));
      }
      const powers = graphed(plant, POWERS, texts);
      if (powers.length) {
        cards.add(history(powers, texts.last_24_hours));
      }
    });
  }
}
