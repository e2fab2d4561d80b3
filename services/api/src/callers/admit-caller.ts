import type { Clock } from "@draftmill/shared/clock.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import { IdTokenRefused } from "@draftmill/shared/id-token-claims.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Authentication } from "../auth/authenticate.ts";
import type { Identity } from "../auth/identity.ts";
import { type Access, accessOf, EVERYBODY } from "./access.ts";
import { type CallerEntry, type CallerPolicy, type CallerRole, entryFor } from "./caller-policy.ts";
import { writePolicy, writeRemaining } from "./rate-limit-fields.ts";
import { TokenBuckets } from "./token-bucket.ts";

/** Whom the api serves. */
export type Admission =
  | { readonly kind: "everybody" }
  | {
      readonly kind: "callers";
      readonly authentication: Authentication;
      /** The policy in force. */
      policy(): CallerPolicy;
    };

declare module "fastify" {
  interface FastifyRequest {
    access: Access;
  }
  interface FastifyContextConfig {
    /** The role that a route asks for; `operate` unless it says so. */
    readonly needs?: CallerRole;
  }
}

/** Gives every request of `app` its access, or ends it, before its body is read: who calls, how often, in which role. */
export function admitCallers(app: FastifyInstance, admission: Admission, clock: Clock): void {
  const buckets = new TokenBuckets();
  app.decorateRequest("access");
  if (admission.kind === "everybody") {
    app.addHook("onRequest", (request, _reply, done) => {
      request.access = EVERYBODY;
      request.event.caller = null;
      done();
    });
    return;
  }
  app.addHook("onRequest", async (request, reply) => {
    const identity = await identify(admission.authentication, request);
    request.event.caller = identity.email;
    const entry = entryFor(admission.policy(), identity);
    if (entry === null) throw unknownCaller(request, identity);
    limitRate(buckets, entry, identity.email, reply, clock.monotonicMs());
    const access = accessOf(identity.email, entry);
    const { needs = "operate" } = request.routeOptions.config;
    if (needs === "operate" && !access.mayOperate) throw new DraftError("ROLE_NOT_ALLOWED");
    request.access = access;
  });
}

/** The reason goes to the log; whoever is not known is told the code and no more. */
async function identify(authentication: Authentication, { headers, event }: FastifyRequest): Promise<Identity> {
  try {
    return await authentication.identify(headers);
  } catch (error) {
    event.claimed = authentication.claimed(headers);
    if (error instanceof IdTokenRefused) {
      event.reason = error.reason;
      throw new DraftError("UNAUTHENTICATED");
    }
    if (!(error instanceof DraftError)) throw error;
    event.reason = error.reason;
    throw new DraftError(error.code);
  }
}

function unknownCaller({ event }: FastifyRequest, { ofItsDomain }: Identity): DraftError {
  event.reason = ofItsDomain
    ? "CALLERS_FILE has no entry for the caller"
    : "CALLERS_FILE has no entry for the caller's address, and an @domain does not stand for personal accounts";
  return new DraftError("CALLER_NOT_ALLOWED");
}

function limitRate(
  buckets: TokenBuckets,
  entry: CallerEntry,
  caller: string,
  reply: FastifyReply,
  nowMs: number,
): void {
  const { taken, remaining, nextMs, fullMs } = buckets.take(caller, entry, nowMs);
  writePolicy(reply, entry);
  writeRemaining(reply, "requests", { remaining, resetMs: remaining === 0 ? nextMs : fullMs });
  if (!taken) throw new DraftError("REQUESTS_PER_SECOND_EXCEEDED", { retryAfterMs: nextMs });
}
