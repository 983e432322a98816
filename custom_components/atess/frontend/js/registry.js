// Finds the plants, devices, and entities of the integration in Home Assistant's registries.
const PLATFORM = "atess";
const collator = new Intl.Collator(undefined, { numeric: true });

/** Compare the names of two entities, devices, or plants. */
export function byName(a, b) {
  return collator.compare(a.name ?? "", b.name ?? "");
}

/** A device with its visible entities, which are found by their translation key. */
class Device {
  constructor(id, device) {
    this.id = id;
    this.name = device?.name_by_user ?? device?.name ?? "ATESS";
    this.entry = device?.config_entry_id ?? device?.primary_config_entry ?? "";
    this.isPlant = device?.entry_type === "service";
    this.entities = [];
    this._byKey = new Map();
  }

  add(entity) {
    const domain = entity.entity_id.split(".", 1)[0];
    const known = { ...entity, domain, key: entity.translation_key ?? "" };
    this.entities.push(known);
    this._byKey.set(`${domain}.${known.key}`, known);
  }

  /** Return the entity with a key in a domain, undefined if there is none. */
  find(key, domain = "sensor") {
    return this._byKey.get(`${domain}.${key}`);
  }

  get isInverter() {
    return !this.isPlant && Boolean(this.find("load_power") ?? this.find("grid_power"));
  }

  get hasSolar() {
    return this.inputs().length > 0 || Boolean(this.find("pv_energy_total"));
  }

  get hasBattery() {
    return Boolean(this.find("battery_state_of_charge") ?? this.find("battery_charge_energy_total"));
  }

  /** Whether the device is a battery of its own, not an inverter that knows of one. */
  get isBattery() {
    return !this.isPlant && this.hasBattery && !this.isInverter && !this.hasSolar;
  }

  /** Return the numbers of the solar inputs. */
  inputs() {
    const numbers = new Set();
    for (const { key } of this.entities) {
      const found = /^pv(\d+)_(power|voltage|current)$/.exec(key);
      if (found) {
        numbers.add(Number(found[1]));
      }
    }
    return [...numbers].sort((a, b) => a - b);
  }
}

/** The devices of one account. */
class Plant {
  constructor(entry) {
    this.entry = entry;
    this.total = undefined;
    this.devices = [];
  }

  get name() {
    return this.total?.name ?? this.devices[0]?.name ?? "ATESS";
  }

  /**
   * Return the entities that tell a value of the whole plant: the plant's own, else that of its only device that has
   * it, else those of all inverters that have it.
   */
  values(key) {
    const total = this.total?.find(key);
    if (total) {
      return [{ device: this.total, entity: total }];
    }
    const found = this.devices
      .map((device) => ({ device, entity: device.find(key) }))
      .filter(({ entity }) => entity);
    const inverters = found.filter(({ device }) => device.isInverter);
    return inverters.length ? inverters : found;
  }

  /** Return the one entity that tells a value of the whole plant, undefined if there is none or several. */
  value(key) {
    const found = this.values(key);
    return found.length === 1 ? found[0].entity : undefined;
  }
}

function rank(device) {
  return device.isInverter ? 0 : device.hasSolar ? 1 : device.isBattery ? 2 : 3;
}

/** Sort devices so that those behind others follow these, which is how people look for them. */
function compare(depths) {
  return (a, b) =>
    rank(a) - rank(b) ||
    depths.get(a.id) - depths.get(b.id) ||
    byName(a, b);
}

function depth(id, hass, seen = 0) {
  const via = hass.devices[id]?.via_device_id;
  return via && seen < 10 ? 1 + depth(via, hass, seen + 1) : 0;
}

/** Return the plants of this Home Assistant, with the devices that were chosen, all if none were. */
export function readPlants(hass, chosen = []) {
  const devices = new Map();
  for (const entity of Object.values(hass.entities)) {
    const id = entity.device_id;
    if (entity.platform !== PLATFORM || entity.hidden || !id || (chosen.length && !chosen.includes(id))) {
      continue;
    }
    if (!devices.has(id)) {
      devices.set(id, new Device(id, hass.devices[id]));
    }
    devices.get(id).add(entity);
  }
  const plants = new Map();
  for (const device of devices.values()) {
    if (!plants.has(device.entry)) {
      plants.set(device.entry, new Plant(device.entry));
    }
    const plant = plants.get(device.entry);
    if (device.isPlant) {
      plant.total = device;
    } else {
      plant.devices.push(device);
    }
  }
  const depths = new Map([...devices.keys()].map((id) => [id, depth(id, hass)]));
  for (const plant of plants.values()) {
    plant.devices.sort(compare(depths));
  }
  return [...plants.values()].sort(byName);
}
