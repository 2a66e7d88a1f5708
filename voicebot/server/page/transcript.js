// @ts-check
import { element, icon } from "./dom.js";
import { languageOfText } from "./languages.js";
import { Lit } from "./lit.js";
import { plainText } from "./markdown.js";
import { Reply } from "./render.js";
import { trimmed } from "./timeline.js";
import { shortSeconds } from "./units.js";

/**
 * What was said, drawn: it is changed once a frame at most, however fast a model writes.
 *
 * @typedef {import("./turns.js").Turn} Turn
 * @typedef {import("./timeline.js").Range} Place
 * @typedef {{article: HTMLElement, message: HTMLElement, reply: HTMLElement, text: Reply, state: HTMLElement, tools: HTMLElement, figures: HTMLElement, front: Range | undefined}} Shown
 *   front: what the voice has come to in the reply
 * @typedef {(key: import("./languages.js").Key, fields?: Record<string, unknown>) => string} Say
 */
const NEAR = 80;
/** How high in the view what is being said stands when the reply is longer than that. */
const HEIGHT_OF_VOICE = 1 / 3;

export class Transcript {
  /**
   * @param {HTMLElement} scroller @param {HTMLElement} root @param {Say} say @param {() => string} language
   * @param {{replay: (turn: string, range: Place | null) => void, copy: (turn: string) => void, click: (turn: string) => void}} actions
   */
  constructor(scroller, root, say, language, actions) {
    this._scroller = scroller;
    this._scroller.tabIndex = 0; // so that the keyboard scrolls it
    this._root = root;
    this._say = say;
    this._language = language;
    this._actions = actions;
    this._lit = new Lit();
    /** @type {Map<string, Shown>} */
    this._shown = new Map();
    /** @type {Map<string, Turn>} */
    this._changed = new Map();
    /** @type {Map<string, Place>} */
    this._spoken = new Map();
    /** @type {"voice" | "end" | null} */
    this._follows = "voice";
    this._frame = 0;
    scroller.addEventListener("scroll", () => this._scrolled(), { passive: true });
    new ResizeObserver(() => this._scroll()).observe(scroller); // a keyboard on the screen came up, say
  }

  /** Draw these turns and no others. @param {Turn[]} turns */
  reset(turns) {
    const kept = new Set(turns.map((turn) => turn.id));
    for (const [id, { article }] of this._shown) {
      if (kept.has(id)) continue;
      article.remove();
      this._shown.delete(id);
      for (const mark of /** @type {const} */ (["spoken", "ahead", "unsaid"])) this._lit.set(mark, id, []);
    }
    for (const turn of turns) this.change(turn);
  }

  /** Draw everything anew, as in another language. @param {Turn[]} turns */
  redraw(turns) {
    this.reset([]);
    this.reset(turns);
  }

  /** @param {Turn} turn */
  change(turn) {
    this._changed.set(turn.id, turn);
    this._frame ||= requestAnimationFrame(() => this.draw());
  }

  /** Light what is being said of a turn; nothing for null. @param {Turn} turn @param {Place | null} place */
  light(turn, place) {
    const before = this._spoken.get(turn.id);
    if (before?.start === place?.start && before?.end === place?.end) return;
    if (place) this._spoken.set(turn.id, place);
    else this._spoken.delete(turn.id);
    this.change(turn);
  }

  /** Go where the voice is, and stay with it. */
  follow() {
    this._follows = "voice";
    this._scroll();
  }

  draw() {
    this._frame = 0;
    for (const turn of this._changed.values()) this._drawTurn(turn);
    this._changed.clear();
    this._scroll();
  }

  _scroll() {
    if (this._follows) this._scroller.scrollTop = this._follows === "voice" ? this._voice : this._end;
  }

  /** Follow what the person has scrolled to. */
  _scrolled() {
    const isNear = (/** @type {number} */ place) => Math.abs(this._scroller.scrollTop - place) < NEAR;
    this._follows = isNear(this._voice) ? "voice" : isNear(this._end) ? "end" : null;
  }

  get _end() {
    return this._scroller.scrollHeight - this._scroller.clientHeight;
  }

  /** The end too, unless what is being said would leave the view. */
  get _voice() {
    const newest = this._root.lastElementChild;
    const shown = newest instanceof HTMLElement ? this._shown.get(newest.dataset.turn ?? "") : undefined;
    return shown?.front ? Math.min(this._end, this._placeOf(shown.front)) : this._end;
  }

  /** Where to scroll to for a part of the text to stand where what is said does. @param {Range} range */
  _placeOf(range) {
    const below = range.getBoundingClientRect().top - this._scroller.getBoundingClientRect().top;
    return Math.max(0, this._scroller.scrollTop + below - HEIGHT_OF_VOICE * this._scroller.clientHeight);
  }

  /** Bring what is said again into sight. @param {Range} range */
  _reveal(range) {
    const { top, bottom } = range.getBoundingClientRect();
    const view = this._scroller.getBoundingClientRect();
    if (top >= view.top && bottom <= view.bottom) return;
    this._follows = null;
    this._scroller.scrollTop = this._placeOf(range);
  }

