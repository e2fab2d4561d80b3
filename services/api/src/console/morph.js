/**
 * Makes the children of `target` what `fresh` is, and leaves alone what is the same: an element keeps its focus, its selection, its
 * scroll position and, if it is a `details`, whether it is open. Elements with a `data-key` are known again by it, wherever they went.
 *
 * @param {Element} target
 * @param {readonly Node[]} fresh
 */
export function morph(target, fresh) {
  const focused = document.activeElement;
  const held = focused !== null && focused !== target && target.contains(focused);
  align(target, fresh);
  if (!held || document.activeElement === focused) return;
  // It was moved, which takes the focus from it, or it is gone: then whoever was there goes on from its surroundings.
  const next = focused instanceof HTMLElement && focused.isConnected ? focused : target.closest("[tabindex]");
  if (next instanceof HTMLElement) next.focus({ preventScroll: true });
}

/**
 * @param {Element} target
 * @param {readonly Node[]} fresh
 */
function align(target, fresh) {
  const wanted = new Set(fresh.map(keyOf).filter((key) => key !== null));
  /** @type {Map<string, ChildNode>} */
  const kept = new Map();
  for (const child of [...target.childNodes]) {
    const key = keyOf(child);
    if (key === null) continue;
    if (wanted.has(key)) kept.set(key, child);
    else child.remove();
  }
  let cursor = target.firstChild;
  for (const next of fresh) {
    const key = keyOf(next);
    const known = key === null ? unkeyedAt(cursor, next) : (kept.get(key) ?? null);
    if (known === null || known.nodeName !== next.nodeName) {
      target.insertBefore(next, cursor);
      continue;
    }
    if (known === cursor) cursor = cursor.nextSibling;
    else target.insertBefore(known, cursor);
    update(known, next);
  }
  while (cursor !== null) {
    const surplus = cursor;
    cursor = cursor.nextSibling;
    surplus.remove();
  }
}

/**
 * The node at the cursor, if the next one may take its place.
 *
 * @param {ChildNode | null} cursor
 * @param {Node} next
 */
function unkeyedAt(cursor, next) {
  return cursor !== null && keyOf(cursor) === null && cursor.nodeName === next.nodeName ? cursor : null;
}

/**
 * @param {Node} now
 * @param {Node} next
 */
function update(now, next) {
  if (!(now instanceof Element && next instanceof Element)) {
    if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
    return;
  }
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && name !== "open") now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  align(now, [...next.childNodes]);
}

/**
 * @param {Node} node
 * @returns {string | null}
 */
function keyOf(node) {
  return node instanceof Element ? node.getAttribute("data-key") : null;
}
