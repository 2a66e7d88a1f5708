// @ts-check
import * as api from "./api.js";
import { asked, closable } from "./dialogs.js";
import { byId, element, icon } from "./dom.js";
import { plainText } from "./markdown.js";
import { when } from "./units.js";

/** The conversations at the side: opened, named, and forgotten. */
export class List {
  /**
   * @param {(key: import("./languages.js").Key, fields?: Record<string, unknown>) => string} say @param {() => string} language
   * @param {{open: (id: string) => void, gone: (id: string) => void, failed: (error: unknown) => void}} actions
   */
  constructor(say, language, actions) {
    this._say = say;
    this._language = language;
    this._actions = actions;
    this._root = byId("list", HTMLUListElement);
    this._rename = byId("rename", HTMLDialogElement);
    this._delete = byId("delete", HTMLDialogElement);
    this._field = byId("rename-field", HTMLInputElement);
    /** @type {api.Listed[]} */
    this.all = [];
    this.current = "";
    closable(this._rename);
    closable(this._delete);
  }

  async load() {
    this.all = await api.conversations();
    this.draw();
  }

  /** @param {api.Listed} listed */
  add(listed) {
    this.all = [listed, ...this.all.filter((one) => one.id !== listed.id)];
    this.draw();
  }

  /** A conversation without a name goes by what is said first. @param {string} id @param {string} message */
  begin(id, message) {
    this.all = this.all.map((one) => (one.id === id && !one.title ? { ...one, title: message } : one));
    this.draw();
  }

  /** What a conversation is called. @param {string} id */
  titleOf(id) {
    const title = this.all.find((one) => one.id === id)?.title ?? "";
    return plainText(title).replace(/\s+/g, " ").trim() || this._say("untitled");
  }

  /** The one that was opened is this. @param {string} id */
  choose(id) {
    this.current = id;
    this.draw();
  }

  draw() {
    const focused = document.activeElement;
    const id = focused?.closest("li")?.dataset.id;
    const control = ["rename", "delete"].find((name) => focused?.classList.contains(name));
    this._root.replaceChildren(...this.all.map((one) => this._entry(one)));
    if (id) this._focus(id, control);
  }

  /** @param {string} id @param {string} [control] */
  _focus(id, control) {
    const entry = this._root.querySelector(`li[data-id="${CSS.escape(id)}"]`);
    const named = (/** @type {string} */ name) => /** @type {HTMLElement | null} */ (entry?.querySelector(`.${name}`));
    named("open")?.focus(); // which shows the others
    if (control) named(control)?.focus();
  }

  /** @param {api.Listed} listed */
  _entry({ id, last }) {
    const title = this.titleOf(id);
    const open = element(
      "button",
      { type: "button", class: "open", "aria-current": id === this.current ? "true" : undefined, title },
      element("span", { class: "name", dir: "auto" }, title),
      element("time", { datetime: last }, when(last, this._language())),
    );
    open.addEventListener("click", () => this._actions.open(id));
    const entry = element(
      "li",
      { "data-id": id },
      open,
      this._tool("rename", "pen", title, () => void this._renamed(id)),
      this._tool("delete", "bin", title, () => void this._deleted(id)),
    );
    if (id === this.current) entry.classList.add("current");
    return entry;
  }

  /** @param {"rename" | "delete"} key @param {"pen" | "bin"} name @param {string} title @param {() => void} act */
  _tool(key, name, title, act) {
    const label = `${this._say(key)}: ${title}`;
    const button = element(
      "button",
      { type: "button", class: `quiet tool ${key}`, "aria-label": label, title: this._say(key) },
      icon(name),
    );
    button.addEventListener("click", act);
    return button;
  }

  /** @param {string} id */
  async _renamed(id) {
    this._field.value = this.titleOf(id);
    this._field.select();
    const isYes = await asked(this._rename);
    const title = this._field.value.trim();
    if (!isYes || !title) return;
    try {
      const listed = await api.rename(id, title);
      this.all = this.all.map((one) => (one.id === id ? listed : one));
      this.draw();
      this._actions.open(this.current);
    } catch (error) {
      this._actions.failed(error);
    }
  }

  /** @param {string} id */
  async _deleted(id) {
    byId("delete-body", HTMLParagraphElement).textContent = this._say("delete_body", { title: this.titleOf(id) });
    if (!(await asked(this._delete))) return;
    try {
      await api.remove(id);
      const place = this.all.findIndex((one) => one.id === id);
      this.all = this.all.filter((one) => one.id !== id);
      this.draw();
      const next = this.all[Math.min(place, this.all.length - 1)];
      if (next) this._focus(next.id);
      this._actions.gone(id);
    } catch (error) {
      this._actions.failed(error);
    }
  }
}
