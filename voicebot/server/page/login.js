// @ts-check
import * as api from "./api.js";
import { byId } from "./dom.js";

/** The launch token that stands in the address, which is taken out of it at once. */
export function takeLaunchToken() {
  const token = decoded(location.hash.slice(1));
  if (!token || document.getElementById(token)) return ""; // a place of the page
  history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Ask for the token until the server knows it. @param {(error: unknown) => string} explain @returns {Promise<void>} */
export function askForToken(explain) {
  const dialog = byId("login", HTMLDialogElement);
  const field = byId("token", HTMLInputElement);
  const failure = byId("login-error", HTMLParagraphElement);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => {
    dialog.querySelector("form")?.addEventListener("submit", async (event) => {
      event.preventDefault();
      failure.textContent = "";
      try {
        await api.login({ token: field.value.trim() });
        field.value = "";
        dialog.close();
        resolve();
      } catch (error) {
        failure.textContent = explain(error);
        field.select();
      }
    });
  });
}
