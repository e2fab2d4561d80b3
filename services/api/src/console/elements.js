/** @typedef {Node | string | number | null | undefined | false} Child text, never markup; what is nothing is left out */

const ATTRIBUTE =
  /^(?:aria-[a-z]+|data-[a-z-]+|class|colspan|datetime|disabled|hidden|href|id|max|rel|role|scope|tabindex|target|title|type|value)$/;

/** Places of this page, files of this origin, and the two pages of Google that we send people to. */
const ADDRESS = /^(?:#\/|\/(?!\/)|https:\/\/(?:mail|admin)\.google\.com\/)/;

/**
 * Makes an element. Whatever a value holds, it becomes text, or the value of an attribute that cannot do anything: there is no
 * way to hand it markup, a style, a handler or an address elsewhere.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Readonly<Record<string, string | number | boolean | null | undefined>>} attributes true: there; false and nothing: not there
 * @param {...(Child | readonly Child[])} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    const text = value === true ? "" : String(value);
    if (!ATTRIBUTE.test(attribute)) throw new Error(`no attribute ${attribute} here`);
    if (attribute === "href" && !ADDRESS.test(text)) throw new Error("no link there from here");
    element.setAttribute(attribute, text);
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/**
 * A value that somebody else has written: kept apart, so that right-to-left marks in it turn nothing else around.
 *
 * @param {string | number} value
 * @param {string} [name] its class
 */
export function foreign(value, name) {
  return el("bdi", { class: name }, value);
}

/**
 * Text for screen readers alone, where the eye has the surroundings.
 *
 * @param {string} text
 */
export function unseen(text) {
  return el("span", { class: "unseen" }, text);
}

/**
 * An element of console.html.
 *
 * @template {HTMLElement} [Type=HTMLElement]
 * @param {string} id
 * @returns {Type}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return /** @type {Type} */ (found);
}
