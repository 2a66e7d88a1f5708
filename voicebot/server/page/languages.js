// @ts-check
import { MESSAGES } from "./messages.js";

/** @typedef {keyof typeof MESSAGES} Language @typedef {keyof typeof MESSAGES.en} Key */

/** Which of our languages somebody reads, by what the browser says. @param {readonly string[]} wanted @returns {Language} */
export function languageOf(wanted) {
  for (const one of wanted) {
    const found = one.toLowerCase().split("-")[0];
    if (found === "ja" || found === "en") return found;
  }
  return "en";
}

/** A message with its fields filled in. @param {Language} language @param {Key} key @param {Record<string, unknown>} [fields] */
export function say(language, key, fields = {}) {
  return MESSAGES[language][key].replace(/\{(\w+)\}/g, (whole, name) =>
    name in fields ? String(fields[name]) : whole,
  );
}

/** What a text is written in, so that the right glyphs are shown: kana is Japanese, whatever the page is in. @param {string} text */
export function languageOfText(text) {
  if (/[\u3040-\u30ff]/.test(text)) return "ja";
  return /[A-Za-z]/.test(text) ? "en" : "";
}

/** The message for a refusal of the server, which speaks English to programs. @param {{status?: number, code?: string | null}} error @returns {Key} */
export function refusalKey({ status = 0, code = "" }) {
  if (code === "not_found" || status === 404) return "error_not_found";
  if (code === "unknown_voice") return "error_voice";
  if (code === "too_many_conversations") return "error_too_many";
  if (code === "invalid_api_key" || status === 401) return "error_login";
  if (code === "rate_limit_exceeded" || code === "overloaded" || status === 429 || status === 503) return "error_busy";
  if (status === 413) return "error_too_long";
  return status ? "error_other" : "error_network";
}
