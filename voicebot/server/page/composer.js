// @ts-check
import { byId } from "./dom.js";

/** The message field: Enter sends, unless an input method is at work. */
export class Composer {
  /** @param {(text: string) => boolean} send whether it was sent */
  constructor(send) {
    this._send = send;
    this._form = byId("composer", HTMLFormElement);
    this.field = byId("message", HTMLTextAreaElement);
    this._button = byId("send", HTMLButtonElement);
    this.field.addEventListener("input", () => this._fit());
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this._form.requestSubmit();
    });
    this._form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.field.value.trim();
      if (text && this._send(text)) this.field.value = "";
      this._fit();
    });
    this._fit();
  }

  /** @param {string} text */
  fill(text) {
    this.field.value = text;
    this._fit();
    this._form.requestSubmit();
  }

  _fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 200)}px`;
    this._button.disabled = !this.field.value.trim();
  }
}
