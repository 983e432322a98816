// What one wants to know first: the power now, the energies of today, and whether all is well.
import { FULL, ICONS, heading, navigate, subtitle } from "../cards.js";
import { ofOurs } from "../energy.js";

const NOW = [
  ["pv_power", "solar", "mdi:solar-power"],
  ["battery_power", "battery", "mdi:home-battery"],
  ["grid_power", "grid", "mdi:transmission-tower"],
  ["load_power", "load", "mdi:home-lightning-bolt"],
];
const TODAY = [
  ["pv_energy_today", "produced"],
  ["load_energy_today", "used"],
  ["battery_charge_energy_today", "charged"],
  ["battery_discharge_energy_today", "discharged"],
  ["grid_import_energy_today", "imported"],
  ["grid_export_energy_today", "exported"],
];
const SHARES = ["self_sufficiency_today", "self_consumption_today"];
const SOURCES = ["pv_power", "battery_power", "grid_power"];
const DEVICE = { type: "device" };
const LONG = [DEVICE, { type: "entity" }];
const GAUGE = { features: [{ type: "bar-gauge" }], color: "teal" };
const TREND = { features: [{ type: "trend-graph", hours_to_show: 24 }] };

/** Return an item for each entity that tells a value, named after its device where there are several. */
function items(plant, key, label, options) {
  const found = plant.values(key);
  return found.map(({ entity }) => ({
    entity,
    label: found.length === 1 ? label : LONG,
    options,
  }));
}

function now(plant, texts, cards) {
  const colors = { pv_power: "orange", battery_power: "teal", grid_power: "blue" };
  const sources = SOURCES.flatMap((key) => {
    const entity = plant.value(key);
    const name = texts[NOW.find(([each]) => each === key)[1]];
    return entity ? [{ entity: entity.entity_id, name, color: colors[key] }] : [];
  });
  cards.tiles(NOW.flatMap(([key, name, icon]) => items(plant, key, texts[name], { icon, ...TREND })));
  cards.tiles(items(plant, "battery_state_of_charge", texts.state_of_charge, GAUGE));
  if (sources.length > 1) {
    cards.add(subtitle(texts.sources_now, "mdi:source-branch"), {
      type: "distribution",
      entities: sources,
      grid_options: FULL,
    });
  }
}

function status(plant, texts, cards) {
  const having = (key, domain) => plant.devices.filter((device) => device.find(key, domain));
  // Under a title, the devices' names tell them apart; alone, a value goes by its own name.
  const each = (key, domain, title) => {
    const devices = having(key, domain);
    const several = devices.length > 1 ? devices[0].find(key, domain).name : undefined;
    const text = title ?? several;
    const items = devices.map((device) => ({ entity: device.find(key, domain), label: text && DEVICE }));
    cards.tiles(items, text && subtitle(text));
  };
  each("battery_control");
  each("resume", "button");
  each("operating_state");
  each("problem", "binary_sensor", texts.faults);
  for (const device of having("active_faults")) {
    const faults = device.find("active_faults");
    const fault = device.find("fault", "event");
    const visibility = [{ condition: "numeric_state", entity: faults.entity_id, above: 0 }];
    const shown = { color: "red", visibility };
    cards.tiles([
      { entity: faults, label: LONG, options: shown },
      fault && { entity: fault, label: LONG, options: { ...shown, state_content: ["fault", "event_type"] } },
    ]);
  }
  each("online", "binary_sensor");
  each("last_data", "sensor", texts.last_data);
  cards.tiles([plant.total?.find("cloud_reachable", "binary_sensor")]);
}

/** Return the heading and the cards about the whole home, or the offer to set them up; none if there is neither. */
async function home(hass, texts) {
  const ours = await ofOurs(hass);
  if (ours) {
    return [
      heading(texts.energy_dashboard, "mdi:lightning-bolt", { tap_action: navigate("/energy") }),
      { type: "energy-distribution", link_dashboard: true, grid_options: FULL },
    ];
  }
  if (ours === undefined || !hass.user?.is_admin) {
    return [];
  }
  return [
    heading(texts.energy_dashboard, "mdi:lightning-bolt"),
    { type: "markdown", content: texts.not_in_energy, grid_options: FULL },
    {
      type: "button",
      name: texts.add_to_energy,
      icon: "mdi:lightning-bolt",
      show_state: false,
      tap_action: {
        action: "perform-action",
        perform_action: "atess.configure_energy_dashboard",
        data: {},
        confirmation: { text: texts.add_to_energy_confirm },
      },
      grid_options: { columns: "full", rows: 2 },
    },
  ];
}

export async function overview({ hass, texts, plants, config, page }) {
  const energy = config.show_energy === false ? [] : await home(hass, texts);
  plants.forEach((plant, index) => {
    const prefix = plants.length > 1 ? `${plant.name}: ` : "";
    page.section(heading(prefix + texts.now, "mdi:home-battery"), (cards) => now(plant, texts, cards));
    page.section(heading(prefix + texts.today, "mdi:calendar-today"), (cards) => {
      cards.tiles(TODAY.flatMap(([key, name]) => items(plant, key, texts[name], { icon: ICONS[name] })));
      cards.tiles(SHARES.flatMap((key) => items(plant, key)));
      // Below, where the other columns would leave a gap.
      if (index === 0) {
        cards.add(...energy);
      }
    });
    page.section(heading(prefix + texts.status, "mdi:heart-pulse"), (cards) => status(plant, texts, cards));
  });
}
