// @ts-check
import { languageOf, say } from "./languages.js";
import { keepSetting, setting } from "./settings.js";

/** The language of the page, and everything in it that stands there from the beginning. */
export class Words {
  constructor() {
    this.language = languageOf([setting("language", ""), ...navigator.languages]);
  }

  /** @param {import("./languages.js").Key} key @param {Record<string, unknown>} [fields] */
  say(key, fields) {
    return say(this.language, key, fields);
  }

  /** @param {string} language */
  choose(language) {
    this.language = languageOf([language]);
    keepSetting("language", this.language);
  }

  draw() {
    document.documentElement.lang = this.language;
    const text = (/** @type {string | undefined} */ key) => this.say(/** @type {import("./languages.js").Key} */ (key));
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-text]")))
      node.textContent = text(node.dataset.text);
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-label]"))) {
      node.setAttribute("aria-label", text(node.dataset.label));
      if (node instanceof HTMLButtonElement) node.title = text(node.dataset.label);
    }
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-title]")))
      node.title = text(node.dataset.title);
    for (const node of /** @type {NodeListOf<HTMLTextAreaElement>} */ (document.querySelectorAll("[data-placeholder]")))
      node.placeholder = text(node.dataset.placeholder);
  }
}
