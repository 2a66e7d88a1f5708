// @ts-check
import { Announcer } from "./announcer.js";
import * as api from "./api.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Inside } from "./debug.js";
import { closable } from "./dialogs.js";
import { byId, copyText, element, showControl } from "./dom.js";
import { refusalKey } from "./languages.js";
import { List } from "./list.js";
import { askForToken, takeLaunchToken } from "./login.js";
import { plainText } from "./markdown.js";
import { keepSetting, setting } from "./settings.js";
import { Sound } from "./sound.js";
import { SoundBar } from "./sound_bar.js";
import { Transcript } from "./transcript.js";
import { VoicePicker } from "./voices.js";
import { Words } from "./words.js";

/** @typedef {import("./languages.js").Key} Key */

const words = new Words();
/** @type {(key: Key, fields?: Record<string, unknown>) => string} */
const say = (key, fields) => words.say(key, fields);
const language = () => words.language;

const sound = new Sound();
const debug = byId("debug", HTMLElement);
/** @type {Conversation | null} */
let conversation = null;

const transcript = new Transcript(byId("scroller", HTMLDivElement), byId("log", HTMLDivElement), say, language, {
  replay: (turn, range) => void replay(turn, range),
  click: (turn) => {
    if (conversation?.speaking === turn) interrupt();
  },
  copy: (turn) => void copy(turn),
});
const list = new List(say, language, { open: (id) => open(id), gone: (id) => void gone(id), failed: complain });
const inside = new Inside(debug, say, language, sound);
const announcer = new Announcer(byId("announced", HTMLParagraphElement));
const soundBar = new SoundBar(sound, say, (listens) => conversation?.listen(listens));
const voices = new VoicePicker(say, (voice, speed) => conversation?.choose(voice, speed));
const composer = new Composer((text) => ask(text));

// ---------------------------------------------------------------- what a person does

/** @param {string} text */
function ask(text) {
  if (!conversation) return false;
  void soundBar.start();
  transcript.follow();
  const isSent = conversation.ask(text);
  if (!isSent) drawConnection();
  return isSent;
}

function interrupt() {
  conversation?.interrupt();
  drawControls();
}

/** @param {string} turn @param {{start: number, end: number} | null} range */
async function replay(turn, range) {
  await soundBar.start();
  if (!(await conversation?.replay(turn, range))) tell(say("replay_failed"));
  drawControls();
}

/** @param {string} turn */
async function copy(turn) {
  const reply = conversation?.turns.find(turn)?.reply ?? "";
  try {
    await copyText(plainTextOf(reply));
    tell(say("copied"));
  } catch (error) {
    complain(error);
  }
}

/** @param {string} text */
const plainTextOf = (text) => text.split("\n").map(plainText).join("\n");

async function begin() {
  try {
    const made = await api.create();
    list.add(made);
    open(made.id);
    composer.field.focus();
  } catch (error) {
    complain(error);
  }
}

/** Open a conversation in this tab. @param {string} id */
function open(id, { push = true } = {}) {
  showSide(false);
  if (conversation?.id !== id) {
    conversation?.close();
    transcript.reset([]);
    conversation = new Conversation(id, sound);
    listenTo(conversation);
    if (push) history.pushState(null, "", `?${addressOf(id)}`);
    soundBar.draw();
    voices.tell();
  }
  list.choose(id);
  drawTitle();
  drawEmpty();
  drawControls();
}

/** @param {string} id */
function addressOf(id) {
  const parameters = new URLSearchParams(location.search);
  parameters.set("c", id);
  return parameters.toString();
}

/** @param {string} id */
async function gone(id) {
  if (conversation?.id !== id) return;
  const next = list.all[0];
  if (next) open(next.id);
  else await begin();
}

// ---------------------------------------------------------------- what happens

