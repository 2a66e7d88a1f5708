// @ts-check
import { byId, showControl } from "./dom.js";
import { keepSetting, setting } from "./settings.js";

/** How long a loudspeaker may take to start after a click. */
const PATIENCE_SECONDS = 1;

/** Whether one hears anything, for everybody to see; and the one click that browsers may ask for. */
export class SoundBar {
  /**
   * @param {import("./sound.js").Sound} sound @param {(key: import("./languages.js").Key) => string} say
   * @param {(listens: boolean) => void} listen
   */
  constructor(sound, say, listen) {
    this._sound = sound;
    this._say = say;
    this._listen = listen;
    this._button = byId("sound", HTMLButtonElement);
    this._banner = byId("start-sound", HTMLDivElement);
    this._why = byId("start-sound-why", HTMLSpanElement);
    this._start = byId("start-sound-button", HTMLButtonElement);
    this.isWanted = setting("sound", "on") === "on";
    this.hasVoice = true;
    this._isAsked = false;
    this._isLate = false;
    this._hasFailed = false;
    this._button.addEventListener("click", () => this._toggle());
    this._start.addEventListener("click", () => void this.start());
    sound.addEventListener("state", () => this.draw());
  }

  /** Open the loudspeaker, after a click or a key; where neither came yet, the browser may refuse. */
  async start() {
    if (!this.isWanted || !this.hasVoice) return;
    this._isAsked = true;
    setTimeout(() => this._becomeLate(), 1000 * PATIENCE_SECONDS);
    this.draw();
    try {
      await this._sound.start();
    } catch {
      this._hasFailed = true;
    }
    this.draw();
  }

  _becomeLate() {
    this._isLate = true;
    this.draw();
  }

  /** Whether one must do something to hear what should be heard. */
  get _isBlocked() {
    const { state } = this._sound;
    if (!this.isWanted || !this.hasVoice || !this._isAsked || state === "running") return false;
    return state === "interrupted" || this._isLate || !navigator.userActivation?.hasBeenActive;
  }

  _toggle() {
    this.isWanted = !this.isWanted;
    keepSetting("sound", this.isWanted ? "on" : "off");
    if (this.isWanted) void this.start();
    else this._sound.send({ type: "flush" });
    this.draw();
  }

  draw() {
    const { state } = this._sound;
    const isBlocked = this._isBlocked;
    const isOff = !this.isWanted || !this.hasVoice || this._hasFailed;
    this._button.dataset.state = isOff ? "off" : isBlocked ? "blocked" : "on";
    this._button.setAttribute("aria-pressed", String(this.isWanted && this.hasVoice));
    this._button.setAttribute("aria-label", this._say("sound"));
    this._button.title = this._say(this._key(isBlocked));
    showControl(this._banner, isBlocked, byId("message", HTMLTextAreaElement));
    this._why.textContent = this._say(this._key(isBlocked));
    this._start.textContent = this._say(state === "interrupted" ? "sound_resume" : "sound_start");
    this._listen(!isOff && !isBlocked);
  }

  /** @param {boolean} isBlocked @returns {import("./languages.js").Key} */
  _key(isBlocked) {
    if (!this.hasVoice) return "no_voice";
    if (!this.isWanted) return "sound_off";
    if (this._hasFailed) return "sound_failed";
    if (!isBlocked) return "sound_on";
    return this._sound.state === "interrupted" ? "sound_interrupted" : "sound_blocked";
  }
}
