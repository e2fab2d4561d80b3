import { invalid } from "./pubsub-error.ts";
import { isObject, lowerCamel, type WireFormat } from "./wire-format.ts";

/**
 * Reads a decoded request field by field, with proto3's defaults for what is absent. It remembers what was read, so
 * that `refuseTheRest` can turn down a setting that this service would otherwise silently ignore.
 */
export class WireMessage {
  readonly format: WireFormat;
  readonly #fields: Map<string, unknown>;
  readonly #path: string;

  constructor(value: unknown, format: WireFormat, path = "") {
    if (!isObject(value)) throw invalid(`${path || "The request"} must be an object.`);
    this.format = format;
    this.#path = path;
    this.#fields = new Map();
    for (const [name, field] of Object.entries(value)) {
      if (field !== undefined && field !== null)
        this.#fields.set(format.name === "json" ? lowerCamel(name) : name, field);
    }
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  string(name: string): string {
    return this.#read(name, "", (value) => (typeof value === "string" ? value : undefined), "a string");
  }

  boolean(name: string): boolean {
    const read = (value: unknown) =>
      typeof value === "boolean" ? value : value === "true" ? true : value === "false" ? false : undefined;
    return this.#read(name, false, read, "true or false");
  }

  integer(name: string): number {
    return this.#read(name, 0, asInteger, "an integer");
  }

  strings(name: string): string[] {
    return this.#list(name, (value) => (typeof value === "string" ? value : undefined), "strings");
  }

  integers(name: string): number[] {
    return this.#list(name, asInteger, "integers");
  }

  /** A map of strings. */
  map(name: string): Record<string, string> {
    const entries = Object.entries(this.#read(name, {}, (value) => (isObject(value) ? value : undefined), "a map"));
    return Object.fromEntries(
      entries.map(([key, value]) => {
        if (typeof value !== "string") throw this.#wrong(`${name}.${key}`, "a string");
        return [key, value];
      }),
    );
  }

  message(name: string): WireMessage | undefined {
    const value = this.#take(name);
    return value === undefined ? undefined : new WireMessage(value, this.format, this.#at(name));
  }

  messages(name: string): WireMessage[] {
    const read = (value: unknown) => new WireMessage(value, this.format, this.#at(name));
    return this.#list(name, read, "messages");
  }

  /** Milliseconds. */
  duration(name: string): number | undefined {
    const value = this.#take(name);
    return value === undefined ? undefined : this.format.duration(value);
  }

  /** Milliseconds since the epoch. */
  timestamp(name: string): number | undefined {
    const value = this.#take(name);
    return value === undefined ? undefined : this.format.timestamp(value);
  }

  bytes(name: string): Uint8Array {
    const value = this.#take(name);
    return value === undefined ? new Uint8Array(0) : this.format.bytes(value);
  }

  mask(name: string): string[] {
    const value = this.#take(name);
    return value === undefined ? [] : this.format.mask(value);
  }

  /** Fields that only the service sets; clients send them back after a get. */
  skip(...names: string[]): this {
    for (const name of names) this.#fields.delete(name);
    return this;
  }

  /** INVALID_ARGUMENT if a field is set that nobody has read. */
  refuseTheRest(): void {
    for (const [name, value] of this.#fields) {
      if (!isDefault(value))
        throw invalid(`${this.#at(name)} is unknown to, or not supported by, the embedded Pub/Sub.`);
    }
  }

  #list<T>(name: string, item: (value: unknown) => T | undefined, kind: string): T[] {
    const list = this.#read(name, [], (value) => (Array.isArray(value) ? value : undefined), `a list of ${kind}`);
    return list.map((value: unknown) => {
      const read = item(value);
      if (read === undefined) throw this.#wrong(name, `a list of ${kind}`);
      return read;
    });
  }

  #read<T>(name: string, absent: T, read: (value: unknown) => T | undefined, kind: string): T {
    const value = this.#take(name);
    if (value === undefined) return absent;
    const result = read(value);
    if (result === undefined) throw this.#wrong(name, kind);
    return result;
  }

  #take(name: string): unknown {
    const value = this.#fields.get(name);
    this.#fields.delete(name);
    return value;
  }

  #wrong(name: string, kind: string): Error {
    return invalid(`${this.#at(name)} must be ${kind}.`);
  }

  #at(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}

function asInteger(value: unknown): number | undefined {
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) ? number : undefined;
}

function isDefault(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === "" || value === 0 || value === false;
}
