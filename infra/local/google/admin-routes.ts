import type { FastifyPluginCallback } from "fastify";
import type { RecordedCalls } from "./call-log.ts";
import type { ScriptedFault, ScriptedFaults } from "./faults.ts";
import { GOOGLE_ERROR_NAMES } from "./google-error.ts";
import { OPERATIONS } from "./operation.ts";
import { queryValue } from "./request-values.ts";

const SHOWN_CALLS = 200;

const FAULT_REQUEST = {
  type: "object",
  required: ["operation", "fault"],
  additionalProperties: false,
  properties: {
    operation: { enum: OPERATIONS },
    times: { type: "integer", minimum: 1, maximum: 1_000_000, default: 1 },
    mailbox: { type: "string", minLength: 3 },
    fault: {
      type: "object",
      required: ["kind"],
      discriminator: { propertyName: "kind" },
      oneOf: [
        {
          required: ["error"],
          additionalProperties: false,
          properties: {
            kind: { const: "answer" },
            error: { enum: GOOGLE_ERROR_NAMES },
            after: { type: "boolean" },
            retryAfterMs: { type: "integer", minimum: 0 },
          },
        },
        { additionalProperties: false, properties: { kind: { const: "drop" }, after: { type: "boolean" } } },
        {
          required: ["ms"],
          additionalProperties: false,
          properties: {
            kind: { const: "stall" },
            ms: { type: "integer", minimum: 1, maximum: 600_000 },
            after: { type: "boolean" },
          },
        },
      ],
    },
  },
};

/** What a person at the keyboard may do to this Google; not a path that Google has. */
export function adminRoutes(
  calls: RecordedCalls,
  faults: ScriptedFaults,
  violations: readonly string[],
): FastifyPluginCallback {
  return (app, _options, done) => {
    // Only application/json is parsed: a form on a foreign web page cannot send it without asking first.
    app.addContentTypeParser("application/json", { parseAs: "string" }, app.getDefaultJsonParser("error", "error"));
    app.setErrorHandler((error, _request, reply) => {
      const message = error instanceof Error ? error.message : "invalid request";
      return reply.code(400).send({ error: message });
    });

    app.get("/_sandbox/faults", () => ({
      pending: faults.pending(),
      operations: OPERATIONS,
      errors: GOOGLE_ERROR_NAMES,
    }));
    app.post<{ Body: ScriptedFault }>("/_sandbox/faults", { schema: { body: FAULT_REQUEST } }, (request, reply) => {
      const { operation, times, fault, mailbox } = request.body;
      faults.next(operation, times, fault, mailbox);
      return reply.code(201).send({ pending: faults.pending() });
    });
    app.delete("/_sandbox/faults", (_request, reply) => {
      faults.clear();
      return reply.code(204).send();
    });

    app.get("/_sandbox/calls", (request) => {
      const operation = queryValue(request.query, "operation");
      const mailbox = queryValue(request.query, "mailbox")?.toLowerCase();
      const wanted = calls
        .list()
        .filter(
          (call) => (operation ?? call.operation) === call.operation && (mailbox ?? call.mailbox) === call.mailbox,
        );
      return { count: wanted.length, newest: wanted.slice(-SHOWN_CALLS).reverse(), violations };
    });
    app.delete("/_sandbox/calls", (_request, reply) => {
      calls.clear();
      return reply.code(204).send();
    });
    done();
  };
}
