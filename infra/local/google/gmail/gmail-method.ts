import type { FastifyRequest, RouteHandlerMethod } from "fastify";
import type { Answer } from "../answer.ts";
import { Refusal } from "../google-error.ts";
import type { OperationHandler } from "../operation.ts";
import { queryValue } from "../request-values.ts";
import { type Caller, type CallerParts, identifyCaller } from "./caller.ts";
import { selectFields } from "./field-mask.ts";
import { GMAIL_METHODS, type GmailMethodName } from "./methods.ts";

export interface GmailMethodParts extends CallerParts {
  readonly operation: OperationHandler;
}

/** What every Google API takes: https://cloud.google.com/apis/docs/system-parameters */
const SYSTEM_PARAMETERS: readonly string[] = [
  "$.xgafv",
  "alt",
  "fields",
  "key",
  "prettyPrint",
  "quotaUser",
  "uploadType",
  "upload_protocol",
];

/** The route handler of one Gmail method: who calls, may they, which parameters, then the work, then the partial response. */
export function gmailMethod(
  parts: GmailMethodParts,
  name: GmailMethodName,
  work: (request: FastifyRequest, caller: Caller) => Answer,
): RouteHandlerMethod {
  return parts.operation(name, {
    identify(request) {
      const caller = identifyCaller(parts, name, request);
      assertParameters(request.query, GMAIL_METHODS[name].parameters);
      return caller;
    },
    work(request, caller) {
      const answer = work(request, caller);
      if (typeof answer.body !== "object") return answer;
      return { ...answer, body: selectFields(answer.body, queryValue(request.query, "fields")) };
    },
  });
}

/** Refuses a query parameter that the method does not have, in Google's words; an `alt` other than JSON likewise. */
function assertParameters(query: unknown, known: readonly string[]): void {
  const names = typeof query === "object" && query !== null ? Object.keys(query) : [];
  const unknown = names.find((name) => !known.includes(name) && !SYSTEM_PARAMETERS.includes(name));
  if (unknown !== undefined) {
    throw new Refusal("invalidPayload", {
      detail: `Invalid JSON payload received. Unknown name "${unknown}": Cannot bind query parameter. Field '${unknown}' could not be found in request message.`,
    });
  }
  const alt = queryValue(query, "alt") ?? "json";
  if (alt !== "json")
    throw new Refusal("invalidArgument", { detail: `The sandbox answers in JSON alone, not alt=${alt}` });
}
