// The solar inputs of each device.
import { deviceHeading, energies, heading, history, main, named, perDay } from "../cards.js";

const TREND = { features: [{ type: "trend-graph", hours_to_show: 24 }] };
const QUANTITIES = ["power", "voltage", "current"];
const POWER = [["pv_power", "power"]];
const ENERGIES = [["pv_energy", "produced"]];
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
    cards.glance(powers, texts.inputs);
  } else {
    known.forEach(({ number, values }) => cards.glance(values, `PV${number}`));
  }
  if (powers.length > 1) {
    cards.add(history(powers, texts.last_24_hours));
  }
}

export function solar({ texts, plants, page }) {
  for (const plant of plants) {
    const devices = plant.devices.filter((device) => device.hasSolar || device.find("pv_power"));
    for (const device of devices) {
      page.section(deviceHeading(device, "mdi:solar-power"), (cards) => {
        cards.tiles(named(device, POWER, texts, TREND));
        inputs(device, texts, cards);
        energies(device, ENERGIES, texts, cards);
        cards.tiles(main(device, MORE));
      });
    }
    const totals = devices.map((device) => device.find("pv_energy_total")).filter(Boolean);
    const whole = plant.value("pv_energy_total");
    if (totals.length) {
      page.section(heading(plants.length > 1 ? `${plant.name}: ${texts.solar}` : texts.solar, "mdi:chart-bar"), (cards) => {
        if (plant.total) {
          cards.tiles(named(plant.total, POWER, texts));
          energies(plant.total, ENERGIES, texts, cards);
        }
        cards.add(perDay(whole ? [{ entity: whole, label: texts.produced }] : totals.map((entity) => ({ entity })), texts.per_day));
      });
    }
  }
}
