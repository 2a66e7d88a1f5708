// @ts-check
/** What somebody has chosen in this browser, kept where the browser allows it. */
const PREFIX = "voicebot.";

/** @param {string} name @param {string} fallback */
export function setting(name, fallback) {
  try {
    return localStorage.getItem(PREFIX + name) ?? fallback;
  } catch {
    return fallback;
  }
}

/** @param {string} name @param {string} value */
export function keepSetting(name, value) {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // a browser that keeps nothing, keeps nothing
  }
}
