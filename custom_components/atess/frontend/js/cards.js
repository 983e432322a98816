// Makes cards of Home Assistant's own types, and the pages that hold them.

// The width that a name has in a tile of half the narrowest section, in CSS pixels.
const HALF_TILE = 88;
const FONT = "500 14px Roboto, Noto, sans-serif";
// What these show is longer than a number.
const WORDY = new Set([
  "battery_control",
  "battery_status",
  "fault",
  "last_data",
  "mode",
  "operating_mode",
  "operating_state",
  "settings_change",
]);
const COLORS = [
  [/^pv/, "orange"],
  [/^(battery|cell)/, "teal"],
  [/^grid/, "blue"],
  [/^load/, "indigo"],
];

export const ICONS = {
  produced: "mdi:solar-power",
  used: "mdi:home-lightning-bolt",
  charged: "mdi:battery-arrow-up",
  discharged: "mdi:battery-arrow-down",
  imported: "mdi:transmission-tower-export",
  exported: "mdi:transmission-tower-import",
};

let context;

function width(text) {
  context ??= document.createElement("canvas").getContext("2d");
  context.font = FONT;
  return context.measureText(text).width;
}

function color(key) {
  return COLORS.find(([pattern]) => pattern.test(key))?.[1];
}

export function navigate(path) {
  return { action: "navigate", navigation_path: path };
}

export function heading(text, icon, more = {}) {
  return { type: "heading", heading: text, ...(icon && { icon }), ...more };
}

/** Return the heading of a device, which leads to its page. */
export function deviceHeading(device, icon) {
  return heading(device.name, icon, { tap_action: navigate(`/config/devices/device/${device.id}`) });
}

export function subtitle(text, icon) {
  return heading(text, icon, { heading_style: "subtitle" });
}

/**
 * The cards of a section. An entity has one place on a page: what the page shows already is left out.
 */
class Cards {
  constructor(used) {
    this.used = used;
    this.list = [];
  }

  /** Add a card that is no entity's place, such as a graph. */
  add(...cards) {
    this.list.push(...cards);
  }

  /** Take the entities that are not shown yet. */
  take(entities) {
    const free = entities.filter((entity) => entity && !this.used.has(entity.entity_id));
    free.forEach((entity) => this.used.add(entity.entity_id));
    return free;
  }

  /**
   * Add tiles, two in a row where both names fit into a phone's half.
   *
   * Each item is an entity, or an object with an entity, a label that replaces its name, and further options.
   */
  tiles(items, title) {
    const wanted = items.filter(Boolean).map((item) => (item.entity_id ? { entity: item } : item));
    const cards = [];
    for (const { entity, label, options } of wanted) {
      if (this.take([entity]).length) {
        cards.push({ card: tile(entity, label, options), half: !WORDY.has(entity.key) && fits(entity, label) });
      }
    }
    if (cards.length && title) {
      this.add(title);
    }
    this.add(...arrange(cards));
  }

  /** Add a card of small values side by side. */
  glance(items, title) {
    const entities = items
      .filter(({ entity }) => this.take([entity]).length)
      .map(({ entity, label }) => ({ entity: entity.entity_id, name: label }));
    if (entities.length) {
      this.add(title, {
        type: "glance",
        entities,
        columns: Math.min(entities.length, entities.length === 4 ? 2 : 3),
        show_icon: false,
        grid_options: FULL,
      });
    }
  }
}

export const FULL = { columns: "full" };

function tile(entity, label, options = {}) {
  const own = options.color ?? color(entity.key);
  return {
    type: "tile",
    entity: entity.entity_id,
    name: label ?? { type: "entity" },
    ...(own && { color: own }),
    ...(entity.domain === "button" && { hide_state: true, tap_action: { action: "toggle" } }),
    ...options,
  };
}

function fits(entity, label) {
  const name = typeof label === "string" ? label : label ? undefined : entity.name;
  return name !== undefined && width(name ?? "") <= HALF_TILE;
}

function arrange(cards) {
  const done = [];
  for (let index = 0; index < cards.length; index += 1) {
    const pair = cards[index].half && cards[index + 1]?.half;
    if (pair) {
      done.push(cards[index].card, cards[index + 1].card);
      index += 1;
    } else {
      done.push({ ...cards[index].card, grid_options: FULL });
    }
  }
  return done;
}

/** A page: its sections, and the entities that have their place. */
export class Page {
  constructor() {
    this.used = new Set();
    this.sections = [];
  }

  /** Add a section with a heading; none if nothing gets into it. */
  section(title, fill, more = {}) {
    const cards = new Cards(this.used);
    fill(cards);
    if (cards.list.length) {
      this.sections.push({ type: "grid", cards: [title, ...cards.list], ...more });
    }
  }

  view() {
    return { type: "sections", max_columns: 4, dense_section_placement: true, sections: this.sections };
  }
}

/** Return the entities that a list of keys names on a device, in its order. */
export function pick(device, keys) {
  return keys.map((key) => (key.includes(".") ? device.find(...key.split(".").reverse()) : device.find(key)));
}

/** Return items of entities that are named by a short text, which the section explains; pairs of key and text. */
export function named(device, pairs, texts, options) {
  return pairs.flatMap(([key, name]) => {
    const entity = device.find(key);
    return entity ? [{ entity, label: texts[name], options }] : [];
  });
}

/** Return the main values of a device whose key begins so. */
export function main(device, pattern) {
  return device.entities.filter(
    ({ key, domain, entity_category: category }) => !category && domain === "sensor" && pattern.test(key),
  );
}

/** Add what each counter says of today and of its whole life; pairs of key and text. */
export function energies(device, pairs, texts, cards) {
  for (const [key, name] of pairs) {
    const spans = ["today", "total"].map((span) => [`${key}_${span}`, span]);
    cards.tiles(named(device, spans, texts), subtitle(texts[name], ICONS[name]));
  }
}

/** Add a graph of the last day, drawn of items. */
export function lastDay(items, title, cards) {
  if (items.length) {
    cards.add(subtitle(title, "mdi:chart-line"), {
      type: "history-graph",
      hours_to_show: 24,
      entities: lines(items),
      grid_options: FULL,
    });
  }
}

/** Add a graph of what counters rose by on each of the last days, drawn of items. */
export function perDay(items, texts, cards) {
  if (items.length) {
    cards.add(subtitle(texts.per_day, "mdi:chart-bar"), {
      type: "statistics-graph",
      entities: lines(items),
      stat_types: ["change"],
      period: "day",
      days_to_show: 14,
      chart_type: "bar",
      hide_legend: items.length === 1,
      grid_options: FULL,
    });
  }
}

function lines(items) {
  return items.map(({ entity, label }) => ({ entity: entity.entity_id, ...(label && { name: label }) }));
}
