/** Any one of a method's scopes suffices. */
const WRITE: readonly string[] = scopes("gmail.modify", "gmail.compose");
const READ: readonly string[] = [...WRITE, ...scopes("gmail.readonly")];
const PROFILE: readonly string[] = [...READ, ...scopes("gmail.metadata")];
// Without gmail.compose: a worker with least privilege cannot read the aliases.
const SETTINGS: readonly string[] = scopes("gmail.modify", "gmail.readonly", "gmail.settings.basic");

/**
 * The methods of Gmail that are here. Units per call since May 2026, the same for every format:
 * https://developers.google.com/workspace/gmail/api/reference/quota; scopes and query parameters from Gmail's
 * discovery document.
 */
export const GMAIL_METHODS = {
  "drafts.create": { units: 10, scopes: WRITE, parameters: [] },
  "drafts.update": { units: 15, scopes: WRITE, parameters: [] },
  "drafts.delete": { units: 10, scopes: WRITE, parameters: [] },
  "drafts.list": { units: 5, scopes: READ, parameters: ["includeSpamTrash", "maxResults", "pageToken", "q"] },
  // metadataHeaders belongs to messages.get alone.
  "drafts.get": { units: 20, scopes: READ, parameters: ["format"] },
  getProfile: { units: 1, scopes: PROFILE, parameters: [] },
  "sendAs.list": { units: 1, scopes: SETTINGS, parameters: [] },
  "sendAs.get": { units: 1, scopes: SETTINGS, parameters: [] },
} as const satisfies Record<string, GmailMethod>;

export type GmailMethodName = keyof typeof GMAIL_METHODS;

interface GmailMethod {
  readonly units: number;
  readonly scopes: readonly string[];
  readonly parameters: readonly string[];
}

function scopes(...names: readonly string[]): readonly string[] {
  return ["https://mail.google.com/", ...names.map((name) => `https://www.googleapis.com/auth/${name}`)];
}
