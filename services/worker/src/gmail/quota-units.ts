import { DRAFT_UNITS } from "@draftmill/shared/contract/draft-units.ts";
import type { GmailOperation } from "./call-gmail.ts";

/** What a call costs of the user's quota: https://developers.google.com/workspace/gmail/api/reference/quota, since May 2026. */
export const QUOTA_UNITS: Readonly<Record<GmailOperation, number>> = {
  "drafts.create": DRAFT_UNITS,
  "drafts.list": 5,
  "drafts.get": 20,
  "drafts.delete": 10,
  getProfile: 1,
};
