// Defines the elements of the ATESS dashboard at once; what makes its views is loaded when a view is opened.
const NAME = "atess";
const EDITOR = "atess-dashboard-editor";
const DOCUMENTATION =
  "https://github.com/atess-home-assistant/atess-home-assistant/blob/main/docs/dashboard.md";

// What the dialog "Add dashboard" says, and what is shown if the rest cannot be loaded.
const WORDS = {
  en: ["Solar, battery, grid, and settings of your ATESS system.", "The dashboard could not be loaded. Reload the page."],
  de: ["PV, Batterie, Netz und Einstellungen deiner ATESS-Anlage.", "Das Dashboard konnte nicht geladen werden. Lade die Seite neu."],
  es: ["Solar, batería, red y ajustes de tu sistema ATESS.", "No se ha podido cargar el panel. Vuelve a cargar la página."],
  fr: ["Solaire, batterie, réseau et paramètres de votre système ATESS.", "Le tableau de bord n’a pas pu être chargé. Rechargez la page."],
  it: ["Solare, batteria, rete e impostazioni del tuo sistema ATESS.", "Impossibile caricare la plancia. Ricarica la pagina."],
  nl: ["Zon, batterij, net en instellingen van je ATESS-systeem.", "Het dashboard kon niet worden geladen. Herlaad de pagina."],
  pl: ["Fotowoltaika, bateria, sieć i ustawienia systemu ATESS.", "Nie udało się wczytać pulpitu. Odśwież stronę."],
  pt: ["Solar, bateria, rede e configurações do seu sistema ATESS.", "Não foi possível carregar o painel. Recarregue a página."],
  th: ["โซลาร์ แบตเตอรี่ โครงข่ายไฟฟ้า และการตั้งค่าของระบบ ATESS", "โหลดแดชบอร์ดไม่ได้ โปรดโหลดหน้านี้ใหม่"],
  vi: ["Điện mặt trời, pin, lưới điện và cài đặt của hệ thống ATESS.", "Không thể tải bảng điều khiển. Hãy tải lại trang."],
  "zh-Hans": ["ATESS 系统的光伏、电池、电网和设置。", "无法加载仪表盘。请重新加载页面。"],
};

function words(language) {
  return WORDS[language] ?? WORDS[language?.split("-")[0]] ?? WORDS.en;
}

/** Return what of the registries the dashboard is made of, to see whether it has to be made anew. */
function fingerprint(hass) {
  const parts = [hass.locale?.language ?? hass.language];
  const devices = new Set();
  for (const entity of Object.values(hass.entities)) {
    if (entity.platform === NAME) {
      devices.add(entity.device_id);
      parts.push(entity.entity_id, entity.device_id, entity.name, entity.hidden, entity.entity_category);
    }
  }
  for (const id of devices) {
    const device = hass.devices[id];
    parts.push(device?.name_by_user ?? device?.name, device?.via_device_id);
  }
  return parts.join("|");
}

function shouldRegenerate(config, before, now) {
  const same = ["entities", "devices", "locale"].every((part) => before[part] === now[part]);
  return !same && fingerprint(before) !== fingerprint(now);
}

async function generated(what, config, hass, instead) {
  let generator;
  try {
    generator = await import("./generator.js");
  } catch (error) {
    console.error("ATESS dashboard:", error);
    const content = words(hass.locale?.language ?? hass.language)[1];
    return instead({ cards: [{ type: "markdown", content }] });
  }
  return generator[what](config, hass);
}

const ELEMENTS = {
  [`ll-strategy-dashboard-${NAME}`]: () =>
    class extends HTMLElement {
      static generate(config, hass) {
        return generated("dashboard", config, hass, (view) => ({ views: [{ title: "ATESS", ...view }] }));
      }

      static shouldRegenerate = shouldRegenerate;

      static getCreateSuggestions() {
        return { title: "ATESS", icon: "mdi:home-battery" };
      }

      static async getConfigElement() {
        const { DashboardEditor } = await import("./editor.js");
        if (!customElements.get(EDITOR)) {
          customElements.define(EDITOR, DashboardEditor);
        }
        return document.createElement(EDITOR);
      }
    },
  [`ll-strategy-view-${NAME}`]: () =>
    class extends HTMLElement {
      static generate(config, hass) {
        return generated("view", config, hass, (view) => view);
      }

      static shouldRegenerate = shouldRegenerate;
    },
};

// Home Assistant may replace the registry of elements while it starts; what was defined before is gone then.
function define() {
  for (const [tag, element] of Object.entries(ELEMENTS)) {
    if (!customElements.get(tag)) {
      customElements.define(tag, element());
    }
  }
}

define();
setTimeout(define, 500);
setTimeout(define, 3000);

window.customStrategies ??= [];
if (!window.customStrategies.some((each) => each.type === NAME && each.strategyType === "dashboard")) {
  window.customStrategies.push({
    type: NAME,
    strategyType: "dashboard",
    name: "ATESS",
    description: words(document.documentElement.lang)[0],
    documentationURL: DOCUMENTATION,
  });
}
