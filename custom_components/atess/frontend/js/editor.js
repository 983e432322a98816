// The visual editor of the dashboard's options.
import { VIEW_NAMES, title } from "./generator.js";
import { loadTexts } from "./texts.js";

const OPTIONS = { show_settings: true, show_energy: true };

function schema(texts) {
  const options = VIEW_NAMES.map((name) => ({ value: name, label: title(texts, name) }));
  return [
    { name: "devices", selector: { device: { multiple: true, filter: { integration: "atess" } } } },
    { name: "views", selector: { select: { multiple: true, mode: "list", options } } },
    { name: "show_settings", selector: { boolean: {} } },
    { name: "show_energy", selector: { boolean: {} } },
  ];
}

/** Leave out what is as it is without being said, so that the stored configuration stays short. */
function trimmed(config) {
  return Object.fromEntries(
    Object.entries(config).filter(
      ([name, value]) => !(Array.isArray(value) && !value.length) && !(name in OPTIONS && value === OPTIONS[name]),
    ),
  );
}

/** Have Home Assistant load its form, which it does with the first editor of a card. */
async function loadForm() {
  if (!customElements.get("ha-form")) {
    const helpers = await window.loadCardHelpers();
    const card = await helpers.createCardElement({ type: "button", tap_action: { action: "none" } });
    await card.constructor.getConfigElement?.();
  }
}

export class DashboardEditor extends HTMLElement {
  set hass(hass) {
    this._hass = hass;
    if (this._form) {
      this._form.hass = hass;
    } else {
      this._build();
    }
  }

  setConfig(config) {
    this._config = config;
    this._fill();
  }

  async _build() {
    this._form = document.createElement("ha-form");
    const [texts] = await Promise.all([loadTexts(this._hass), loadForm()]);
    this._form.computeLabel = ({ name }) => texts[`option_${name}`];
    this._form.computeHelper = ({ name }) => texts[`option_${name}_help`];
    this._form.schema = schema(texts);
    this._form.hass = this._hass;
    this._form.addEventListener("value-changed", (event) => {
      event.stopPropagation();
      const config = trimmed({ ...this._config, ...event.detail.value });
      this.dispatchEvent(new CustomEvent("config-changed", { detail: { config }, bubbles: true, composed: true }));
    });
    this._fill();
    this.append(this._form);
  }

  _fill() {
    if (this._form && this._config) {
      const { devices = [], views = [] } = this._config;
      this._form.data = { ...OPTIONS, ...this._config, devices, views };
    }
  }
}
