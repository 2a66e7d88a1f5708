// @ts-check
import * as api from "./api.js";
import { byId, element } from "./dom.js";
import { languageOf, languageOfText, say } from "./languages.js";
import { takeLaunchToken } from "./login.js";
import { plainText } from "./markdown.js";
import { Subtitles } from "./subtitles.js";

/**
 * Subtitles over a picture: they follow one conversation, that of `?c=`, else the latest.
 * With `?help=off` nothing is shown but what is said.
 */
const subtitles = new Subtitles();
const subtitle = byId("subtitle", HTMLParagraphElement);
const help = byId("help", HTMLParagraphElement);
const parameters = new URLSearchParams(location.search);
const now = () => performance.now() / 1000;
const LOOK_SECONDS = 3;

let drawn = "";
let frame = 0;
/** @type {EventSource | null} */
let source = null;
let followed = "";
/** @type {Map<number, number>} */
const lengths = new Map();

function draw() {
  const shown = subtitles.at(now());
  subtitle.classList.toggle("shown", shown !== null);
  const key = shown ? `${shown.shown} ${shown.text}` : "";
  if (shown && key !== drawn) {
    subtitle.lang = languageOfText(shown.text);
    subtitle.replaceChildren(
      shown.text.slice(0, shown.shown),
      element("span", { class: "later" }, shown.text.slice(shown.shown)),
    );
  }
  drawn = key;
  frame = shown ? requestAnimationFrame(draw) : 0;
}

/** @param {import("./turns.js").Event} event */
function take(event) {
  if (event.type === "turn_started") lengths.clear();
  else if (event.type === "clip_ready") {
    const seconds = (lengths.get(event.index) ?? 0) + event.audio_seconds;
    lengths.set(event.index, seconds);
    if (event.index === speaking) subtitles.longer(seconds);
  } else if (event.type === "playback_started") {
    speaking = event.index;
    subtitles.begin(plainText(event.text), lengths.get(event.index) ?? event.audio_seconds, now());
    help.hidden = true;
    if (!frame) frame = requestAnimationFrame(draw);
  } else if (event.type === "playback_finished") subtitles.end(now(), { interrupted: false });
  else if (event.type === "turn_ended") {
    speaking = -1;
    subtitles.end(now(), { interrupted: event.outcome === "interrupted" });
  }
}
let speaking = -1;

/** @param {string} id */
function follow(id) {
  if (id === followed && source && source.readyState !== EventSource.CLOSED) return;
  source?.close();
  followed = id;
  source = new EventSource(`${api.pathOf(id)}/events?unit=sentence`);
  for (const type of ["turn_started", "clip_ready", "playback_started", "playback_finished", "turn_ended"])
    source.addEventListener(type, ({ data }) => take(JSON.parse(data)));
}

/** @param {string} text */
function tell(text) {
  help.textContent = text;
  help.hidden = parameters.get("help") === "off";
}

async function look() {
  try {
    const id = parameters.get("c") ?? (await api.conversations())[0]?.id;
    if (id) follow(id);
  } catch {
    // the server is away: the next look may find it
  }
}

async function main() {
  const language = languageOf(navigator.languages);
  document.documentElement.lang = language;
  const token = takeLaunchToken();
  const isKnown = await api.me().then(
    () => true,
    () => false,
  );
  if (!isKnown && token) {
    await api
      .login({ launch: token })
      .catch(() => api.login({ token }))
      .catch(() => {});
  }
  try {
    await api.me();
  } catch {
    tell(say(language, "overlay_login"));
    return;
  }
  tell(say(language, "overlay_waiting"));
  await look();
  setInterval(look, 1000 * LOOK_SECONDS);
}

void main();
