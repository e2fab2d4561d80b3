import { DRAFT_REQUEST_SCHEMA } from "@draftmill/shared/contract/draft-request-schema.ts";
import { compileOwn } from "@draftmill/shared/contract/own-schema.ts";
import { schemaProblems } from "@draftmill/shared/contract/schema-problems.ts";
import { DraftError } from "@draftmill/shared/errors.ts";

/** As many messages as Pub/Sub takes in one publish: https://cloud.google.com/pubsub/quotas#resource_limits */
export const ITEMS_MAX = 1_000;

/** The body of POST /v1/batches. What the items are is checked item by item, so that each of them hears all that is wrong with it. */
export const BATCH_SCHEMA = {
  title: "BatchOrder",
  type: "object",
  additionalProperties: false,
  required: ["items"],
  properties: {
    mode: {
      type: "string",
      enum: ["strict", "permissive"],
      default: "strict",
      description: "strict: one item that is at fault keeps all of them back. permissive: the others are queued.",
    },
    name: { type: "string", minLength: 1, maxLength: 128, description: "What you call it, to find it again." },
    defaults: {
      type: "object",
      description: "Fields of a draft request that count for every item that does not have them.",
      properties: {},
    },
    items: {
      type: "array",
      minItems: 1,
      maxItems: ITEMS_MAX,
      items: { type: "object", description: "A draft request, without what `defaults` has." },
    },
  },
};

export type BatchMode = "strict" | "permissive";

export interface BatchOrder {
  readonly mode: BatchMode;
  readonly name: string | null;
  /** Each with the defaults in it. */
  readonly items: readonly object[];
}

interface BatchBody {
  readonly mode?: BatchMode;
  readonly name?: string;
  readonly defaults?: object;
  readonly items: readonly object[];
}

const fits = compileOwn<BatchBody>(BATCH_SCHEMA, { allErrors: true });

/** Reads the body of a batch. Throws BATCH_INVALID with every fault of its frame. */
export function parseBatch(body: unknown): BatchOrder {
  if (!fits(body)) {
    const fields = schemaProblems(
      fits.errors,
      (pointer) => Object.keys(pointer === "" ? BATCH_SCHEMA.properties : DRAFT_REQUEST_SCHEMA.properties),
      "the batch",
    );
    throw new DraftError("BATCH_INVALID", { reason: fields.map(({ detail }) => detail).join("; "), fields });
  }
  const { mode = "strict", name = null, defaults, items } = body;
  return { mode, name, items: defaults === undefined ? items : items.map((item) => ({ ...defaults, ...item })) };
}
