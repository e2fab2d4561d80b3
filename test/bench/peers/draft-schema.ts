/** A draft request as anybody would write it down for Fastify: the fields that the load has, and no others. */
export const DRAFT_SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: ["to", "subject", "message"],
  properties: {
    to: { type: "string", minLength: 3, maxLength: 320 },
    subject: { type: "string", minLength: 1, maxLength: 1_000 },
    message: { type: "string", minLength: 1, maxLength: 1_000_000 },
    mailbox: { type: "string", maxLength: 320 },
  },
};

export interface PlainDraft {
  readonly to: string;
  readonly subject: string;
  readonly message: string;
  readonly mailbox: string;
}
