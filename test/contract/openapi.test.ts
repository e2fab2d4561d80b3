import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { test } from "node:test";
import { describeApi } from "@draftmill/api/openapi.ts";
import { DRAFT_REQUEST_SCHEMA } from "@draftmill/shared/contract/draft-request-schema.ts";
import { ERROR_CODES } from "@draftmill/shared/error-codes.ts";
import Fastify, { type FastifyInstance, type RouteOptions } from "fastify";
import { anApi, MAILBOX, post, REQUEST, work } from "../unit/api/api-under-test.ts";
import { anApiWithCallers, CRM, OPERATOR } from "../unit/api/callers-under-test.ts";

const DOCUMENT = describeApi();
const METHODS = ["get", "post", "put", "patch", "delete"] as const;

interface Operation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly responses: Readonly<
    Record<
      string,
      { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema?: unknown }>> }
    >
  >;
}

interface Reference {
  readonly $ref?: string | undefined;
}

/** "GET /v1/drafts/{id}" → its operation. */
const OPERATIONS = new Map<string, Operation>(
  Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): [string, Operation][] => {
      const operation: Operation | undefined = Object.entries(item).find(([name]) => name === method)?.[1];
      return operation === undefined ? [] : [[`${method.toUpperCase()} ${path}`, operation]];
    }),
  ),
);

function resolve(pointer: string): unknown {
  return pointer
    .slice("#/".length)
    .split("/")
    .reduce<unknown>((node, key) => Object(node)[key.replaceAll("~1", "/").replaceAll("~0", "~")], DOCUMENT);
}

test("the document lists every route of the service, and no other", async (t) => {
  const routes: RouteOptions[] = [];
  const collect = (message: unknown): void => {
    const { fastify }: { fastify?: FastifyInstance } = Object(message);
    fastify?.addHook("onRoute", (route) => void routes.push(route));
  };
  diagnostics.subscribe("fastify.initialization", collect);
  t.after(() => diagnostics.unsubscribe("fastify.initialization", collect));
  const { app } = await anApi(t);
  await app.ready();
  const served = routes
    .flatMap(({ method, url }) => [method].flat().map((one) => `${one} ${url.replace(/:(\w+)/g, "{$1}")}`))
    .filter((route) => !route.startsWith("HEAD "));
  assert.deepEqual(served.toSorted(), [...OPERATIONS.keys()].toSorted());
});

test("every reference leads somewhere and every operation has a name of its own", () => {
  const references = [...JSON.stringify(DOCUMENT).matchAll(/"\$ref":"([^"]+)"/g)].map(([, pointer]) => pointer ?? "");
  assert.ok(references.length > 10);
  for (const pointer of references) assert.notEqual(resolve(pointer), undefined, pointer);
  const names = [...OPERATIONS.values()].map(({ operationId }) => operationId);
  assert.equal(new Set(names).size, names.length);
});

test("the document is served as it is made, and holds the code table", async (t) => {
  const { app } = await anApi(t);
  const answer = await app.inject("/openapi.json");
  assert.deepEqual(answer.json(), JSON.parse(JSON.stringify(DOCUMENT)));
  assert.deepEqual(answer.json()["x-error-codes"], JSON.parse(JSON.stringify(ERROR_CODES)));
  const { $id: _id, ...schema } = DRAFT_REQUEST_SCHEMA;
  assert.deepEqual(answer.json().components.schemas.DraftRequest, JSON.parse(JSON.stringify(schema)));
});

/** A Fastify whose one route accepts what fits `schema`: its Ajv is the judge, strictly, with nothing coerced. */
async function judge(schema: unknown, value: unknown): Promise<string> {
  const app = Fastify({
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true } },
  });
  app.post("/", { schema: { body: schema } }, async () => "fits");
  return (await app.inject({ method: "POST", url: "/", payload: { value } })).body;
}

test("every operation that wants a caller says so, and only those are open that may be", () => {
  const open = [...OPERATIONS].filter(([, { security }]) => security === undefined).map(([name]) => name);
  assert.deepEqual(open.toSorted(), [
    "GET /",
    "GET /callers.schema.json",
    "GET /console/{name}",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /openapi.json",
  ]);
  for (const [name, { security, responses }] of OPERATIONS) {
    if (security === undefined) continue;
    assert.ok(
      security.some((scheme) => "identityToken" in scheme),
      name,
    );
    for (const status of [401, 403, 429])
      assert.ok(responses[status] !== undefined, `${name} does not tell of ${status}`);
  }
});

test("every schema compiles, and the examples of a request fit theirs", async () => {
  for (const schema of Object.values(DOCUMENT.components.schemas)) {
    const wrapped = { type: "object", properties: { value: schema } };
    assert.notEqual(await judge(wrapped, undefined), "");
  }
  const wrapped = { type: "object", properties: { value: DOCUMENT.components.schemas.DraftRequest } };
  assert.equal(await judge(wrapped, REQUEST), "fits");
  assert.notEqual(await judge(wrapped, { ...REQUEST, bbc: "x" }), "fits");
});

