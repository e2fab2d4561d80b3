import { resolve } from "node:path";
import { type BenchContext, scaled } from "./bench-context.ts";
import { PROJECT } from "./counterparts/counterparts.ts";
import type { HttpLoadSettings } from "./load/http-load.ts";
import { draftsIn, type RequestKind } from "./load/requests.ts";
import { type Child, type OrderedChild, startOrdered } from "./measure/child.ts";
import { type Candidate, measureRequests, measureWindow, type Sample, sleep } from "./measure/rounds.ts";
import { type Service, type ServiceName, type ServiceOptions, startService } from "./measure/service.ts";
import type { Variant } from "./measure/variant.ts";

/** So many units that Gmail's quota of 6,000 does not bound what is measured: the most that the worker takes. */
const UNITS_PER_MINUTE = "1000000";
/** More requests than a window makes: the numbers of two windows never meet. */
const WINDOW_MAX = 10_000_000;
/** Of each mailbox, so that it has its token and is up to speed before anything is measured. */
const WARM_DRAFTS = 10;

/** A module of the bench, by its path there or its whole path, as the process under test; ends with the bench. */
export function startModule(
  context: BenchContext,
  path: string,
  environment: Readonly<Record<string, string>> = {},
): OrderedChild {
  const core = context.cores.subject;
  const module = resolve(import.meta.dirname, path);
  const child = startOrdered({
    name: path,
    args: [module],
    environment: { NODE_ENV: "production", ...environment },
    core,
  });
  context.onEnd(() => child.stop());
  return child;
}

/** The product's own service, from its bundle, in a folder of its own; ends with the bench. */
export async function startProduct(
  context: BenchContext,
  name: ServiceName,
  variant: Variant,
  environment: Readonly<Record<string, string>>,
  more: Pick<ServiceOptions, "isProbed"> = {},
): Promise<Service> {
  const service = await startService({
    ...more,
    name,
    image: await context.imageOf(variant.checkout),
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
export function startApi(
  context: BenchContext,
  variant: Variant,
  pubsubHost: string,
  more: Pick<ServiceOptions, "isProbed"> = {},
): Promise<Service> {
  return startProduct(context, "api", variant, { AUTH_MODE: "none", PUBSUB_EMULATOR_HOST: pubsubHost }, more);
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

/** A service under HTTP load, warm; its requests are never repeated. */
export async function httpCandidate(context: BenchContext, given: HttpCandidate): Promise<Candidate> {
  const load = context.counterparts.load();
  const costs = { subject: given.subject.pid, counterparts: given.counterparts.map(({ pid }) => pid) };
  runs += 1;
  const { url, connections, request } = given;
  const endless: HttpLoadSettings = { url, connections, request, run: `run${runs}` };
  const drafts = draftsIn(request);
  let from = 0;
  const measure = drafts === 1 ? measureSingle : await measureCalls();
  if (request.kind === "push") {
    const each = {
      ...endless,
      requests: request.mailboxes * scaled(WARM_DRAFTS, context.scale, 1),
      run: `${endless.run}-warm`,
    };
    await measureRequests(load, each, costs);
  }
  await warm(context, measure);
  return { name: given.name, configuration: given.configuration, measure };

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

export interface LoopProcess {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly counterparts: readonly Child[];
}

/** A process that works by itself; what it returns makes a candidate of it, warm, by the settings of its work. */
export async function loopsOf(context: BenchContext, { path, environment, counterparts }: LoopProcess) {
  const child = startModule(context, path, environment);
  const costs = { subject: child.pid, counterparts: counterparts.map(({ pid }) => pid) };
  return async (name: string, configuration: string, settings: unknown): Promise<Candidate> => {
    const measure = (windowMs: number) => measureWindow(child, settings, costs, windowMs);
    await warm(context, measure);
    return { name, configuration, measure };
  };
}
