import { createHash } from "node:crypto";
import { type BodyParts, RECORD_TTL_MS } from "../contract/draft-record.ts";
import type { DocumentKind, Documents } from "./documents.ts";

/** A piece of a body that is too large for its record. */
export interface BodyPart {
  readonly id: string;
  /** Base64, which is as long in a store as it looks: JSON in JSON is not. */
  readonly bytes: string;
  readonly keptAtMs: number;
}

export const BODY_PARTS: DocumentKind<BodyPart> = {
  name: "body",
  // The store is ours alone: what parses as JSON there is what was written.
  parse: (value) => value as BodyPart,
  idOf: ({ id }) => id,
  // Longer than the record waits for its replay and the queue for its message: the parts are not written again for either.
  expireAtMsOf: ({ keptAtMs }) => keptAtMs + 2 * RECORD_TTL_MS,
};

/** Lists read records by the hundred, and one of them may have 1 MiB at most in Firestore, escaped as JSON in JSON. */
const INLINE_MAX_BYTES = 100_000;
/** Base64 makes 933,000 of them. */
const PART_BYTES = 700_000;

/** A body as its record has it: one of the two, or neither. */
export interface KeptBody {
  readonly body: string | null;
  readonly bodyParts: BodyParts | null;
}

/** Writes what is too large for a record beside it. Before the record: one that names parts has them. */
export async function keepBody(
  parts: Documents<BodyPart>,
  requestId: string,
  body: string | null,
  nowMs: number,
): Promise<KeptBody> {
  if (body === null) return { body, bodyParts: null };
  const bytes = Buffer.from(body);
  if (bytes.length <= INLINE_MAX_BYTES) return { body, bodyParts: null };
  const bodyParts = { hash: hashOf(requestId, bytes), count: Math.ceil(bytes.length / PART_BYTES) };
  await Promise.all(
    idsOf(bodyParts).map(async (id, n) => {
      const piece = bytes.subarray(n * PART_BYTES, (n + 1) * PART_BYTES);
      const known = await parts.create({ id, bytes: piece.toString("base64"), keptAtMs: nowMs });
      if (known !== null) await parts.update(id, (part) => ({ ...part, keptAtMs: nowMs }));
    }),
  );
  return { body: null, bodyParts };
}

/** The body of a record, wherever it is; null when it has none, or not all of it is there any more. */
export async function readBody(
  parts: Documents<BodyPart>,
  requestId: string,
  { body, bodyParts }: KeptBody,
): Promise<string | null> {
  if (bodyParts === null) return body;
  const found = await Promise.all(idsOf(bodyParts).map((id) => parts.get(id)));
  const bytes = Buffer.concat(found.map((part) => Buffer.from(part?.bytes ?? "", "base64")));
  return hashOf(requestId, bytes) === bodyParts.hash ? bytes.toString() : null;
}

/** One request's parts are no other's, though the bodies be the same: they end at different times. */
function hashOf(requestId: string, bytes: Buffer): string {
  return createHash("sha256").update(`${requestId}\n`).update(bytes).digest("hex");
}

function idsOf({ hash, count }: BodyParts): string[] {
  return Array.from({ length: count }, (_, n) => `${hash}-${n}`);
}
