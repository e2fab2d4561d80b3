import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { ErrorCode } from "@draftmill/shared/error-codes.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { PROBLEM_MEDIA_TYPE, problemOf } from "./problem.ts";

/** What becomes of bytes that are no request. */
export interface UnreadableRequests {
  /** To be called for each request that could be read. */
  noteOpen(request: FastifyRequest, reply: FastifyReply): void;
  /**
   * Answers with a problem and ends the connection. Behind requests that are still open on it, only once they are answered:
   * the caller would take the refusal for the answer to the first of them.
   */
  refuse(error: Error & { readonly code?: string }, socket: Socket): void;
}

/** Node's codes (https://nodejs.org/api/errors.html); any other is a violation of the protocol. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "REQUEST_INCOMPLETE",
  HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
};
const PHRASES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

export function handleUnreadable({
  log,
  newId,
}: {
  readonly log: Logger;
  readonly newId: () => string;
}): UnreadableRequests {
  const open = new WeakMap<Socket, Set<IncomingMessage>>();
  const refused = new WeakMap<Socket, () => void>();
  /** Where the last request had its answer before its body had come: a second one would be to nothing. */
  const answeredEarly = new WeakSet<Socket>();
  return {
    noteOpen({ raw }, reply) {
      const { socket } = raw;
      const requests = open.get(socket) ?? new Set();
      open.set(socket, requests.add(raw));
      answeredEarly.delete(socket);
      reply.raw.once("close", () => {
        requests.delete(raw);
        if (!raw.complete) answeredEarly.add(socket);
        refused.get(socket)?.();
      });
    },
    refuse(error, socket) {
      // The parser fails again on every byte that follows.
      if (error.code === "ECONNRESET" || socket.destroyed || refused.has(socket)) return;
      if (answeredEarly.has(socket)) {
        socket.destroy();
        return;
      }
      const failure = new DraftError(CODES[error.code ?? ""] ?? "REQUEST_UNREADABLE");
      const endWhenDue = (): void => {
        // The one whose body broke off is not whole, and never will be.
        const isDue = [...(open.get(socket) ?? [])].every(({ complete }) => !complete);
        if (!isDue) return;
        refused.set(socket, () => {});
        if (!socket.destroyed) endWith(socket, failure, newId(), log);
      };
      refused.set(socket, endWhenDue);
      endWhenDue();
    },
  };
}

function endWith(socket: Socket, failure: DraftError, requestId: string, log: Logger): void {
  log.info({ requestId, code: failure.code, status: failure.status }, "request.unreadable");
  if (socket.writable) {
    const body = JSON.stringify(problemOf(failure, requestId));
    const head = [
      `HTTP/1.1 ${failure.status} ${PHRASES[failure.status]}`,
      `content-type: ${PROBLEM_MEDIA_TYPE}; charset=utf-8`,
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      "cache-control: no-store",
      "x-content-type-options: nosniff",
      "connection: close",
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  }
  // Not `end`: one that never reads its answer would keep its connection.
  socket.destroySoon();
}
