import * as http from "node:http";
import * as https from "node:https";
import type { Clock } from "@draftmill/shared/clock.ts";
import { Alarm } from "./alarm.ts";

/** How a push ended. 102 counts as an answer: it settles the push, whatever follows. */
export type PushAnswer =
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "timed-out" }
  | { readonly kind: "failed"; readonly reason: string };

// https://cloud.google.com/pubsub/docs/push#receive_push
const ACKNOWLEDGING = new Set([102, 200, 201, 202, 204]);

export function acknowledges(answer: PushAnswer): boolean {
  return answer.kind === "answered" && ACKNOWLEDGING.has(answer.status);
}

/** Connections to endpoints, kept open between pushes and shared by all subscriptions. */
export class PushConnections {
  readonly plain = new http.Agent({ keepAlive: true });
  readonly secure = new https.Agent({ keepAlive: true });

  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }
}

interface Open {
  readonly deadlineMs: number;
  readonly end: (answer: PushAnswer) => void;
}

/**
 * Posts a subscription's pushes. One request for each call: no redirect is followed, and nothing is sent again when a
 * connection breaks.
 */
export class PushSender {
  readonly #clock: Clock;
  readonly #connections: PushConnections;
  readonly #open = new Set<Open>();
  // One timer for all: a timer for each of thousands of pushes a second cost a tenth of the processor (measured).
  readonly #alarm: Alarm;
  #aborted = false;

  constructor(clock: Clock, connections: PushConnections) {
    this.#clock = clock;
    this.#connections = connections;
    this.#alarm = new Alarm(clock, () => this.#timeOut());
  }

  /** Never rejects. At the timeout the request is destroyed. */
  send(endpoint: string, body: string, token: string | undefined, timeoutMs: number): Promise<PushAnswer> {
    if (this.#aborted) return Promise.resolve({ kind: "failed", reason: "ABORTED" });
    const request = this.#request(endpoint, body, token);
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    return new Promise((resolve) => {
      const open: Open = {
        deadlineMs,
        end: (answer) => {
          if (this.#open.delete(open) && answer.kind !== "answered") request.destroy();
          resolve(answer);
        },
      };
      this.#open.add(open);
      this.#alarm.set(deadlineMs);
      listen(request, open.end);
    });
  }

  /** Breaks off what is in flight, and sends nothing any more. */
  abort(): void {
    this.#aborted = true;
    this.#alarm.clear();
    for (const { end } of this.#open) end({ kind: "failed", reason: "ABORTED" });
  }

  #timeOut(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { deadlineMs, end } of this.#open) if (deadlineMs <= nowMs) end({ kind: "timed-out" });
    const nextMs = Math.min(...[...this.#open].map(({ deadlineMs }) => deadlineMs));
    if (Number.isFinite(nextMs)) this.#alarm.set(nextMs);
  }

  #request(endpoint: string, body: string, token: string | undefined): http.ClientRequest {
    const url = new URL(endpoint);
    const headers = {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      "User-Agent": "CloudPubSub-Google",
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const request =
      url.protocol === "https:"
        ? https.request(url, { method: "POST", headers, agent: this.#connections.secure })
        : http.request(url, { method: "POST", headers, agent: this.#connections.plain });
    return request.end(body);
  }
}

function listen(request: http.ClientRequest, end: (answer: PushAnswer) => void): void {
  request.on("information", ({ statusCode }) => {
    if (statusCode === 102) end({ kind: "answered", status: 102 });
  });
  request.on("response", (response) => {
    response.on("error", () => undefined);
    response.resume();
    end({ kind: "answered", status: response.statusCode ?? 0 });
  });
  request.on("error", (error) => end({ kind: "failed", reason: codeOf(error) }));
  request.on("close", () => end({ kind: "failed", reason: "CLOSED" }));
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
