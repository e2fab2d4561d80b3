import type { FieldProblem } from "../errors.ts";

const BACKSLASH = 0x5c;
const STEPS_MAX = 10;
const KEY_LENGTH_MAX = 100;

/** An object or array that is open: the keys it had, or null for an array, and where in it we are. */
interface Open {
  readonly keys: Keys | null;
  at: string | number;
}

/** A list is read through sooner than a set is made, as long as it is short. */
const LIST_MAX = 16;

/** The keys that an object had so far. */
class Keys {
  readonly #list: string[] = [];
  #set: Set<string> | null = null;

  has(key: string): boolean {
    return this.#set === null ? this.#list.includes(key) : this.#set.has(key);
  }

  add(key: string): void {
    if (this.#set !== null) this.#set.add(key);
    else if (this.#list.push(key) > LIST_MAX) this.#set = new Set(this.#list);
  }
}

/**
 * The first key that an object has twice, or null. Parsers keep the last of the two and say nothing, so that half of what was
 * asked for would be lost, and whoever checked the request before us may have read the first: RFC 7493 (I-JSON, section 2.3)
 * forbids it. `json` must be what JSON.parse accepts. Linear in its length, for any depth.
 */
export function repeatedKey(json: string): FieldProblem | null {
  const pointer = pointerToRepeated(json);
  if (pointer === null) return null;
  // The pointer alone tells the key, to its sender: what is a key by mistake may be half a mail, and details are logged.
  return { pointer, code: "repeatedKey", detail: "a key stands twice in one object (see the pointer)" };
}

function pointerToRepeated(json: string): string | null {
  const open: Open[] = [];
  for (let index = 0; index < json.length; index++) {
    const inside = open.at(-1);
    switch (json[index]) {
      case "{":
        open.push({ keys: new Keys(), at: "" });
        break;
      case "[":
        open.push({ keys: null, at: 0 });
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        if (typeof inside?.at === "number") inside.at += 1;
        break;
      case '"': {
        const end = endOfString(json, index);
        if (inside?.keys != null && isKey(json, end)) {
          const key = textOf(json.slice(index + 1, end));
          inside.at = key;
          if (inside.keys.has(key)) return pointerOf(open);
          inside.keys.add(key);
        }
        index = end;
        break;
      }
    }
  }
  return null;
}

/** The index of the quote that ends the string which begins at `start`. */
function endOfString(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end;
}

function isEscaped(json: string, index: number): boolean {
  let before = index - 1;
  while (json.charCodeAt(before) === BACKSLASH) before -= 1;
  return (index - before) % 2 === 0;
}

/** Only a key has a colon behind it. */
function isKey(json: string, end: number): boolean {
  let next = end + 1;
  while (json.charCodeAt(next) <= 0x20) next += 1;
  return json[next] === ":";
}

/** The same key can be spelt with escapes. */
function textOf(spelling: string): string {
  if (!spelling.includes("\\")) return spelling;
  const text: unknown = JSON.parse(`"${spelling}"`);
  return String(text);
}

/** Not longer than a person would read, whatever the keys are. */
function pointerOf(open: readonly Open[]): string {
  const steps = open.slice(0, STEPS_MAX).map(({ at }) => `/${escaped(String(at).slice(0, KEY_LENGTH_MAX))}`);
  return steps.join("").toWellFormed();
}

function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
