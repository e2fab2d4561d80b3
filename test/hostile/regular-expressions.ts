import { stripTypeScriptTypes } from "node:module";
import { type AnyNode, parse } from "acorn";

/** A regular expression as it stands in a source file. */
export interface FoundPattern {
  readonly line: number;
  readonly source: string;
  readonly flags: string;
}

/** What stands in a template's hole: it is the programmer's to escape, so one letter will do. */
const HOLE = "x";

/**
 * Every regular expression of a TypeScript file: literals, `RegExp(…)` of a text or a template, and the `pattern` of a JSON
 * schema, which Ajv compiles. Throws on one whose text only running the program would tell.
 */
export function findPatterns(typescript: string): readonly FoundPattern[] {
  // Types become blanks, so that lines stay what they are.
  const root = parse(stripTypeScriptTypes(typescript), {
    ecmaVersion: "latest",
    sourceType: "module",
    locations: true,
  });
  const found: FoundPattern[] = [];
  visit(root, (node) => {
    const line = node.loc?.start.line ?? 0;
    if (node.type === "Literal" && node.regex !== undefined && node.regex !== null) {
      found.push({ line, source: node.regex.pattern, flags: node.regex.flags });
    }
    if ((node.type === "NewExpression" || node.type === "CallExpression") && isNamed(node.callee, "RegExp")) {
      const [source, flags] = node.arguments.map(textOf);
      if (typeof source !== "string" || flags === null)
        throw new Error(`line ${line}: a RegExp whose text is not known`);
      found.push({ line, source, flags: flags ?? "" });
    }
    if (node.type === "Property" && isNamed(node.key, "pattern")) {
      const source = textOf(node.value);
      if (source !== null) found.push({ line, source, flags: "u" });
    }
  });
  return found;
}

function visit(node: AnyNode, see: (node: AnyNode) => void): void {
  see(node);
  for (const child of Object.values(node).flat() as unknown[]) {
    if (typeof child === "object" && child !== null && "type" in child && typeof child.type === "string") {
      visit(child as AnyNode, see);
    }
  }
}

function isNamed(node: AnyNode, name: string): boolean {
  return node.type === "Identifier" && node.name === name;
}

/** The text of a literal or a template; null for what is neither. */
function textOf(node: AnyNode): string | null {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type !== "TemplateLiteral") return null;
  return node.quasis.map(({ value }) => value.cooked ?? "").join(HOLE);
}
