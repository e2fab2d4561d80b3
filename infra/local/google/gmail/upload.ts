import type { FastifyRequest } from "fastify";
import { Refusal } from "../google-error.ts";
import { bodyBytes, queryValue } from "../request-values.ts";
import { type DraftInput, parseDraftBody } from "./draft-body.ts";
import { parameter, parseMime, splitParts } from "./mime-part.ts";

/** mediaUpload.maxSize of drafts.create in Gmail's discovery document: 35 MiB of message. */
export const LARGEST_UPLOAD_BYTES = 36_700_160;

/**
 * Reads an upload: https://developers.google.com/workspace/gmail/api/guides/uploads
 * `media` is the message alone, `multipart` a multipart/related of a Draft in JSON and the message. The resumable
 * protocol is not here.
 */
export function parseUpload(request: FastifyRequest): DraftInput {
  const type = queryValue(request.query, "uploadType");
  const contentType = request.headers["content-type"] ?? "";
  const body = bodyBytes(request.body);
  switch (type) {
    case "media":
      return sized({ raw: messageOf(contentType, body), threadId: undefined });
    case "multipart":
      return sized(related(contentType, body));
    default:
      throw new Refusal("invalidArgument", {
        detail: `The sandbox takes uploadType media and multipart, not ${type ?? "none"}.`,
      });
  }
}

function related(contentType: string, body: Buffer): DraftInput {
  const boundary = parameter(contentType, "boundary");
  if (!/^multipart\//i.test(contentType) || boundary === undefined) {
    throw new Refusal("invalidArgument", { detail: "Missing or invalid boundary in the multipart upload." });
  }
  const [metadata, media, ...more] = splitParts(body, boundary).map((part) =>
    parseMime(part, Number.POSITIVE_INFINITY),
  );
  if (metadata === undefined || media === undefined || more.length > 0) {
    throw new Refusal("invalidArgument", { detail: "A multipart upload has exactly two parts: metadata and media." });
  }
  const { threadId } = parseDraftBody(metadata.content.toString());
  return { raw: messageOf(media.mimeType, media.content), threadId };
}

function messageOf(contentType: string, content: Buffer): Buffer {
  // The accepted media type is message/*.
  if (!/^message\//i.test(contentType)) {
    throw new Refusal("invalidArgument", {
      detail: `Media type '${contentType.split(";")[0]}' is not supported. Valid media types: [message/*]`,
    });
  }
  return content;
}

function sized(input: DraftInput): DraftInput {
  if ((input.raw?.length ?? 0) > LARGEST_UPLOAD_BYTES) throw new Refusal("tooLarge");
  return input;
}
