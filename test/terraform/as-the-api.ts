import type { BlockSchema } from "./provider-schema.ts";

type Values = Readonly<Record<string, unknown>>;

/**
 * Planned values as Google's API would tell them: names in camel case, a block that can stand once as an object. What the plan does not
 * know is left out.
 */
export function asTheApi(block: BlockSchema, values: Values): Values {
  const own = Object.keys(block.attributes).map((name) => [camel(name), values[name]] as const);
  const nested = Object.entries(block.blocks ?? {}).map(([name, inner]) => {
    const given = [values[name] ?? []].flat() as unknown as readonly Values[];
    const told = given.map((one) => asTheApi(inner, one));
    return [camel(name), inner.max === 1 || inner.nesting === "single" ? told[0] : told] as const;
  });
  return Object.fromEntries([...own, ...nested].filter(([, value]) => value !== undefined && value !== null));
}

/** Where `told` differs from what is expected, leaf by leaf; what is expected may be less than all. */
export function differences(expected: unknown, told: unknown, except: ReadonlySet<string>, at = ""): readonly string[] {
  if (Array.isArray(expected)) {
    const list = Array.isArray(told) ? told : [];
    return expected.flatMap((one, n) => differences(one, list[n], except, `${at}[${n}]`));
  }
  if (typeof expected === "object" && expected !== null) {
    return Object.entries(expected).flatMap(([name, value]) => {
      const place = at === "" ? name : `${at}.${name}`;
      if (except.has(name)) return [];
      return differences(value, (told as Values | undefined)?.[name], except, place);
    });
  }
  return String(expected) === String(told) ? [] : [`${at}: ${String(told)}, expected ${String(expected)}`];
}

function camel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
