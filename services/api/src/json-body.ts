import { repeatedKey } from "@draftmill/shared/contract/repeated-key.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { FastifyInstance } from "fastify";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads application/json bodies, and no others. Unlike Fastify's own parser, which reads bytes that are not UTF-8 as
 * replacement characters, this one refuses them: a name must not reach the draft mangled. Keys that would reach an
 * object's prototype are refused as well, and those that one object has twice.
 */
export function acceptJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    request.event.requestBytes = body.length;
    let json: string;
    try {
      json = utf8.decode(body);
    } catch {
      return done(new DraftError("BODY_MALFORMED", { reason: "the body is not UTF-8" }));
    }
    void parse(request, json, (error, value) => {
      const repeated = error === null ? repeatedKey(json) : null;
      if (repeated === null) return done(error, value);
      done(new DraftError("BODY_MALFORMED", { reason: repeated.detail, fields: [repeated] }));
    });
  });
}