  /** @param {Turn} turn */
  _drawTurn(turn) {
    const shown = this._shown.get(turn.id) ?? this._add(turn);
    const { article, message, reply, text, state, figures, tools } = shown;
    article.dataset.state = turn.state;
    article.toggleAttribute("data-heard", turn.state === "running" || this._spoken.has(turn.id));
    message.textContent = plainText(turn.message);
    message.parentElement?.toggleAttribute("hidden", !turn.message);
    setLanguage(message, turn.message);
    setLanguage(reply, turn.reply);
    text.show(turn.reply);
    this._drawMarks(turn, shown);
    this._drawState(turn, state);
    figures.textContent = turn.metrics?.ttfa
      ? `${this._say("figure_ttfa")} ${shortSeconds(turn.metrics.ttfa, this._language())}`
      : "";
    tools.toggleAttribute("hidden", turn.state === "running" || turn.state === "waiting" || !turn.reply);
  }

  /** @param {Turn} turn @param {Shown} shown */
  _drawMarks(turn, shown) {
    const { text } = shown;
    const running = turn.state === "running";
    const place = this._spoken.get(turn.id);
    const spoken = place ? trimmed(turn.reply, place) : null;
    const from = Math.max(turn.heard, spoken?.end ?? 0);
    const lit = spoken ? text.ranges(spoken.start, spoken.end) : [];
    const isCut = turn.state === "interrupted" || turn.state === "failed";
    const ahead = running ? text.ranges(from, turn.reply.length) : [];
    const unsaid = isCut ? text.ranges(turn.heard, turn.reply.length) : [];
    shown.front = running ? (lit[0] ?? ahead[0]) : unsaid[0];
    if (!running && lit.length) this._reveal(lit[0]);
    this._lit.set("spoken", turn.id, lit);
    this._lit.set("ahead", turn.id, ahead);
    this._lit.set("unsaid", turn.id, unsaid);
  }

  /** @param {Turn} turn @param {HTMLElement} state */
  _drawState(turn, state) {
    state.className = "state";
    /** @type {(Node | string)[]} */
    const said = [];
    if (turn.state === "waiting") said.push(this._say("waiting", { position: turn.position }));
    else if (turn.state === "running" && !turn.reply) {
      const tool = turn.tools.findLast((one) => !one.answered);
      said.push(
        tool ? this._say("tool", { name: plainText(tool.name) }) : this._say("thinking"),
        element("span", { class: "dots", "aria-hidden": "true" }),
      );
    } else if (turn.state === "interrupted") said.push(this._say("interrupted"));
    else if (turn.state === "failed") {
      state.classList.add("bad");
      said.push([this._say("failed"), plainText(turn.error), plainText(turn.hint)].filter(Boolean).join(" · "));
    }
    for (const warning of turn.warnings) said.push(element("span", { class: "warning" }, plainText(warning.message)));
    state.replaceChildren(...said);
    state.toggleAttribute("hidden", !said.length);
  }

  /** @param {Turn} turn @returns {Shown} */
  _add(turn) {
    const label = (/** @type {import("./languages.js").Key} */ key) =>
      element("span", { class: "unseen", role: "heading", "aria-level": 2 }, this._say(key));
    const message = element("span", { class: "words", dir: "auto" });
    const reply = element("div", { class: "reply" });
    reply.addEventListener("click", (event) => {
      if (isOnText(event)) this._actions.click(turn.id);
    });
    const state = element("p", { class: "state" });
    const figures = element("span", { class: "figures" });
    const tools = element(
      "div",
      { class: "tools" },
      this._tool("replay_all", "play", () => {
        this._actions.replay(turn.id, null);
      }),
      this._tool("copy", "copy", () => this._actions.copy(turn.id)),
      figures,
    );
    const article = element(
      "article",
      { class: "turn", "data-turn": turn.id },
      element("p", { class: "message" }, label("you"), message),
      label("reply"),
      reply,
      state,
      tools,
    );
    const text = new Reply(
      reply,
      (range) => this._actions.replay(turn.id, range),
      () => this._say("replay"),
    );
    const shown = { article, message, reply, text, state, tools, figures, front: undefined };
    this._shown.set(turn.id, shown);
    this._root.append(article);
    return shown;
  }

  /** @param {import("./languages.js").Key} key @param {"play" | "copy"} name @param {() => void} act */
  _tool(key, name, act) {
    const button = element(
      "button",
      { type: "button", class: "quiet", "aria-label": this._say(key), title: this._say(key) },
      icon(name),
    );
    button.addEventListener("click", act);
    return button;
  }
}

/** Whether it was neither on a button, nor the end of selecting. @param {MouseEvent} event */
function isOnText({ target }) {
  return !(target instanceof Element && target.closest("button")) && Boolean(getSelection()?.isCollapsed);
}

/** @param {HTMLElement} node @param {string} text */
function setLanguage(node, text) {
  const language = languageOfText(text);
  if (language) node.lang = language;
  else node.removeAttribute("lang");
}
