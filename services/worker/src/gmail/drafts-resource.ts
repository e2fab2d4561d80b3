import { gmail, type gmail_v1 } from "googleapis/build/src/apis/gmail/index.js";

/** The four methods of Gmail that this product uses. Nothing holds the rest: no code path leads to a send. */
export type DraftsResource = Pick<gmail_v1.Resource$Users$Drafts, "create" | "list" | "get" | "delete">;

export function openDraftsResource(): DraftsResource {
  return gmail("v1").users.drafts;
}
