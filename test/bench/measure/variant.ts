/** The product with other settings or from another build, to be compared with it in the same rounds. */
export interface Variant {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The folder of another checkout that it is built from; null for this one. */
  readonly checkout: string | null;
}

export const AS_SHIPPED: Variant = { name: "draftmill", environment: {}, checkout: null };

/** Publishes what the client library does by default: messages without an ordering key. */
export const WITHOUT_KEYS: Variant = {
  name: "draftmill without keys",
  environment: { ORDERING_SHARDS: "0" },
  checkout: null,
};

/** Reads `NAME:SETTING=VALUE,…`; the setting `checkout` is the folder of another checkout. */
export function parseVariant(text: string): Variant {
  const [, name = "", settings = ""] = /^([^:]+):(.+)$/.exec(text) ?? [];
  const pairs = settings.split(",").map((pair) => /^(\w+)=(.*)$/.exec(pair.trim()));
  if (name === "" || pairs.some((pair) => pair === null)) {
    throw new Error(`a variant is NAME:SETTING=VALUE,… and not ${JSON.stringify(text)}`);
  }
  const given = Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? "", pair?.[2] ?? ""]));
  const { checkout = null, ...environment } = given;
  return { name: `draftmill, ${name.trim()}`, environment, checkout };
}
