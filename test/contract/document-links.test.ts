import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { test } from "node:test";
import { ROOT, readText } from "../support/readme.ts";

const DOCUMENTS = readdirSync(`${ROOT}infra/docs`, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".md"))
  .map((path) => `infra/docs/${path}`);

/** The links of a document's headings, as GitHub makes them. */
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = [...readText(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test("each link of a document leads to a file that exists, and to a heading that it has", () => {
  const broken = DOCUMENTS.flatMap((path) => {
    const links = [...readText(path).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    return links.flatMap(([link, file = "", anchor]) => {
      const target = file === "" ? path : normalize(join(dirname(path), file));
      const isFine = existsSync(`${ROOT}${target}`) && (anchor === undefined || anchorsOf(target).has(anchor));
      return isFine ? [] : [`${path}: ${link}`];
    });
  });
  assert.deepEqual(broken, []);
  assert.ok(DOCUMENTS.length > 10);
});

test("each document has its line in the list of documents", () => {
  const list = readText("infra/docs/README.md");
  const listed = DOCUMENTS.filter((path) => path !== "infra/docs/README.md").map((path) =>
    path.replace("infra/docs/", ""),
  );
  assert.deepEqual(
    listed.filter((path) => !list.includes(`](${path})`)),
    [],
  );
});
