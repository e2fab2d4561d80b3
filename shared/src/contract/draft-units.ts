/** What a draft costs of its user's quota at Gmail: https://developers.google.com/workspace/gmail/api/reference/quota, since May 2026. */
export const DRAFT_UNITS = 10;