test("what the service answers fits what the document says, status by status", async (t) => {
  const { app, ledger, publisher } = await anApi(t);
  const keyed = { ...REQUEST, dedupeKey: "k" };
  const failing = { ...REQUEST, dedupeKey: "f" };
  const queued = await post(app, "/v1/drafts", keyed);
  await work(ledger, queued.json().id, "create");
  const failed = await post(app, "/v1/drafts", failing);
  await work(ledger, failed.json().id, "park");
  const replay = await post(app, "/v1/replays", { filter: { code: "GMAIL_OFF" } });
  const answers = [
    ["POST /v1/drafts", queued],
    ["POST /v1/drafts", await post(app, "/v1/drafts", keyed)],
    ["POST /v1/drafts", await post(app, "/v1/drafts", failing)],
    ["POST /v1/drafts", await post(app, "/v1/drafts", "{")],
    ["POST /v1/drafts", await post(app, "/v1/drafts", { ...REQUEST, mailbox: "boss@corp.example" })],
    ["POST /v1/drafts", await post(app, "/v1/drafts", { to: 1 })],
    ["POST /v1/drafts", await post(app, "/v1/drafts", "{}", { "content-type": "text/plain" })],
    ["POST /v1/drafts", await post(app, "/v1/drafts", { ...REQUEST, message: "x".repeat(8 * 1024 * 1024) })],
    ["POST /", await post(app, "/", keyed)],
    ["POST /", await post(app, "/", REQUEST, { prefer: "respond-async" })],
    ["GET /v1/drafts", await app.inject("/v1/drafts")],
    ["GET /v1/drafts", await app.inject("/v1/drafts?limit=0")],
    ["GET /v1/drafts", await app.inject("/v1/drafts?groupBy=state")],
    ["GET /v1/drafts/{id}", await app.inject(`/v1/drafts/${failed.json().id}`)],
    ["GET /v1/drafts/{id}", await app.inject("/v1/drafts/none")],
    ["GET /v1/failures", await app.inject("/v1/failures")],
    ["GET /v1/failures", await app.inject("/v1/failures?groupBy=code")],
    ["GET /v1/failures", await app.inject("/v1/failures?limit=0")],
    ["POST /v1/replays", await post(app, "/v1/replays", { filter: { code: "GMAIL_OFF" }, dryRun: true })],
    ["POST /v1/replays", replay],
    ["POST /v1/replays", await post(app, "/v1/replays", { filter: 1 })],
    ["GET /v1/replays", await app.inject("/v1/replays")],
    ["GET /v1/replays/{id}", await app.inject(`/v1/replays/${replay.json().id}`)],
    ["GET /v1/replays/{id}", await app.inject("/v1/replays/none")],
    ["POST /v1/replays/{id}/cancel", await post(app, "/v1/replays/none/cancel", {})],
    ["GET /v1/incidents", await app.inject("/v1/incidents")],
    ["GET /console/{name}", await app.inject("/console/none.js")],
    ["GET /health/live", await app.inject("/health/live")],
    ["GET /health/ready", await app.inject("/health/ready")],
  ] as const;
  publisher.set("fail");
  const unconfirmed = ["POST /v1/drafts", await post(app, "/v1/drafts", REQUEST)] as const;
  for (const [name, answer] of [...answers, unconfirmed]) {
    const type = String(answer.headers["content-type"]).split(";")[0] ?? "";
    const described = OPERATIONS.get(name)?.responses[answer.statusCode];
    const { $ref, anyOf = [{ $ref }] }: Reference & { anyOf?: readonly Reference[] } = Object(
      described?.content?.[type]?.schema,
    );
    const schemas = anyOf.map((one) => (one.$ref === undefined ? undefined : resolve(one.$ref)));
    assert.ok(!schemas.includes(undefined), `${name} ${answer.statusCode} ${type} is not described`);
    const wrapped = { type: "object", required: ["value"], properties: { value: { anyOf: schemas } } };
    assert.equal(await judge(wrapped, answer.json()), "fits", `${name} ${answer.statusCode}`);
  }
});

test("every refusal of a caller is told of, code by code", async (t) => {
  const { app, as } = await anApiWithCallers(t, {
    callers: [
      { caller: CRM, mailboxes: [MAILBOX], role: "submit", requestsPerSecond: 1_000, draftsPerDay: 1 },
      { caller: OPERATOR, mailboxes: [], role: "operate", requestsPerSecond: 0.01 },
    ],
  });
  const [crm, spent, eve] = [await as(CRM), await as(OPERATOR), await as("eve@example.com")];
  await app.inject({ url: "/v1/drafts", headers: spent });
  await post(app, "/v1/drafts", REQUEST, crm);
  const codes = new Set<string>();
  const met = async (name: string, headers: Record<string, string>, url = name.split(" ")[1] ?? ""): Promise<void> => {
    const method = name.startsWith("POST ") ? "POST" : "GET";
    const payload = method === "POST" ? { payload: REQUEST } : {};
    const answer = await app.inject({ method, url: url.replace("{id}", "x"), headers, ...payload });
    const { code } = answer.json();
    const described = OPERATIONS.get(name)?.responses[answer.statusCode]?.description ?? "";
    assert.match(described, new RegExp(`\\b${code}\\b`), `${name} does not tell of ${code}`);
    codes.add(code);
  };
  for (const [name, { security }] of OPERATIONS) {
    if (security === undefined) continue;
    for (const headers of [{}, spent, eve]) await met(name, headers);
    // What is left for a caller in the role submit.
    if (!/drafts\/\{id\}/.test(name)) await met(name, crm);
  }
  await met("GET /v1/drafts", crm, "/v1/drafts?mailbox=a@b.example");
  assert.deepEqual([...codes].toSorted(), [
    "BATCH_INVALID",
    "BATCH_NOT_FOUND",
    "CALLER_NOT_ALLOWED",
    "DRAFTS_PER_DAY_EXCEEDED",
    "MAILBOX_NOT_ALLOWED",
    "MEDIA_TYPE_UNSUPPORTED",
    "REQUESTS_PER_SECOND_EXCEEDED",
    "ROLE_NOT_ALLOWED",
    "UNAUTHENTICATED",
  ]);
});
