import { join } from "node:path";
import { loadPackageDefinition, Server, ServerCredentials, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { decode, ExtData, encode } from "@msgpack/msgpack";
import type { BlockSchema, ProviderSchema } from "./provider-schema.ts";

/** A provider that Terraform plans with and that calls nobody. */
export interface StubProvider {
  /** What Terraform's environment needs so that it takes this one, and downloads none. */
  readonly environment: Readonly<Record<string, string>>;
  close(): void;
}

type Value = Readonly<Record<string, unknown>>;

/** Terraform's "not known yet" in MessagePack. */
const UNKNOWN = new ExtData(0, new Uint8Array([0]));

/**
 * Stands in for hashicorp/google: it has its schema, plans what Terraform proposes, and refuses to apply. By plugin protocol 6 over
 * gRPC on loopback, as Terraform's own tests of providers do it (TF_REATTACH_PROVIDERS). Of what the real one checks beside the schema it
 * knows the values of enumerations.
 * @param told what the real provider knows of a resource before it is made
 */
export async function startStubProvider(
  schema: ProviderSchema,
  told: (type: string, planned: Value) => Value = () => ({}),
): Promise<StubProvider> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  const loaded = loadPackageDefinition(loadSync(join(import.meta.dirname, "tfplugin6.proto"), { keepCase: true }));
  const { Provider } = loaded.tfplugin6 as unknown as { readonly Provider: ServiceClientConstructor };
  const blockOf = (type: string): BlockSchema => known(schema.resources, type);
  const methods: Readonly<Record<string, (request: Request) => unknown>> = {
    GetProviderSchema: () => ({
      provider: wireSchema(schema.provider),
      resource_schemas: mapOf(schema.resources, wireSchema),
      data_source_schemas: mapOf(schema.data, wireSchema),
    }),
    ValidateResourceConfig: ({ type_name, config }) => ({
      diagnostics: faults(blockOf(type_name), read(config), []),
    }),
    UpgradeResourceState: ({ raw_state }) => ({ upgraded_state: { json: raw_state.json } }),
    ReadResource: ({ current_state }) => ({ new_state: current_state }),
    PlanResourceChange({ type_name, proposed_new_state }) {
      const proposed = read(proposed_new_state);
      if (proposed === null) return { planned_state: proposed_new_state };
      const planned = planOf(blockOf(type_name), { ...proposed, ...told(type_name, proposed) });
      return { planned_state: written(planned), legacy_type_system: true };
    },
    ApplyResourceChange: () => ({
      diagnostics: [{ severity: "ERROR", summary: "nothing is ever applied by this stand-in" }],
    }),
    ReadDataSource({ type_name, config }) {
      const nothing = mapOf(known(schema.data, type_name).attributes, () => null);
      const asked = read(config) ?? {};
      return { state: written({ ...nothing, ...asked, ...told(`data.${type_name}`, asked) }) };
    },
  };
  const names = Object.keys(Provider.service);
  server.addService(
    Provider.service,
    Object.fromEntries(
      names.map((name) => [
        name,
        ({ request }: { request: Request }, answer: (error: Error | null, value?: unknown) => void) => {
          try {
            answer(null, methods[name]?.(request) ?? {});
          } catch (error) {
            answer(error instanceof Error ? error : new Error(String(error)));
          }
        },
      ]),
    ),
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const reattach = {
    Protocol: "grpc",
    ProtocolVersion: 6,
    Pid: process.pid,
    Test: true,
    Addr: { Network: "tcp", String: `127.0.0.1:${port}` },
  };
  return {
    environment: { TF_REATTACH_PROVIDERS: JSON.stringify({ "registry.terraform.io/hashicorp/google": reattach }) },
    close: () => server.forceShutdown(),
  };
}

/** The fields of the requests that are looked at, all of them: each method has its own. */
interface Request {
  readonly type_name: string;
  readonly config: DynamicValue;
  readonly raw_state: { readonly json: Uint8Array };
  readonly current_state: DynamicValue;
  readonly proposed_new_state: DynamicValue;
}

interface DynamicValue {
  readonly msgpack?: Uint8Array;
}

function read({ msgpack }: DynamicValue): Value | null {
  return msgpack === undefined || msgpack.length === 0 ? null : (decode(msgpack) as Value | null);
}

function written(value: unknown): DynamicValue {
  return { msgpack: encode(value) };
}

function known(blocks: Readonly<Record<string, BlockSchema>>, type: string): BlockSchema {
  const block = blocks[type];
  if (block === undefined)
    throw new Error(`google-schema.json does not have ${type}: node test/terraform/extract-schema.ts`);
  return block;
}

function mapOf<T, U>(from: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value)]));
}

function wireSchema(block: BlockSchema): unknown {
  return { version: 0, block: wireBlock(block) };
}

function wireBlock({ attributes, blocks = {} }: BlockSchema): unknown {
  return {
    attributes: Object.entries(attributes).map(([name, [type, flags]]) => ({
      name,
      type: Buffer.from(JSON.stringify(type)),
      required: flags === "r",
      optional: flags.includes("o"),
      computed: flags.includes("c"),
    })),
    block_types: Object.entries(blocks).map(([name, { nesting, min = 0, max = 0, ...block }]) => ({
      type_name: name,
      nesting: nesting.toUpperCase(),
      min_items: min,
      max_items: max,
      block: wireBlock(block),
    })),
  };
}

/** What the provider will only know afterwards is not known yet. */
function planOf(block: BlockSchema, value: Value): Value {
  const planned: Record<string, unknown> = { ...value };
  for (const [name, [, flags]] of Object.entries(block.attributes)) {
    if (flags.includes("c")) planned[name] ??= UNKNOWN;
  }
  for (const [name, nested] of Object.entries(block.blocks ?? {})) {
    const inside = planned[name];
    if (Array.isArray(inside)) planned[name] = inside.map((one) => (isObject(one) ? planOf(nested, one) : one));
  }
  return planned;
}

type Step = { readonly attribute_name: string } | { readonly element_key_int: number };

/** Values that are none of their enumeration's. */
function faults(block: BlockSchema, value: Value | null, at: readonly Step[]): unknown[] {
  if (value === null) return [];
  const own = Object.entries(block.attributes).flatMap(([name, [, , values]]) => {
    const given = [value[name]].flat().filter((one) => typeof one === "string" && one !== "");
    const wrong = given.filter((one) => values?.includes(String(one)) === false);
    const attribute = { steps: [...at, { attribute_name: name }] };
    return wrong.map((one) => ({
      severity: "ERROR",
      summary: `${name} is ${String(one)}, and may be one of ${values?.join(", ")}`,
      attribute,
    }));
  });
  const nested = Object.entries(block.blocks ?? {}).flatMap(([name, inner]) =>
    [value[name]].flat().flatMap((one, index) => {
      const steps = [
        ...at,
        { attribute_name: name },
        ...(inner.nesting === "list" ? [{ element_key_int: index }] : []),
      ];
      return isObject(one) ? faults(inner, one, steps) : [];
    }),
  );
  return [...own, ...nested];
}

function isObject(value: unknown): value is Value {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExtData);
}
