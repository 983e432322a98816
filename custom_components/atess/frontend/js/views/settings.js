// The settings that may be changed, and what becomes of a change.
import { deviceHeading, pick, subtitle } from "../cards.js";

const CONTROLS = new Set(["number", "select", "switch", "time"]);
const WINDOW = /^(peak|flat|valley)_period_(\d+)/;
const CHARGE = /soc|saturation/;
const FEATURES = {
  number: [{ type: "numeric-input", style: "buttons" }],
  select: [{ type: "select-options" }],
  switch: [{ type: "toggle" }],
};

/** Whether an entity changes a setting. */
export function isControl({ domain, entity_category: category }) {
  return CONTROLS.has(domain) && category === "config";
}

/** Sort periods by number, and the start before the end. */
function order(a, b) {
  const [, , numberA] = WINDOW.exec(a.key);
  const [, , numberB] = WINDOW.exec(b.key);
  return numberA - numberB || Number(a.key.endsWith("_end")) - Number(b.key.endsWith("_end"));
}

function item(entity) {
  const features = FEATURES[entity.domain];
  return { entity, options: features ? { features } : {} };
}

export function settings({ texts, plants, page }) {
  for (const plant of plants) {
    for (const device of plant.devices) {
      const controls = device.entities.filter(isControl);
      if (!controls.length) {
        continue;
      }
      const windows = controls.filter(({ key }) => WINDOW.test(key));
      const others = controls.filter(({ key }) => !WINDOW.test(key));
      const choices = others.filter(({ domain }) => domain !== "number");
      const numbers = others.filter(({ domain }) => domain === "number");
      page.section(deviceHeading(device, "mdi:tune"), (cards) => {
        cards.tiles(pick(device, ["battery_control", "button.resume", "settings_change"]));
        cards.tiles(choices.sort((a, b) => a.key.localeCompare(b.key)).map(item));
        cards.tiles(numbers.filter(({ key }) => CHARGE.test(key)).map(item), subtitle(texts.state_of_charge));
        cards.tiles(numbers.filter(({ key }) => !CHARGE.test(key)).map(item), subtitle(texts.power_and_more));
        cards.add(...titled(subtitle(texts.windows, "mdi:clock-outline"), windows.length));
        for (const tariff of ["peak", "flat", "valley"]) {
          cards.tiles(windows.filter(({ key }) => key.startsWith(tariff)).sort(order).map(item));
        }
      });
    }
  }
}

function titled(title, count) {
  return count ? [title] : [];
}
