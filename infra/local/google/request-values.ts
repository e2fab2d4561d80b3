/** One query parameter; the first where it is repeated. */
export function queryValue(query: unknown, name: string): string | undefined {
  return queryValues(query, name)[0];
}

/** Every value of a repeated query parameter. */
export function queryValues(query: unknown, name: string): readonly string[] {
  const value = fieldOf(query, name);
  if (Array.isArray(value)) return value.filter((item) => typeof item === "string");
  return typeof value === "string" ? [value] : [];
}

/** A parameter of the path, decoded; "*" is the rest of a wildcard route. */
export function pathValue(params: unknown, name: string): string {
  const value = fieldOf(params, name);
  return typeof value === "string" ? value : "";
}

/** A field of a value that may be anything. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** A JSON text as a value; undefined where it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A request's body, which every route of this server receives as bytes. */
export function bodyBytes(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
