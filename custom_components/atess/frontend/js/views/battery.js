// The batteries: charge and power, cells with their places, temperatures, limits.
import { deviceHeading, energies, heading, lastDay, main, named, perDay, pick, subtitle } from "../cards.js";

const GAUGE = { features: [{ type: "bar-gauge" }], color: "teal" };
const TREND = { features: [{ type: "trend-graph", hours_to_show: 24 }] };
const VALUES = [
  ["battery_voltage", "voltage"],
  ["battery_current", "current"],
];
const MORE_VALUES = [
  "battery_status",
  "battery_energy_stored",
  "battery_state_of_health",
  "battery_round_trip_efficiency",
];
const CELLS = [
  ["cell_voltage_maximum", "maximum"],
  ["cell_voltage_minimum", "minimum"],
  ["cell_voltage_average", "average"],
  ["cell_voltage_spread", "spread"],
];
const CELL_PLACES = [
  "cell_voltage_maximum_text",
  "highest_cell_group",
  "highest_cell_box",
  "highest_cell_number",
  "cell_voltage_minimum_text",
  "lowest_cell_group",
  "lowest_cell_box",
  "lowest_cell_number",
];
const TEMPERATURES = [
  ["battery_temperature_maximum", "maximum"],
  ["battery_temperature_minimum", "minimum"],
  ["cell_temperature_spread", "spread"],
];
const TEMPERATURE_PLACES = [
  "battery_temperature_maximum_text",
  "hottest_cell_group",
  "hottest_cell_sensor",
  "battery_temperature_minimum_text",
  "coldest_cell_group",
  "coldest_cell_sensor",
];
const LIMITS = ["battery_charge_current_limit", "battery_discharge_current_limit"];
const ENERGIES = [
  ["battery_charge_energy", "charged"],
  ["battery_discharge_energy", "discharged"],
];
const TOTALS = ENERGIES.map(([key, name]) => [`${key}_total`, name]);
const MORE = /^(battery|cell|bms|highest|lowest|hottest|coldest)_/;

/** Add what devices and the plant tell alike. */
function charge(device, texts, cards) {
  cards.tiles(named(device, [["battery_state_of_charge", "state_of_charge"]], texts, GAUGE));
  cards.tiles(named(device, [["battery_power", "power"]], texts, TREND));
}

function battery(device, texts, cards) {
  charge(device, texts, cards);
  cards.tiles([...named(device, VALUES, texts), ...pick(device, MORE_VALUES)]);
  const cells = [...named(device, CELLS, texts), ...pick(device, CELL_PLACES)];
  cards.tiles(cells, subtitle(texts.cells, "mdi:battery-sync"));
  const temperatures = [...named(device, TEMPERATURES, texts), ...pick(device, TEMPERATURE_PLACES)];
  cards.tiles(temperatures, subtitle(texts.temperatures, "mdi:thermometer"));
  cards.tiles(pick(device, LIMITS), subtitle(texts.limits, "mdi:speedometer"));
  energies(device, ENERGIES, texts, cards);
  cards.tiles(main(device, MORE), subtitle(texts.other, "mdi:dots-horizontal"));
}

/**
 * Return the energies that a graph of days is drawn of: those of the only device that counts them, since an import
 * fills its past, else the plant's, else those of the first device.
 */
function perDayOf(plant, texts) {
  const counting = plant.devices.filter((device) => device.find(TOTALS[0][0]));
  const owner = counting.length > 1 ? (plant.total ?? counting[0]) : (counting[0] ?? plant.total);
  return owner ? named(owner, TOTALS, texts) : [];
}

export function batteries({ texts, plants, page }) {
  for (const plant of plants) {
    const devices = plant.devices.filter((device) => device.hasBattery);
    if (!devices.length) {
      continue;
    }
    const prefix = plants.length > 1 ? `${plant.name}: ` : "";
    page.section(heading(prefix + texts.battery, "mdi:home-battery"), (cards) => {
      cards.tiles(plant.devices.flatMap((device) => pick(device, ["battery_control", "button.resume"])));
      if (plant.total) {
        charge(plant.total, texts, cards);
        energies(plant.total, ENERGIES, texts, cards);
        cards.tiles(main(plant.total, MORE));
      }
      perDay(perDayOf(plant, texts), texts, cards);
      const charges = devices
        .filter((device) => device.find("battery_state_of_charge"))
        .map((device) => ({ entity: device.find("battery_state_of_charge"), label: device.name }));
      lastDay(charges, texts.state_of_charge, cards);
    });
    for (const device of devices) {
      page.section(deviceHeading(device, "mdi:battery-high"), (cards) => battery(device, texts, cards));
    }
  }
}
