import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { CONSOLE_FILE_NAMES, CONSOLE_PAGE } from "@draftmill/api/console-files.ts";
import { ROOT, readText } from "../support/readme.ts";
import { importsOf } from "../support/repository.ts";

const FOLDER = "services/api/src/console";
const textOf = (name: string): string => readText(`${FOLDER}/${name}`);
const scripts = CONSOLE_FILE_NAMES.filter((name) => name.endsWith(".js"));
const styles = CONSOLE_FILE_NAMES.filter((name) => name.endsWith(".css"));

/** What a script may not even name: ways from text to markup, code or style, and places where something would outlive the page. */
const NEVER: readonly RegExp[] = [
  /\b(?:inner|outer)HTML\b/,
  /\binsertAdjacent(?:HTML|Text)\b/,
  /\bdocument\s*\.\s*write/,
  /\bDOMParser\b|\bcreateContextualFragment\b|\bXSLTProcessor\b/,
  /\bsetHTML(?:Unsafe)?\b|\bparseHTMLUnsafe\b|\bsrcdoc\b/,
  /\beval\b|\bFunction\s*\(|\bimport\s*\(/,
  /\bset(?:Timeout|Interval)\s*\(\s*["'`]/,
  /\.\s*style\b|\bcssText\b|\binsertRule\b|\badoptedStyleSheets\b/,
  /\.\s*on[a-z]+\s*=[^=]/,
  /\bcreateElement(?:NS)?\s*\(\s*["'`]/,
  /\blocalStorage\b|\bsessionStorage\b|\bindexedDB\b|\bcookie(?:Store)?\b|\bcaches\b|\bserviceWorker\b/,
  /\bpostMessage\b|\bBroadcastChannel\b|\bwindow\s*\.\s*name\b|\bopener\b/,
  /\bsendBeacon\b|\bXMLHttpRequest\b|\bWebSocket\b|\bEventSource\b/,
  /\bconsole\s*\./,
];

test("no script of the console turns text into markup, code or style, or keeps anything", () => {
  assert.ok(scripts.length > 20);
  for (const name of scripts) {
    const code = withoutComments(textOf(name));
    for (const pattern of NEVER) assert.doesNotMatch(code, pattern, name);
  }
});

test("one file makes elements, one calls the api and one holds the token", () => {
  const holders = (pattern: RegExp): string[] => scripts.filter((name) => pattern.test(withoutComments(textOf(name))));
  assert.deepEqual(holders(/\bcreateElement\b/), ["elements.js"]);
  assert.deepEqual(holders(/\bfetch\b/), ["api.js"]);
  assert.deepEqual(holders(/\bauthorization\b/i), ["token.js"]);
  // With a name that is not written out there: the one checks it, the other copies what the one has made.
  assert.deepEqual(holders(/\bsetAttribute\s*\(\s*[^"]/), ["elements.js", "morph.js"]);
  assert.deepEqual(holders(/\btokenHeaders\b/), ["api.js", "token.js"]);
});

test("the console knows two addresses elsewhere, both as links of Google's, and loads from neither", () => {
  for (const name of [...scripts, ...styles, CONSOLE_PAGE]) {
    // In patterns every slash has its backslash.
    const elsewhere =
      textOf(name)
        .replaceAll("\\", "")
        .match(/\bhttps?:\/\/[^\s"'`]+/g) ?? [];
    for (const address of elsewhere) {
      const isLink = /^https:\/\/(?:mail|admin|\(\?:mail\|admin\))\.google\.com\//.test(address);
      const isSource = name === "api.js" && address.startsWith("https://www.rfc-editor.org/");
      assert.ok(isLink || isSource, `${name}: ${address}`);
    }
    assert.doesNotMatch(textOf(name), /@import|url\(/, name);
  }
});

test("the page has no script, style or handler of its own, and names every file that it needs", () => {
  const page = textOf(CONSOLE_PAGE);
  assert.deepEqual(page.match(/<script[^>]*>[^<]*/g), ['<script src="/console/main.js" type="module">']);
  assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|javascript:|<iframe|<object|<embed|<base/i);
  const linked = [...page.matchAll(/(?:href|src)="\/console\/([^"]+)"/g)].map(([, name = ""]) => name);
  assert.deepEqual(linked.toSorted(), CONSOLE_FILE_NAMES.toSorted());
});

test("what is served is what lies in the folder, and every import leads to it", () => {
  const there = readdirSync(`${ROOT}${FOLDER}`).filter((name) => name !== "tsconfig.json");
  assert.deepEqual(there.toSorted(), [CONSOLE_PAGE, ...CONSOLE_FILE_NAMES].toSorted());
  const names: readonly string[] = scripts;
  for (const name of scripts) {
    for (const { specifier } of importsOf(withoutComments(textOf(name)))) {
      assert.ok(names.includes(specifier.replace(/^\.\//, "")), `${name} imports ${specifier}`);
    }
  }
});

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}
