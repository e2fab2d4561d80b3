import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import type { IdTokenSigner } from "../id-token-signer.ts";
import { AckIds } from "./ack-id.ts";
import { Broker } from "./broker.ts";
import { FaultScript, type PubsubFaults } from "./faults.ts";
import { createGrpcServer } from "./grpc-server.ts";
import type { LiveSubscription } from "./live-subscription.ts";
import { listen } from "./port-mux.ts";
import { loadProtocol } from "./protocol.ts";
import { invalid } from "./pubsub-error.ts";
import { PushLoop, type PushSupplies } from "./push-loop.ts";
import { PushConnections } from "./push-sender.ts";
import { PushTokens } from "./push-token.ts";
import type { PushWindowLimits } from "./push-window.ts";
import { shortId } from "./resource-name.ts";
import { createRestServer } from "./rest-server.ts";
import { Store } from "./store.ts";

const CLOSE_GRACE_MS = 5_000;
const DEFAULT_WINDOW: PushWindowLimits = { initial: 5, max: 1000 };

export interface PubsubOptions {
  /** A file, which outlives the process, or ":memory:". */
  readonly statePath: string;
  /** Signs the tokens of push requests. */
  readonly signer: IdTokenSigner;
  /** On 127.0.0.1; default 0, a free one. */
  readonly port?: number;
  readonly clock?: Clock;
  /** From 0 to 1, for the jitter of redeliveries. */
  readonly random?: () => number;
  /** Pub/Sub's minimum is 10; a test may want less. */
  readonly minAckDeadlineSeconds?: number;
  /** Whether failing pushes stop their whole subscription for a while, as at Google. Default true. */
  readonly pushBackoff?: boolean;
  /** Pushes of one subscription at once: from 5, up to 1000. */
  readonly pushWindow?: PushWindowLimits;
  /** How long `close` waits for pushes in flight, in milliseconds of the clock. Default 5000. */
  readonly closeGraceMs?: number;
  /** Told of each push that ended: `pubsub.push` with subscription, messageId, attempt, outcome, answer, durationMs. */
  readonly log?: (event: string, fields: Record<string, unknown>) => void;
}

/** A Pub/Sub that runs in this process, for one machine: the calls, limits and delivery rules of the real one. */
export interface EmbeddedPubsub {
  /** "127.0.0.1:8085", for `PUBSUB_EMULATOR_HOST`. */
  readonly hostPort: string;
  /** "http://127.0.0.1:8085", for REST and gcloud. */
  readonly url: string;
  /** Where the keys of the push tokens are, as JWKs. */
  readonly certsUrl: string;
  readonly faults: PubsubFaults;
  /**
   * Resolves when nothing of the subscription (short id or full name) is waiting, delayed or with a subscriber. Rejects
   * when the signal aborts, and if there is no such subscription.
   */
  idle(subscription: string, signal?: AbortSignal): Promise<void>;
  /** Stops pushing, lets answers in flight be recorded for a while, then closes port and store. Acked is on disk then. */
  close(): Promise<void>;
}

export async function startPubsub(options: PubsubOptions): Promise<EmbeddedPubsub> {
  const { statePath, signer, clock = systemClock, random = Math.random, closeGraceMs = CLOSE_GRACE_MS } = options;
  const store = new Store(statePath);
  const faults = new FaultScript();
  const connections = new PushConnections();
  const supplies: PushSupplies = {
    clock,
    connections,
    faults,
    tokens: new PushTokens(signer, clock),
    window: options.pushWindow ?? DEFAULT_WINDOW,
    pushBackoff: options.pushBackoff ?? true,
    log: options.log ?? (() => undefined),
  };
  const loops = new Map<LiveSubscription, PushLoop>();
  const stopping = new Set<Promise<void>>();
  const broker = new Broker({
    store,
    clock,
    random,
    minAckDeadlineSeconds: options.minAckDeadlineSeconds ?? 10,
    opened: (live) => loops.set(live, new PushLoop(live, supplies)),
    closed(live) {
      const stopped = loops.get(live)?.stop(closeGraceMs) ?? Promise.resolve();
      loops.delete(live);
      stopping.add(stopped);
      stopped.then(
        () => stopping.delete(stopped),
        () => undefined,
      );
    },
  });
  const service = { broker, clock, ackIds: new AckIds(randomUUID()) };
  const protocol = loadProtocol();
  const http = createRestServer(protocol.httpRules, service, () => signer.jwks());
  const port = await listen(createGrpcServer(protocol, service), http, options.port ?? 0).catch((error: unknown) => {
    store.close();
    throw error;
  });
  broker.open();
  const url = `http://127.0.0.1:${port.port}`;
  return {
    hostPort: `127.0.0.1:${port.port}`,
    url,
    certsUrl: `${url}/oauth2/v3/certs`,
    faults,
    idle: (subscription, signal) => idle(find(broker, subscription), signal),
    async close() {
      await Promise.all([...loops.values()].map((loop) => loop.stop(closeGraceMs)).concat(...stopping));
      await port.close();
      broker.close();
      connections.close();
      store.close();
    },
  };
}

function find(broker: Broker, name: string): LiveSubscription {
  const found = broker.subscriptions().filter(({ config }) => config.name === name || shortId(config.name) === name);
  const [live] = found;
  if (live === undefined || found.length > 1) throw invalid(`${found.length} subscriptions are called ${name}.`);
  return live;
}

async function idle(live: LiveSubscription, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => end(() => reject(signal?.reason ?? invalid(`${live.config.name} was closed.`)));
    const look = () => {
      if (live.size === 0) end(resolve);
    };
    const stop = live.onChange(look);
    const end = (settle: () => void) => {
      stop();
      signal?.removeEventListener("abort", abort);
      live.closed.removeEventListener("abort", abort);
      settle();
    };
    signal?.addEventListener("abort", abort, { once: true });
    live.closed.addEventListener("abort", abort, { once: true });
    look();
  });
}
