// @ts-check
/** Elements without HTML: whatever is put into them is text. */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, string | boolean | number | undefined>} [attributes]
 * @param {...(Node | string)} children @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** @param {string} tag @param {Record<string, string | number>} [attributes] @param {...Node | string} children @returns {SVGElement} */
export function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** Put a text where it can be pasted from; pages at a plain HTTP address have no clipboard of their own. @param {string} text */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const focused = document.activeElement;
  const field = element("textarea", { class: "unseen", readonly: true });
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!isCopied) throw new Error("the browser does not let it");
}

const ICONS = {
  play: "M7 5.5v13l11-6.5z",
  stop: "M7 7h10v10H7z",
  pause: "M8 6h3v12H8zM13 6h3v12h-3z",
  copy: "M9 4h9a1 1 0 0 1 1 1v11h-2V6H9zM5 8h9a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1z",
  pen: "M4 20l1-4.5L15.8 4.7a1.5 1.5 0 0 1 2.1 0l1.4 1.4a1.5 1.5 0 0 1 0 2.1L8.500 19z",
  bin: "M9 4h6l1 2h4v2H4V6h4zM6 9h12l-1 11H7z",
};

/** A small picture that says nothing to a screen reader. @param {keyof typeof ICONS} name */
export function icon(name) {
  return drawing(
    "svg",
    { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" },
    drawing("path", { d: ICONS[name] }),
  );
}

/** Show or hide a control; whoever was on it with the keyboard goes on at another. @param {HTMLElement} control @param {boolean} isShown @param {HTMLElement} next */
export function showControl(control, isShown, next) {
  const isLeft = !isShown && control.matches(":focus-visible, :has(:focus-visible)");
  control.hidden = !isShown;
  if (isLeft) next.focus();
}

/**
 * An element of the page that is certain to be there.
 * @template {HTMLElement} E
 * @param {string} id @param {new () => E} kind @returns {E}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`no #${id}`);
  return found;
}
