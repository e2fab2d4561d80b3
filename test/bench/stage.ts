import { join } from "node:path";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import type { BenchContext } from "./bench-context.ts";
import type { FakeGoogleAddresses, FakeGoogleSettings } from "./counterparts/fake-google.ts";
import type { HttpLoadSettings } from "./load/http-load.ts";
import { draftsIn, type RequestKind } from "./load/requests.ts";
import { type Child, type OrderedChild, startOrdered } from "./measure/child.ts";
import { type Candidate, measureRequests, measureWindow, type Sample, sleep } from "./measure/rounds.ts";
import { type Service, type ServiceName, startService } from "./measure/service.ts";
import type { Variant } from "./measure/variant.ts";
import type { GoogleAddresses } from "./peers/signed-token.ts";

const PROJECT = "bench-project";
const PUSH_AUDIENCE = "https://worker.example.test";
const PUSH_ACCOUNT = `push@${PROJECT}.iam.gserviceaccount.com`;
const SERVICE_ACCOUNT = `worker@${PROJECT}.iam.gserviceaccount.com`;
/** So many units that Gmail's quota of 6,000 does not bound what is measured: the most that the worker takes. */
const UNITS_PER_MINUTE = "1000000";
/** More requests than a window makes: the numbers of two windows never meet. */
const WINDOW_MAX = 10_000_000;
/** Of each mailbox, so that it has its token and is up to speed before anything is measured. */
const WARM_DRAFTS = 10;
const TOKEN_LIFE_S = 3_600;

/** A module of the bench as a process that takes orders; ends with the bench. */
export function startModule(
  context: BenchContext,
  path: string,
  core: number | null,
  environment: Readonly<Record<string, string>> = {},
): OrderedChild {
  const module = join(import.meta.dirname, path);
  const child = startOrdered({
    name: path,
    args: [module],
    environment: { NODE_ENV: "production", ...environment },
    core,
  });
  context.onEnd(() => child.stop());
  return child;
}

/** What stands for Pub/Sub, as the address that clients get. */
export async function startPubsub(context: BenchContext, ackMs: number) {
  const child = startModule(context, "counterparts/null-pubsub.ts", context.cores.load);
  return { child, host: String(await child.start({ ackMs })) };
}

export interface GoogleStage {
  readonly child: OrderedChild;
  /** For the worker. */
  readonly environment: Readonly<Record<string, string>>;
  /** For the peers, with the environment that their process needs. */
  readonly addresses: GoogleAddresses;
  readonly plainAddresses: GoogleAddresses;
  readonly peerEnvironment: Readonly<Record<string, string>>;
  /** A push of the subscription, with a token that the worker verifies. */
  push(mailboxes: number): RequestKind;
  setLatency(latencyMs: number): Promise<void>;
}

/** What stands for Google: signJwt, token endpoint and Gmail with TLS, metadata and keys without. */
export async function startGoogle(
  context: BenchContext,
  scene: { readonly latencyMs: number; readonly refuseForSeconds?: number },
): Promise<GoogleStage> {
  const { folder, tls, cores } = context;
  const { writeFileSync } = await import("node:fs");
  const caPath = join(folder("tls"), "ca.pem");
  writeFileSync(caPath, tls.certificatePem);
  const signer = await createIdTokenSigner();
  const child = startModule(context, "counterparts/fake-google.ts", cores.load);
  const settings: FakeGoogleSettings = { ...scene, ...tls, jwks: signer.jwks() };
  const { secureUrl, plainUrl, metadataHost } = (await child.start(settings)) as FakeGoogleAddresses;
  const nowS = Math.floor(Date.now() / 1_000);
  const token = await signer.sign({
    iss: "https://accounts.google.com",
    aud: PUSH_AUDIENCE,
    sub: "1",
    email: PUSH_ACCOUNT,
    email_verified: true,
    iat: nowS,
    exp: nowS + TOKEN_LIFE_S,
  });
  const at = (url: string): GoogleAddresses => ({
    iamUrl: url,
    tokenUrl: `${url}/token`,
    gmailUrl: url,
    serviceAccount: SERVICE_ACCOUNT,
  });
  const peerEnvironment = {
    NODE_EXTRA_CA_CERTS: caPath,
    GCE_METADATA_HOST: metadataHost,
    METADATA_SERVER_DETECTION: "assume-present",
    GOOGLE_CLOUD_PROJECT: PROJECT,
  };
  return {
    child,
    peerEnvironment,
    addresses: at(secureUrl),
    plainAddresses: at(plainUrl),
    environment: {
      ...peerEnvironment,
      GMAIL_ENDPOINT: secureUrl,
      IAM_CREDENTIALS_ENDPOINT: secureUrl,
      SERVICE_ACCOUNTS_ENDPOINT: secureUrl,
      OAUTH_TOKEN_ENDPOINT: `${secureUrl}/token`,
      GOOGLE_CERTS_ENDPOINT: `http://${metadataHost}/certs`,
      GOOGLE_SERVICE_ACCOUNT_EMAIL: SERVICE_ACCOUNT,
      PUSH_AUDIENCE,
      PUSH_SERVICE_ACCOUNT: PUSH_ACCOUNT,
    },
    push: (mailboxes) => ({
      kind: "push",
      path: "/push",
      mailboxes,
      subscription: `projects/${PROJECT}/subscriptions/draft-requests-push`,
      token,
    }),
    async setLatency(latencyMs) {
      await child.start({ ...settings, latencyMs });
    },
  };
}

