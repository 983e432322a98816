// What one wants to know first: the power now, the energies of today, and whether all is well.
import { heading, navigate, subtitle } from "../cards.js";
import { ofOurs } from "../energy.js";

const NOW = [
  ["pv_power", "solar"],
  ["battery_power", "battery"],
  ["grid_power", "grid"],
  ["load_power", "load"],
];
const TODAY = [
  ["pv_energy_today", "produced", "mdi:solar-power"],
  ["load_energy_today", "used", "mdi:home-lightning-bolt"],
  ["battery_charge_energy_today", "charged", "mdi:battery-arrow-up"],
  ["battery_discharge_energy_today", "discharged", "mdi:battery-arrow-down"],
  ["grid_import_energy_today", "imported", "mdi:transmission-tower-export"],
  ["grid_export_energy_today", "exported", "mdi:transmission-tower-import"],
];
const SHARES = ["self_sufficiency_today", "self_consumption_today"];
const SOURCES = ["pv_power", "battery_power", "grid_power"];
const TREND = { features: [{ type: "trend-graph", hours_to_show: 24 }] };

/** Return an item for each entity that tells a value, named after its device where there are several. */
function items(plant, key, label, options) {
  const found = plant.values(key);
  return found.map(({ entity }) => ({
    entity,
    label: found.length === 1 ? label : [{ type: "device" }, { type: "entity" }],
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
  cards.tiles(
    plant.values("battery_state_of_charge").slice(0, plant.value("battery_state_of_charge") ? 1 : undefined).map(
      ({ entity, device }, _, all) => ({
        entity,
        label: all.length === 1 ? texts.state_of_charge : device.name,
        options: { features: [{ type: "bar-gauge" }], color: "teal" },
      }),
    ),
  );
  if (sources.length > 1) {
    cards.add({ type: "distribution", title: texts.sources_now, entities: sources, grid_options: { columns: "full" } });
  }
  cards.tiles(NOW.flatMap(([key, name]) => items(plant, key, texts[name], TREND)));
}

function status(plant, texts, cards) {
  const each = (key, domain, options, label) =>
    plant.devices.map((device) => {
      const entity = device.find(key, domain);
      return entity && { entity, label: label ?? { type: "device" }, options };
    });
  cards.tiles(each("battery_control"));
  cards.tiles(each("resume", "button"));
  cards.tiles(each("problem", "binary_sensor"), subtitle(texts.faults));
  for (const device of plant.devices) {
    const faults = device.find("active_faults");
    const visibility = faults && [{ condition: "numeric_state", entity: faults.entity_id, above: 0 }];
    const long = [{ type: "device" }, { type: "entity" }];
    cards.tiles([
      faults && { entity: faults, label: long, options: { color: "red", visibility } },
      faults &&
        device.find("fault", "event") && {
          entity: device.find("fault", "event"),
          label: long,
          options: { color: "red", visibility, state_content: ["fault", "event_type", "last_changed"] },
        },
    ]);
  }
  cards.tiles(each("last_data"), subtitle(texts.last_data));
  cards.tiles([plant.total?.find("cloud_reachable", "binary_sensor")]);
}

/** Return the cards about the whole home, or the offer to set them up. */
async function home(hass, texts, page) {
  const ours = await ofOurs(hass);
  if (ours === undefined) {
    return;
  }
  if (ours) {
    const title = heading(texts.energy_dashboard, "mdi:lightning-bolt", { tap_action: navigate("/energy") });
    page.section(title, (cards) =>
      cards.add({ type: "energy-distribution", link_dashboard: true, grid_options: { columns: "full" } }),
    );
  } else if (hass.user?.is_admin) {
    page.section(heading(texts.energy_dashboard, "mdi:lightning-bolt"), (cards) =>
      cards.add(
        { type: "markdown", content: texts.not_in_energy, grid_options: { columns: "full" } },
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
      ),
    );
  }
}

export async function overview({ hass, texts, plants, config, page }) {
  for (const plant of plants) {
    const prefix = plants.length > 1 ? `${plant.name}: ` : "";
    page.section(heading(prefix + texts.now, "mdi:home-battery"), (cards) => now(plant, texts, cards));
    page.section(heading(prefix + texts.today, "mdi:calendar-today"), (cards) => {
      cards.tiles(TODAY.flatMap(([key, name, icon]) => items(plant, key, texts[name], { icon })));
      cards.tiles(SHARES.flatMap((key) => items(plant, key)));
    });
    page.section(heading(prefix + texts.status, "mdi:heart-pulse"), (cards) => status(plant, texts, cards));
  }
  if (config.show_energy !== false) {
    await home(hass, texts, page);
  }
}
