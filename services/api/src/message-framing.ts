import { DraftError } from "@draftmill/shared/errors.ts";
import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * Refuses a request that a proxy may read otherwise than we do: without a Host or with two, of which Node takes the
 * first (RFC 9112 3.2), or with a transfer coding that Node takes off the list and does not undo (6.1). A compressed body is
 * refused by its name, and not as text that is not UTF-8.
 */
export function refuseOddFraming({ headers, raw }: FastifyRequest, reply: FastifyReply): void {
  const transfer = headers["transfer-encoding"];
  const hosts = raw.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1 || (hosts.length === 0 && raw.httpVersion === "1.1")) {
    reply.header("connection", "close");
    throw refused("host", "there must be one Host header");
  }
  if (transfer !== undefined && transfer.toLowerCase() !== "chunked") {
    reply.header("connection", "close");
    throw refused("transfer-encoding", "Transfer-Encoding must be chunked, or absent");
  }
  const coding = headers["content-encoding"]?.toLowerCase();
  if (coding !== undefined && coding !== "identity") {
    reply.header("accept-encoding", "identity");
    const detail = "the body is compressed (Content-Encoding), and the service reads it as it is only";
    throw new DraftError("MEDIA_TYPE_UNSUPPORTED", { reason: detail, fields: [fault("content-encoding", detail)] });
  }
}

function refused(header: string, detail: string): DraftError {
  return new DraftError("HEADER_INVALID", { reason: detail, fields: [fault(header, detail)] });
}

function fault(header: string, detail: string) {
  return { pointer: `/headers/${header}`, code: "framing", detail };
}
