// Brings the texts of the views in the user's language; what entities are called comes from Home Assistant.
import en from "./texts/en.js";

export const LANGUAGES = ["de", "en", "es", "fr", "it", "nl", "pl", "pt-BR", "th", "vi", "zh-Hans"];

/** Return the language to use for a language of Home Assistant. */
function nearest(language = "en") {
  const base = language.split("-")[0];
  const same = LANGUAGES.includes(language) ? language : LANGUAGES.find((each) => each === base);
  return same ?? (base === "pt" ? "pt-BR" : "en");
}

/** Return the texts in the language of the user, in English where that is missing. */
export async function loadTexts(hass) {
  const language = nearest(hass.locale?.language ?? hass.language);
  if (language === "en") {
    return en;
  }
  const { default: texts } = await import(`./texts/${language}.js`);
  return { ...en, ...texts };
}