/** @param {Conversation} opened */
function listenTo(opened) {
  const on = (/** @type {string} */ name, /** @type {(detail: any) => void} */ act) =>
    opened.addEventListener(name, (event) => {
      if (opened === conversation) act(/** @type {CustomEvent} */ (event).detail);
    });
  on("turns", () => {
    if (isInLine && !opened.turns.queued) tell("");
    transcript.reset(opened.turns.all);
    inside.show(opened.turns.all.at(-1));
    drawEmpty();
    drawControls();
  });
  on("turn", ({ turn, event }) => {
    transcript.change(turn);
    announcer.hear(turn, event, opened.isHeard(turn));
    inside.show(turn);
    if (event.type === "turn_started") {
      drawEmpty();
      list.begin(opened.id, turn.message);
      drawTitle();
      if (isInLine) tell("");
    }
    if (event.type === "turn_started" || event.type === "turn_ended") {
      drawControls();
      if (event.type === "turn_ended") void list.load().then(drawTitle, () => {});
    }
  });
  on("light", ({ turn, place }) => transcript.light(turn, place));
  on("state", () => {
    drawConnection();
    drawControls();
    if (opened.state === "away") void findOut();
  });
  on("queued", (position) => {
    tell(say("queued", { position }), { lasts: true });
    isInLine = true;
    drawEmpty();
    drawControls();
  });
  on("notice", () => tell(plainText(opened.turns.notices.at(-1)?.message)));
  on("refusal", (refusal) => {
    complain(new api.ApiError(1, String(refusal.message), refusal.code));
    if (refusal.code === "unknown_voice") void voices.forget().catch(complain);
  });
}

/** Why the connection was refused, if it was: the browser does not say. */
async function findOut() {
  if (!conversation) return;
  try {
    await api.ask("GET", api.pathOf(conversation.id));
  } catch (error) {
    if (!(error instanceof api.ApiError)) return;
    if (error.status === 404) {
      await list.load();
      await gone(conversation.id);
    } else if (error.status === 401) {
      await askForToken(explain);
      location.reload();
    }
  }
}

// ---------------------------------------------------------------- what is drawn

function drawControls() {
  const speaks = Boolean(conversation?.speaks);
  const live = Boolean(conversation?.turns.live);
  const paused = Boolean(conversation?.turns.paused);
  showControl(byId("stop", HTMLButtonElement), speaks, composer.field);
  const pause = byId("pause", HTMLButtonElement);
  showControl(pause, live, composer.field);
  pause.setAttribute("aria-pressed", String(paused));
  pause.setAttribute("aria-label", say(paused ? "resume" : "pause"));
  pause.title = say(paused ? "resume" : "pause");
  document.body.toggleAttribute("data-speaks", speaks);
}

function drawConnection() {
  const banner = byId("connection", HTMLDivElement);
  const isAway = conversation?.state === "away";
  if (isAway === !banner.hidden) return;
  banner.hidden = !isAway;
  banner.textContent = isAway ? say("offline") : "";
}

function drawTitle() {
  const title = conversation ? list.titleOf(conversation.id) : "voicebot";
  byId("title", HTMLHeadingElement).textContent = title;
  document.title = conversation ? `${title} – voicebot` : "voicebot";
}

function drawEmpty() {
  byId("empty", HTMLDivElement).hidden = !conversation?.known || conversation.turns.all.length > 0;
}

