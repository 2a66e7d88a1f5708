// @ts-check
import * as api from "./api.js";
import { byId, element } from "./dom.js";
import { plainText } from "./markdown.js";
import { keepSetting, setting } from "./settings.js";

/** Which voice speaks, and how fast. */
export class VoicePicker {
  /** @param {(key: import("./languages.js").Key) => string} say @param {(voice: string, speed: number) => void} choose */
  constructor(say, choose) {
    this._say = say;
    this._choose = choose;
    this._voice = byId("voice", HTMLSelectElement);
    this._speed = byId("speed", HTMLSelectElement);
    /** @type {api.Voice[]} */
    this._voices = [];
    this._speed.value = setting("speed", "1");
    if (!this._speed.value) this._speed.value = "1";
    for (const select of [this._voice, this._speed])
      select.addEventListener("change", () => {
        keepSetting("voice", this._voice.value);
        keepSetting("speed", this._speed.value);
        this.tell();
      });
  }

  /** @param {{voice: unknown}} me */
  async load(me) {
    const hasVoice = me.voice !== null && me.voice !== undefined;
    this._voices = hasVoice ? await api.voices() : [];
    byId("no-voice", HTMLParagraphElement).hidden = hasVoice;
    byId("voice-row", HTMLLabelElement).hidden = this._voices.length < 2;
    byId("speed-row", HTMLLabelElement).hidden = !hasVoice;
    this.draw();
    if (this.chosen || this._speed.value !== "1") this.tell();
  }

  draw() {
    const chosen = this._voice.value || setting("voice", "");
    const usual = element("option", { value: "" }, this._say("voice_configured"));
    const names = new Intl.DisplayNames([document.documentElement.lang], { type: "language", fallback: "code" });
    this._voice.replaceChildren(
      usual,
      ...this._voices.map(({ id, name, language }) =>
        element("option", { value: id }, plainText(language ? `${name} · ${nameOf(names, language)}` : name)),
      ),
    );
    this._voice.value = this._voices.some((voice) => voice.id === chosen) ? chosen : "";
  }

  get chosen() {
    return this._voice.value;
  }

  tell() {
    this._choose(this._voice.value, Number(this._speed.value));
  }
}

/** @param {Intl.DisplayNames} names @param {string} language */
function nameOf(names, language) {
  try {
    return names.of(language) ?? language;
  } catch {
    return language;
  }
}
