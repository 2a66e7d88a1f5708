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
    this.hasVoice = true;
    this.isKnown = false;
    /** @type {api.Voice[]} */
    this._voices = [];
    this._chosen = setting("voice", "");
    this._speed.value = setting("speed", "1");
    if (!this._speed.value) this._speed.value = "1";
    for (const select of [this._voice, this._speed])
      select.addEventListener("change", () => {
        if (select === this._voice) this._chosen = select.value;
        keepSetting(select.id, select.value);
        this.tell();
      });
  }

  /** Take the list from the server; until then whatever was chosen before is taken on trust. */
  async load() {
    this._voices = this.hasVoice ? await api.voices() : [];
    this.isKnown = true;
    this.draw();
  }

  /** The chosen voice is there no longer: the usual one speaks. */
  async forget() {
    this._chosen = "";
    keepSetting("voice", "");
    this.tell();
    await this.load();
  }

  draw() {
    byId("no-voice", HTMLParagraphElement).hidden = this.hasVoice;
    byId("voice-row", HTMLLabelElement).hidden = this._voices.length < 2;
    byId("speed-row", HTMLLabelElement).hidden = !this.hasVoice;
    const usual = element("option", { value: "" }, this._say("voice_configured"));
    const names = new Intl.DisplayNames([document.documentElement.lang], { type: "language", fallback: "code" });
    this._voice.replaceChildren(
      usual,
      ...this._voices.map(({ id, name, language }) =>
        element("option", { value: id }, plainText(language ? `${name} · ${nameOf(names, language)}` : name)),
      ),
    );
    this._voice.value = this._voices.some(({ id }) => id === this._chosen) ? this._chosen : "";
  }

  tell() {
    this._choose(this.hasVoice ? this._chosen : "", Number(this._speed.value));
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
