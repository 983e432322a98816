// The solar inputs of each device.
import { deviceHeading, energies, heading, lastDay, main, named, perDay, subtitle } from "../cards.js";

const TREND = { features: [{ type: "trend-graph", hours_to_show: 24 }] };
const QUANTITIES = ["power", "voltage", "current"];
const POWER = [["pv_power", "power"]];
const ENERGIES = [["pv_energy", "produced"]];
const TOTAL = [["pv_energy_total", "produced"]];
const MORE = /^pv/;

/** Add the inputs: side by side if only their power is known, else each with all that is known of it. */
function inputs(device, texts, cards) {
  const known = device.inputs().map((number) => ({
    number,
    values: QUANTITIES.map((quantity) => ({ entity: device.find(`pv${number}_${quantity}`), label: texts[quantity] })).filter(
      ({ entity }) => entity,
    ),
  }));
  const powers = known.flatMap(({ number }) => {
    const entity = device.find(`pv${number}_power`);
    return entity ? [{ entity, label: `PV${number}` }] : [];
  });
  if (known.every(({ values }) => values.length === 1) && powers.length === known.length) {
    cards.glance(powers, subtitle(texts.inputs, "mdi:solar-panel"));
  } else {
    known.forEach(({ number, values }) => cards.glance(values, subtitle(`PV${number}`, "mdi:solar-panel")));
  }
  if (powers.length > 1) {
    lastDay(powers, texts.last_24_hours, cards);
  }
}

export function solar({ texts, plants, page }) {
  for (const plant of plants) {
    const devices = plant.devices.filter((device) => device.hasSolar);
    const counters = devices.filter((device) => device.find("pv_energy_total"));
    for (const device of devices) {
      page.section(deviceHeading(device, "mdi:solar-power"), (cards) => {
        cards.tiles(named(device, POWER, texts, TREND));
        inputs(device, texts, cards);
        energies(device, ENERGIES, texts, cards);
        perDay(named(device, TOTAL, texts), texts, cards);
        cards.tiles(main(device, MORE));
      });
    }
    if (plant.total && counters.length > 1) {
      page.section(heading(plants.length > 1 ? `${plant.name}: ${texts.solar}` : texts.solar, "mdi:sigma"), (cards) => {
        cards.tiles(named(plant.total, POWER, texts, TREND));
        energies(plant.total, ENERGIES, texts, cards);
        perDay(named(plant.total, TOTAL, texts), texts, cards);
      });
    }
  }
}