/** The product's own service, from its bundle, in a folder of its own; ends with the bench. */
export async function startProduct(
  context: BenchContext,
  name: ServiceName,
  variant: Variant,
  environment: Readonly<Record<string, string>>,
): Promise<Service> {
  const service = await startService({
    name,
    dist: variant.dist ?? context.dist,
    folder: context.folder(name),
    core: context.cores.subject,
    environment: {
      GOOGLE_CLOUD_PROJECT: PROJECT,
      MAILBOXES: "@example.com",
      GMAIL_UNITS_PER_MINUTE: UNITS_PER_MINUTE,
      ...environment,
      ...variant.environment,
    },
  });
  context.onEnd(() => service.stop());
  return service;
}

/** The api of a variant, publishing to this Pub/Sub. */
export function startApi(context: BenchContext, variant: Variant, pubsubHost: string): Promise<Service> {
  return startProduct(context, "api", variant, { AUTH_MODE: "none", PUBSUB_EMULATOR_HOST: pubsubHost });
}

export interface HttpCandidate {
  readonly name: string;
  readonly configuration: string;
  readonly url: string;
  readonly subject: Child;
  readonly counterparts: readonly Child[];
  readonly request: RequestKind;
  readonly connections: number;
}

let runs = 0;

/** A service under HTTP load, warm; each has a load process of its own, so that its requests are never repeated. */
export async function httpCandidate(context: BenchContext, given: HttpCandidate): Promise<Candidate> {
  const load = startModule(context, "load/http-load.ts", context.cores.load);
  const costs = { subject: given.subject.pid, counterparts: given.counterparts.map(({ pid }) => pid) };
  runs += 1;
  const { url, connections, request } = given;
  const endless: HttpLoadSettings = { url, connections, request, run: `run${runs}` };
  const drafts = draftsIn(request);
  let from = 0;
  const measure = drafts === 1 ? measureSingle : await measureCalls();
  if (request.kind === "push") {
    const each = { ...endless, requests: request.mailboxes * WARM_DRAFTS, run: `${endless.run}-warm` };
    await measureRequests(load, each, costs);
  }
  await warm(context, measure);
  return { name: given.name, configuration: given.configuration, measure, close: () => load.stop() };

  function measureSingle(windowMs: number): Promise<Sample> {
    from += WINDOW_MAX;
    return measureWindow(load, { ...endless, from }, costs, windowMs);
  }

  /** A call of many drafts may take longer than a window: so many whole ones as fill it, at least one on each connection. */
  async function measureCalls(): Promise<(windowMs: number) => Promise<Sample>> {
    const some = async (requests: number): Promise<Sample> => {
      from += requests;
      return measureRequests(load, { ...endless, from: from - requests, requests }, costs);
    };
    const { perSecond } = await some(connections);
    return (windowMs) => some(Math.max(connections, Math.round((perSecond * windowMs) / 1_000 / drafts)));
  }
}

/** Runs code often enough for it to be compiled, and lets what happens only at first happen. */
async function warm(context: BenchContext, measure: (windowMs: number) => Promise<unknown>): Promise<void> {
  await measure(context.scale.warmMs);
  await sleep(100);
}

/** A process that works by itself, warm. */
export async function loopCandidate(
  context: BenchContext,
  given: {
    readonly name: string;
    readonly configuration: string;
    readonly path: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly counterparts: readonly Child[];
    readonly settings: unknown;
  },
): Promise<Candidate> {
  const child = startModule(context, given.path, context.cores.subject, given.environment);
  const costs = { subject: child.pid, counterparts: given.counterparts.map(({ pid }) => pid) };
  const measure = (windowMs: number) => measureWindow(child, given.settings, costs, windowMs);
  await warm(context, measure);
  return { name: given.name, configuration: given.configuration, measure, close: () => child.stop() };
}
