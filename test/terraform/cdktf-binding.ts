import type { AttributeSchema, AttributeType, BlockSchema, Flags, NestedBlock } from "./provider-schema.ts";

/** How an argument is written in HCL, as the code that would write it says. */
interface Shape {
  readonly isBlock: boolean;
  readonly kind: string;
  readonly of: string;
}

/** The generated TypeScript of one type, taken apart: each argument stands in it under a comment of its name and flags. */
export class CdktfBinding {
  readonly #classes: ReadonlyMap<string, { readonly base: string; readonly body: string }>;
  readonly #shapes: ReadonlyMap<string, ReadonlyMap<string, Shape>>;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(source: string) {
    this.#classes = new Map(
      source.split(/^export class /m).flatMap((text) => {
        const [, name = "", base = ""] = /^(\w+) extends cdktf\.(\w+) \{/.exec(text) ?? [];
        return name === "" ? [] : [[name, { base, body: text.slice(0, text.indexOf("\n}")) }] as const];
      }),
    );
    this.#shapes = shapesIn(source);
    this.#values = valuesIn(source);
  }

  root(): BlockSchema {
    const own = [...this.#classes].find(([, { base }]) => /^Terraform(Resource|DataSource|Provider)$/.test(base));
    if (own === undefined) throw new Error("the binding has no class of a resource");
    return this.#block(own[0], "", `${own[0]}Config`);
  }

  #block(className: string, shapesKey: string, interfaceName: string): BlockSchema {
    const { body = "" } = this.#classes.get(className) ?? {};
    const shapes = this.#shapes.get(shapesKey);
    const attributes: Record<string, AttributeSchema> = {};
    const blocks: Record<string, NestedBlock> = {};
    for (const part of body.split(/^ {2}\/\/ (?=[a-z_0-9]+ - computed: )/m).slice(1)) {
      const [, name = "", computed, optional, required] =
        /^(\w+) - computed: (true|false), optional: (true|false), required: (true|false)/.exec(part) ?? [];
      const shape = shapes?.get(name);
      const nested = this.#nested(part);
      if (shape?.isBlock === true) {
        const isSet = shape.kind === "set" || nested?.isSet === true;
        blocks[name] = {
          nesting: shape.kind === "struct" ? "single" : isSet ? "set" : "list",
          ...(required === "true" ? { min: 1 } : {}),
          ...(nested === null || nested.isList || shape.kind === "struct" ? {} : { max: 1 }),
          ...(nested === null ? this.#flatBlock(shape.of.replace(/List$/, "")) : nested.block),
        };
        continue;
      }
      const flags = `${required === "true" ? "r" : ""}${optional === "true" ? "o" : ""}${computed === "true" ? "c" : ""}`;
      const type =
        nested === null ? simpleType(part) : [nested.isSet ? "set" : "list", ["object", objectType(nested.block)]];
      const values = this.#values.get(`${interfaceName}.${camel(name)}`);
      attributes[name] = values === undefined ? [type, flags as Flags] : [type, flags as Flags, values];
    }
    return Object.keys(blocks).length === 0 ? { attributes } : { attributes, blocks };
  }

  #nested(part: string): { readonly block: BlockSchema; readonly isList: boolean; readonly isSet: boolean } | null {
    const [, className = "", flag] = /= new (\w+)\(this, "\w+"(?:, (true|false))?\)/.exec(part) ?? [];
    const base = this.#classes.get(className)?.base;
    if (base === undefined) return null;
    const isList = base.endsWith("List");
    const reference = isList ? className.replace(/List$/, "OutputReference") : className;
    const struct = reference.replace(/OutputReference$/, "");
    return { block: this.#block(reference, lowerFirst(struct), struct), isList, isSet: flag === "true" };
  }

  /** A block that the binding takes as a plain list, as the provider's own are. */
  #flatBlock(struct: string): BlockSchema {
    const entries = [...(this.#shapes.get(lowerFirst(struct)) ?? [])];
    return {
      attributes: Object.fromEntries(entries.map(([name, { of }]) => [name, [of === "boolean" ? "bool" : of, "o"]])),
    };
  }
}

function shapesIn(source: string): ReadonlyMap<string, ReadonlyMap<string, Shape>> {
  const shapes = new Map<string, ReadonlyMap<string, Shape>>();
  const writers = source.split(
    /^(?:export function (?=\w+ToHclTerraform\()| {2}protected (?=synthesizeHclAttributes\(\)))/m,
  );
  for (const text of writers.slice(1)) {
    const struct = /^(\w+)ToHclTerraform/.exec(text)?.[1] ?? "";
    const written = text.slice(0, text.indexOf("// remove undefined attributes"));
    const found = written.matchAll(
      /^\s+(\w+): \{\n\s+value: [^\n]+\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n\s+storageClassType: "(\w+)"/gm,
    );
    shapes.set(
      struct,
      new Map(
        [...found].map(([, name = "", isBlock, kind = "", of = ""]) => [
          name,
          { isBlock: isBlock === "true", kind, of },
        ]),
      ),
    );
  }
  return shapes;
}

/** The values of enumerations, which stand in the documentation alone. */
function valuesIn(source: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  for (const [, name = "", body = ""] of source.matchAll(/^export interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)) {
    for (const [, text = "", field = ""] of body.matchAll(/\/\*\*([\s\S]*?)\*\/\s+readonly (\w+)\??:/g)) {
      const list = /Possible values: (\["[^\]]*"\])/.exec(text)?.[1];
      if (list !== undefined) values.set(`${name}.${field}`, JSON.parse(list));
    }
  }
  return values;
}

const SIMPLE_TYPES: readonly (readonly [pattern: RegExp, type: AttributeType])[] = [
  [/new cdktf\.StringMapList\(/, ["list", ["map", "string"]]],
  [/new cdktf\.StringMap\(|getStringMapAttribute\(|\?: \{ \[key: string\]: string \}/, ["map", "string"]],
  [/new cdktf\.BooleanMap\(/, ["map", "bool"]],
  [/new cdktf\.NumberMap\(/, ["map", "number"]],
  [/Fn\.tolist\(this\.getNumberListAttribute/, ["set", "number"]],
  [/Fn\.tolist\(this\.getListAttribute/, ["set", "string"]],
  [/getNumberListAttribute/, ["list", "number"]],
  [/getListAttribute|private _\w+\?: string\[\];/, ["list", "string"]],
  [/getNumberAttribute|private _\w+\?: number;/, "number"],
  [/getBooleanAttribute|private _\w+\?: boolean/, "bool"],
  [/getStringAttribute|private _\w+\?: string;/, "string"],
];

function simpleType(part: string): AttributeType {
  const found = SIMPLE_TYPES.find(([pattern]) => pattern.test(part));
  if (found === undefined) throw new Error(`no type for:\n${part.slice(0, 300)}`);
  return found[1];
}

function objectType({ attributes, blocks = {} }: BlockSchema): Record<string, AttributeType> {
  const simple = Object.entries(attributes).map(([name, [type]]) => [name, type] as const);
  const nested = Object.entries(blocks).map(
    ([name, block]) => [name, [block.nesting === "set" ? "set" : "list", ["object", objectType(block)]]] as const,
  );
  return Object.fromEntries([...simple, ...nested]);
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
