/** A query's schema as parameters. */
export function queryParameters({
  properties,
}: {
  readonly properties: Readonly<Record<string, { readonly description: string }>>;
}) {
  return Object.entries(properties).map(([name, { description, ...schema }]) => {
    return { name, in: "query", description, schema };
  });
}

/** Names one of `COMPONENTS`. */
export function ref(kind: string, name: string) {
  return { $ref: `#/components/${kind}/${name}` };
}

/** An answer of one schema. */
export function json(description: string, schema: string) {
  return { description, content: { "application/json": { schema: ref("schemas", schema) } } };
}

/** An answer of either of two schemas, as the query asks. */
export function eitherJson(description: string, ...schemas: readonly string[]) {
  const anyOf = schemas.map((name) => ref("schemas", name));
  return { description, content: { "application/json": { schema: { anyOf } } } };
}
