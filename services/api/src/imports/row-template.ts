import { DraftError, type FieldProblem } from "@draftmill/shared/errors.ts";
import { Liquid, type Template } from "liquidjs";
import type { ImportOrder } from "./import-order.ts";

type Part = keyof ImportOrder["template"];
export type Rendered = Readonly<Partial<Record<Part, string>>>;

/** Writes the texts of a row. */
export interface RowTemplate {
  /** The texts, or what is wrong with the row's fields; pointers name the part. */
  render(
    values: Readonly<Record<string, unknown>>,
  ): { readonly texts: Rendered } | { readonly problems: readonly FieldProblem[] };
}

/** What a template may do beside writing fields: choose. Nothing that repeats, reads a file or keeps a state. */
const TAGS = new Set(["if", "unless", "case", "comment", "raw", "#"]);
const CHARACTERS_MAX = 1_000_000;
const RENDER_MS_MAX = 1_000;

/** Thrown from within a template; Liquid adds where. */
class EmptyField extends Error {}

/**
 * Compiles the templates of an import (https://liquidjs.com): in subject and message fields stand as they are, in html they are escaped. A
 * field that is not there or is empty is an error of its row unless the template has a default for it. Throws IMPORT_INVALID for a
 * template that cannot be read.
 */
export function compileTemplate(template: ImportOrder["template"]): RowTemplate {
  const parts = (["subject", "message", "html"] as const).flatMap((part) => {
    const text = template[part];
    return text === undefined ? [] : [{ part, ...compile(part, text) }];
  });
  return {
    render(values) {
      const fields = fieldsOf(values);
      const texts: Partial<Record<Part, string>> = {};
      const problems: FieldProblem[] = [];
      for (const { part, engine, compiled } of parts) {
        try {
          texts[part] = String(engine.renderSync(compiled, fields));
        } catch (error) {
          problems.push({ pointer: `/template/${part}`, code: "mergeField", detail: told(error) });
        }
      }
      return problems.length === 0 ? { texts } : { problems };
    },
  };
}

function compile(part: Part, text: string): { engine: Liquid; compiled: Template[] } {
  const engine = new Liquid({
    strictVariables: true,
    // An unknown field may be asked for in a condition, and with a default.
    lenientIf: true,
    strictFilters: true,
    ownPropertyOnly: true,
    // In place of the file system.
    templates: {},
    parseLimit: CHARACTERS_MAX,
    renderLimit: RENDER_MS_MAX,
    memoryLimit: 50 * CHARACTERS_MAX,
    outputEscape: part === "html" ? (value) => escaped(notEmpty(value)) : notEmpty,
  });
  for (const tag of Object.keys(engine.tags)) if (!TAGS.has(tag)) delete engine.tags[tag];
  try {
    return { engine, compiled: engine.parse(text) };
  } catch (error) {
    const detail = `the template cannot be read: ${told(error)}`;
    throw new DraftError("IMPORT_INVALID", {
      reason: detail,
      fields: [{ pointer: `/template/${part}`, code: "template", detail }],
    });
  }
}

function notEmpty(value: unknown): string {
  const text = value === undefined || value === null ? "" : String(value);
  if (text.trim() === "") throw new EmptyField("the field is empty and has no default");
  return text;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** Columns by their names, and by these as Liquid can write them: `First Name` is `first_name` too. */
function fieldsOf(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = Object.create(null);
  for (const [column, given] of Object.entries(values)) {
    const value = typeof given === "string" && given.trim() === "" ? "" : given;
    fields[column] = value;
    fields[
      column
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, "_")
        .replace(/^_|_$/g, "")
    ] ??= value;
  }
  return fields;
}

/** Liquid's first line: what and where, and nothing of the row. */
function told(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n", 1)[0] ?? "").slice(0, 300) : "it failed";
}
