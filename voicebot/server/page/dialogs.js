// @ts-check
/** Questions that are asked before something is done. */

/** Open a dialog; whether it was answered with yes. @param {HTMLDialogElement} dialog @returns {Promise<boolean>} */
export function asked(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

/** Let a click beside a dialog, or on its cancel button, close it. @param {HTMLDialogElement} dialog */
export function closable(dialog) {
  dialog.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (target === dialog || target.closest("[data-close]")) dialog.close("");
  });
}
