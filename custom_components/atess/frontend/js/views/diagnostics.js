// How the data come, what the hardware says of itself, and all that has no place elsewhere.
import { deviceHeading, pick, subtitle } from "../cards.js";
import { byName } from "../registry.js";

const FIRST = [
  "binary_sensor.online",
  "binary_sensor.cloud_reachable",
  "binary_sensor.problem",
  "active_faults",
  "event.fault",
  "last_data",
  "data_age",
  "next_poll",
  "polling_interval",
  "requests_today",
  "button.refresh",
  "history_import",
];
const WINDOW = /^(peak|flat|valley)_period_/;
const SENSED = /temperature|insulation|bus_voltage/;

/** `elsewhere` holds the entities that other pages show. */
export function diagnostics({ texts, plants, page, elsewhere }) {
  for (const plant of plants) {
    for (const device of [...plant.devices, ...(plant.total ? [plant.total] : [])]) {
      page.section(deviceHeading(device, "mdi:stethoscope"), (cards) => {
        cards.tiles(pick(device, FIRST));
        const rest = device.entities.filter(({ entity_id: id }) => !elsewhere.has(id)).sort(byName);
        cards.tiles(rest.filter(({ key }) => SENSED.test(key)), subtitle(texts.temperatures, "mdi:thermometer"));
        cards.tiles(rest.filter(({ key }) => WINDOW.test(key)), subtitle(texts.windows, "mdi:clock-outline"));
        cards.tiles(rest, subtitle(texts.other, "mdi:dots-horizontal"));
      });
    }
  }
}
