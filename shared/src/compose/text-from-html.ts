import { decodeEntities } from "./html-entities.ts";

/** Elements whose content is not for reading. */
const HIDDEN: ReadonlySet<string> = new Set(["head", "script", "style", "template", "title"]);
/** Elements that start on a line of their own. */
const BLOCKS: ReadonlySet<string> = new Set(
  "address article aside blockquote div dl dt dd fieldset figure footer form header hr li main nav ol pre section table tr ul".split(
    " ",
  ),
);
/** Elements with an empty line around them. */
const SPACED: ReadonlySet<string> = new Set("h1 h2 h3 h4 h5 h6 p".split(" "));

/**
 * What a reader of the HTML sees, as plain text: the other half of a multipart/alternative, not a layout engine. Tags and
 * comments go, blocks become lines, list items get a dash, links keep their address. One pass from left to right,
 * without backtracking, so that no input is slow; broken markup gives odd text, never an error.
 */
export function textFromHtml(html: string): string {
  const page = new TextPage();
  let written = 0;
  let at = html.indexOf("<");
  while (at !== -1) {
    const tag = readTag(html, at);
    if (tag === null) {
      at = html.indexOf("<", at + 1);
      continue;
    }
    page.write(html.slice(written, at));
    page.tag(tag);
    written = HIDDEN.has(tag.name) && !tag.closing ? endOfElement(html, tag.end, tag.name) : tag.end;
    at = html.indexOf("<", written);
  }
  page.write(html.slice(written));
  return page.text();
}

interface Tag {
  /** Lower case; empty for a comment, a doctype or the like. */
  readonly name: string;
  readonly closing: boolean;
  readonly href: string | null;
  /** Where the markup ends. */
  readonly end: number;
}

/** The text so far. White space is one space until a block asks for a line. */
class TextPage {
  /** In pieces: to look at the end of one growing string has the engine copy it each time. */
  readonly #pieces: string[] = [];
  #lastWord = "";
  #newlines = 0;
  #space = false;
  #links: (string | null)[] = [];

  write(raw: string): void {
    for (const [index, word] of decodeEntities(raw)
      .split(/[ \t\r\n\f]+/)
      .entries()) {
      if (index > 0) this.#space = true;
      if (word !== "") this.#put(word);
    }
  }

  tag({ name, closing, href }: Tag): void {
    if (name === "br") this.#newlines = Math.min(this.#newlines + 1, 2);
    else if (SPACED.has(name)) this.#newlines = 2;
    else if (BLOCKS.has(name)) this.#newlines = Math.max(this.#newlines, 1);
    else if (name === "td" || name === "th") this.#space = true;
    if (name === "li" && !closing) this.#put("- ");
    if (name === "a") this.#link(closing, href);
  }

  text(): string {
    return this.#pieces.join("").trim();
  }

  #put(word: string): void {
    if (this.#newlines > 0) this.#pieces.push("\n".repeat(this.#newlines));
    else if (this.#space && this.#lastWord !== "" && !this.#lastWord.endsWith(" ")) this.#pieces.push(" ");
    this.#newlines = 0;
    this.#space = false;
    this.#pieces.push(word);
    this.#lastWord = word;
  }

  #link(closing: boolean, href: string | null): void {
    if (!closing) {
      this.#links.push(href);
      return;
    }
    const target = this.#links.pop() ?? null;
    const shown = target?.replace(/^mailto:/i, "");
    if (
      target !== null &&
      shown !== undefined &&
      /^(https?|mailto):/i.test(target) &&
      !this.#lastWord.endsWith(shown)
    ) {
      this.#space = true;
      this.#put(`(${shown})`);
    }
  }
}

/** Reads the markup that starts at `open`; null when the `<` is just a character. */
function readTag(html: string, open: number): Tag | null {
  if (html.startsWith("<!--", open)) return nothing(endAfter(html, "-->", open + 4));
  const next = html[open + 1] ?? "";
  if (next === "!" || next === "?") return nothing(endAfter(html, ">", open + 2));
  const closing = next === "/";
  const name = /[a-z][a-z0-9]*/iy;
  name.lastIndex = open + (closing ? 2 : 1);
  const found = name.exec(html)?.[0].toLowerCase();
  if (found === undefined) return null;
  const end = endOfTag(html, name.lastIndex);
  return { name: found, closing, href: found === "a" ? hrefOf(html.slice(name.lastIndex, end)) : null, end };
}

function nothing(end: number): Tag {
  return { name: "", closing: false, href: null, end };
}

/** The `>` that ends a tag; one inside a quoted attribute does not. */
function endOfTag(html: string, from: number): number {
  let quote = "";
  for (let at = from; at < html.length; at += 1) {
    const character = html[at] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === ">") return at + 1;
  }
  return html.length;
}

function hrefOf(attributes: string): string | null {
  const match = /(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i.exec(attributes);
  const raw = match?.[1] ?? match?.[2] ?? match?.[3];
  return raw === undefined ? null : decodeEntities(raw).trim();
}

function endOfElement(html: string, from: number, name: string): number {
  const close = new RegExp(`</${name}`, "gi");
  close.lastIndex = from;
  return close.test(html) ? endOfTag(html, close.lastIndex) : html.length;
}

function endAfter(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found === -1 ? html.length : found + mark.length;
}
