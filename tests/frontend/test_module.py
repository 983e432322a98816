"""The module that the frontend loads, and the texts: what only a browser can tell of them."""

from typing import Any

from .common import run

LANGUAGES = ["de", "en", "es", "fr", "it", "nl", "pl", "pt-BR", "th", "vi", "zh-Hans"]
# Texts that are the same word in English.
SAME = {
    "Status",
    "Total",
    "Maximum",
    "Minimum",
    "Solar",
    "Charge",
    "PV",
    "Diagnostic",
}
HASS = """
const hass = (entities, more = {}) => ({
  entities: Object.fromEntries(entities.map((each) => [each.entity_id, each])),
  devices: { one: { id: "one", name: "Inverter" } },
  locale: { language: "en" },
  ...more,
});
const entity = (id, more = {}) => ({
  entity_id: `sensor.${id}`, platform: "atess", device_id: "one", translation_key: id, name: id, ...more,
});
"""


def test_it_registers_once() -> None:
    """Loaded as a resource and as an extra module, it is listed once and breaks nothing."""
    answer = run("""
        document.documentElement.lang = "de";
        await import("/js/atess.js");
        await import("/js/atess.js?again");
        return {
          listed: window.customStrategies,
          defined: ["dashboard", "view"].map((each) => !!customElements.get(`ll-strategy-${each}-atess`)),
          suggested: customElements.get("ll-strategy-dashboard-atess").getCreateSuggestions(),
        };
    """)
    [listed] = answer["listed"]
    assert (listed["type"], listed["strategyType"], listed["name"]) == ("atess", "dashboard", "ATESS")
    assert "Batterie" in listed["description"]
    assert answer["defined"] == [True, True]
    assert answer["suggested"] == {"title": "ATESS", "icon": "mdi:home-battery"}


def test_it_defines_its_elements_again() -> None:
    """The frontend replaces the registry of elements while it starts, and forgets with it what was defined."""
    defined = run("""
        await import("/js/atess.js");
        const later = new Map();
        const registry = { get: (tag) => later.get(tag), define: (tag, element) => later.set(tag, element) };
        Object.defineProperty(window, "customElements", { value: registry, configurable: true });
        await new Promise((resolve) => setTimeout(resolve, 700));
        const soon = [...later.keys()];
        later.clear();
        await new Promise((resolve) => setTimeout(resolve, 2600));
        return { soon, late: [...later.keys()] };
    """)
    tags = ["ll-strategy-dashboard-atess", "ll-strategy-view-atess"]
    assert defined == {"soon": tags, "late": tags}


def test_it_follows_the_registries() -> None:
    """Views are made anew when our entities, devices, or the language change; not for states or for others."""
    answer = run(
        HASS
        + """
        await import("/js/atess.js");
        const strategy = customElements.get("ll-strategy-dashboard-atess");
        const before = hass([entity("a")], { states: {} });
        const other = { entity_id: "sensor.x", platform: "other", device_id: "two", name: "X" };
        const cases = {
          states: { ...before, states: { "sensor.a": {} } },
          same: hass([entity("a")]),
          other: hass([entity("a"), other]),
          added: hass([entity("a"), entity("b")]),
          hidden: hass([entity("a", { hidden: true })]),
          renamed: hass([entity("a", { name: "New" })]),
          device: { ...before, devices: { one: { id: "one", name_by_user: "Cellar" } } },
          language: { ...before, locale: { language: "de" } },
        };
        return Object.fromEntries(
          Object.entries(cases).map(([name, now]) => [name, strategy.shouldRegenerate({}, before, now)]),
        );
    """
    )
    again = {name for name, made in answer.items() if made}
    assert again == {"added", "hidden", "renamed", "device", "language"}


def test_it_says_so_when_the_rest_is_gone() -> None:
    """A page that was open over an update of the integration asks to be reloaded."""
    views = run(
        HASS
        + """
        const text = await (await fetch("/js/atess.js")).text();
        const file = text.replaceAll('"./generator.js"', '"/js/of-an-old-version.js"');
        await import(URL.createObjectURL(new Blob([file], { type: "text/javascript" })));
        const element = (each) => customElements.get(`ll-strategy-${each}-atess`);
        const home = hass([entity("a")], { locale: { language: "pl" } });
        const dashboard = await element("dashboard").generate({}, home);
        return [dashboard.views[0], await element("view").generate({}, home)];
    """
    )
    for view in views:
        [card] = view["cards"]
        assert card["type"] == "markdown"
        assert "Odśwież" in card["content"]


def test_editor_stores_what_differs() -> None:
    """What is as without an option is not stored, and nothing under the name that Home Assistant takes apart."""
    stored = run(
        HASS
        + """
        customElements.define("ha-form", class extends HTMLElement {});
        await import("/js/atess.js");
        const editor = await customElements.get("ll-strategy-dashboard-atess").getConfigElement();
        editor.setConfig({ type: "custom:atess", views: ["solar"] });
        editor.hass = hass([entity("a")]);
        while (!editor.firstChild) await new Promise((resolve) => setTimeout(resolve, 10));
        const form = editor.firstChild;
        const changes = [];
        editor.addEventListener("config-changed", (event) => changes.push(event.detail.config));
        const change = (value) => form.dispatchEvent(
          new CustomEvent("value-changed", { detail: { value: { ...form.data, ...value } } }),
        );
        change({ show_settings: false, devices: ["one"] });
        change({ views: [], show_energy: true });
        const labels = form.schema.map((each) => form.computeLabel(each));
        return { changes, labels, shown: form.data };
    """
    )
    assert stored["changes"] == [
        {"type": "custom:atess", "views": ["solar"], "show_settings": False, "devices": ["one"]},
        {"type": "custom:atess"},
    ]
    assert stored["labels"] == ["Devices", "Views", "Show settings", "Show the Energy dashboard"]
    assert stored["shown"]["show_energy"] is True


def test_languages() -> None:
    """Every language has every text, none left in English, and the nearest language is found."""
    answer: dict[str, Any] = run(
        """
        const { LANGUAGES, loadTexts } = await import("/js/texts.js");
        const texts = {};
        for (const each of LANGUAGES) texts[each] = (await import(`/js/texts/${each}.js`)).default;
        const nearest = {};
        for (const each of task) nearest[each] = (await loadTexts({ language: each })).overview;
        return { texts, nearest };
    """,
        ["de", "de-CH", "pt", "pt-BR", "zh-Hans", "zh-Hant", "sv", "en-GB"],
    )
    texts = answer["texts"]
    assert sorted(texts) == LANGUAGES
    english = texts["en"]
    for language, own in texts.items():
        assert list(own) == list(english), language
        assert all(text.strip() for text in own.values())
        left = {key for key, text in own.items() if language != "en" and text == english[key]}
        assert {english[key] for key in left} <= SAME, language
    by_language = {language: own["overview"] for language, own in texts.items()}
    assert answer["nearest"] == {
        "de": by_language["de"],
        "de-CH": by_language["de"],
        "pt": by_language["pt-BR"],
        "pt-BR": by_language["pt-BR"],
        "zh-Hans": by_language["zh-Hans"],
        "zh-Hant": by_language["en"],
        "sv": by_language["en"],
        "en-GB": by_language["en"],
    }