function drawWords() {
  words.draw();
  byId("examples", HTMLUListElement).replaceChildren(
    .../** @type {Key[]} */ (["example_1", "example_2", "example_3"]).map((key) => {
      const button = element("button", { type: "button", class: "example" }, say(key));
      button.addEventListener("click", () => composer.fill(say(key)));
      return element("li", {}, button);
    }),
  );
  list.draw();
  soundBar.draw();
  voices.draw();
  drawTitle();
  drawControls();
  if (conversation) transcript.redraw(conversation.turns.all);
  inside.show(conversation?.turns.all.at(-1));
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let noticeTimer;

/** Whether what is told is one's place in line, which is told until the turn begins. */
let isInLine = false;

/** @param {string} text */
function tell(text, { lasts = false } = {}) {
  isInLine = false;
  byId("notice-text", HTMLSpanElement).textContent = text;
  showControl(byId("notice", HTMLDivElement), Boolean(text), composer.field);
  clearTimeout(noticeTimer);
  if (!lasts) noticeTimer = setTimeout(() => tell(""), 8000);
}

/** @param {unknown} error */
function explain(error) {
  if (!(error instanceof api.ApiError)) return say("error_other", { message: String(error) });
  return say(refusalKey(error), { message: plainText(error.message) });
}

/** @param {unknown} error */
function complain(error) {
  tell(explain(error));
}

/** @param {boolean} isShown */
function showSide(isShown) {
  const wasShown = document.body.hasAttribute("data-side");
  document.body.toggleAttribute("data-side", isShown);
  const button = byId("open-side", HTMLButtonElement);
  button.setAttribute("aria-expanded", String(isShown));
  if (isShown) byId("close-side", HTMLButtonElement).focus();
  else if (wasShown) button.focus();
}

/** @param {boolean} isShown */
function showInside(isShown) {
  debug.hidden = !isShown;
  byId("inside", HTMLButtonElement).setAttribute("aria-pressed", String(isShown));
  keepSetting("inside", isShown ? "on" : "off");
  inside.show(conversation?.turns.all.at(-1));
}

function showSettings() {
  byId("settings", HTMLDialogElement).showModal();
  if (!voices.isKnown) void voices.load().catch(complain); // the engine may have been away
}

/** @param {string} theme */
function drawTheme(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

// ---------------------------------------------------------------- the beginning

function wire() {
  const settings = byId("settings", HTMLDialogElement);
  const theme = byId("theme", HTMLSelectElement);
  const chosen = byId("language", HTMLSelectElement);
  theme.value = setting("theme", "auto");
  chosen.value = words.language;
  drawTheme(theme.value);
  theme.addEventListener("change", () => {
    keepSetting("theme", theme.value);
    drawTheme(theme.value);
  });
  chosen.addEventListener("change", () => {
    words.choose(chosen.value);
    drawWords();
  });
  closable(settings);
  /** @type {[string, () => void][]} */
  const clicks = [
    ["new", () => void begin()],
    ["open-side", () => showSide(true)],
    ["close-side", () => showSide(false)],
    ["inside", () => showInside(debug.hidden)],
    ["open-settings", () => showSettings()],
    ["stop", interrupt],
    ["pause", () => conversation?.pause()],
    ["dismiss", () => tell("")],
    ["logout", () => void api.logout().then(() => location.reload(), complain)],
  ];
  for (const [id, act] of clicks) byId(id, HTMLButtonElement).addEventListener("click", act);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open]")) return;
    if (conversation?.speaks) interrupt();
    else showSide(false);
  });
  addEventListener("popstate", () => {
    const id = new URLSearchParams(location.search).get("c");
    if (id) open(id, { push: false });
  });
  for (const gesture of ["pointerdown", "keydown"])
    addEventListener(gesture, () => {
      if (sound.state === "blocked" || sound.state === "interrupted") void soundBar.start();
    });
}

async function logIn() {
  const launch = takeLaunchToken();
  try {
    if (launch) await api.login({ launch });
  } catch {
    // it was used before: the cookie that came of it may still be good
  }
  try {
    return await api.me();
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.status !== 401) throw error;
    await askForToken(explain);
    return api.me();
  }
}

async function main() {
  drawWords();
  wire();
  showInside(setting("inside", "off") === "on");
  const me = await logIn();
  soundBar.hasVoice = voices.hasVoice = me.voice !== null && me.voice !== undefined;
  await list.load();
  const wanted = new URLSearchParams(location.search).get("c");
  const found = list.all.find((one) => one.id === wanted) ?? list.all[0];
  if (found) open(found.id, { push: found.id !== wanted });
  else await begin();
  soundBar.draw();
  composer.field.focus();
  await voices.load();
}

main().catch(complain);
