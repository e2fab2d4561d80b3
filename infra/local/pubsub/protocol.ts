import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fromJSON, type PackageDefinition, type ServiceDefinition } from "@grpc/proto-loader";
import { isObject } from "./wire-format.ts";

/** Where JSON clients find a call, as the proto's `google.api.http` option says. */
export interface HttpRule {
  readonly service: string;
  readonly method: string;
  readonly verb: string;
  /** `/v1/{topic=projects/*}/…` as a regular expression, and the request field that its group fills. */
  readonly path: RegExp;
  readonly field: string;
  /** The names of the request's fields, in camelCase. */
  readonly requestFields: ReadonlySet<string>;
}

export interface Protocol {
  readonly publisher: ServiceDefinition;
  readonly subscriber: ServiceDefinition;
  readonly httpRules: readonly HttpRule[];
}

/** The protocol as the pinned client library ships it, so that both ends always speak the same version. */
export function loadProtocol(): Protocol {
  const client = createRequire(createRequire(import.meta.url).resolve("@google-cloud/pubsub"));
  const descriptor = JSON.parse(
    readFileSync(client.resolve("@google-cloud/pubsub-api/build/protos/protos.json"), "utf8"),
  );
  const definition = fromJSON(descriptor, { longs: Number, enums: String });
  return {
    publisher: serviceOf(definition, "google.pubsub.v1.Publisher"),
    subscriber: serviceOf(definition, "google.pubsub.v1.Subscriber"),
    httpRules: ["Publisher", "Subscriber"].flatMap((service) => httpRulesOf(descriptor, service)),
  };
}

function serviceOf(definition: PackageDefinition, name: string): ServiceDefinition {
  const service = definition[name];
  if (service === undefined || "format" in service) throw new Error(`the client library ships no ${name}`);
  return service;
}

const VERBS = ["get", "put", "post", "patch", "delete"] as const;

function httpRulesOf(descriptor: unknown, service: string): HttpRule[] {
  const types = entriesAt(descriptor, "nested", "google", "nested", "pubsub", "nested", "v1", "nested");
  const methods = entriesAt(types, service, "methods");
  return Object.entries(methods).flatMap(([method, definition]) => {
    const { options, requestType } = isObject(definition) ? definition : {};
    const requestFields = new Set(Object.keys(entriesAt(types, String(requestType), "fields")));
    return VERBS.flatMap((verb) => {
      const template = isObject(options) ? options[`(google.api.http).${verb}`] : undefined;
      if (typeof template !== "string") return [];
      return [{ service, method, verb: verb.toUpperCase(), requestFields, ...parseTemplate(template) }];
    });
  });
}

function parseTemplate(template: string): Pick<HttpRule, "path" | "field"> {
  const [, before = "", field = "", pattern = "", after = ""] =
    /^([^{]*)\{([\w.]+)=([^}]*)\}(.*)$/.exec(template) ?? [];
  return { path: new RegExp(`^${before}(${pattern.replaceAll("*", "[^/:]+")})${after}$`), field };
}

function entriesAt(value: unknown, ...path: string[]): Record<string, unknown> {
  const found = path.reduce((at, key) => (isObject(at) ? at[key] : undefined), value);
  if (!isObject(found)) throw new Error(`the client library's descriptor has no ${path.join(".")}`);
  return found;
}
