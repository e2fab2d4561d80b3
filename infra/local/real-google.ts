/** The variables that point at a Google of the user's own. */
const HANDED_ON = [
  "GMAIL_USER",
  "GOOGLE_SERVICE_ACCOUNT_EMAIL",
  "GOOGLE_CLOUD_PROJECT",
  "GOOGLE_APPLICATION_CREDENTIALS",
  "CLOUDSDK_CONFIG",
  "HOME",
  "GMAIL_SCOPE",
  "GMAIL_UNITS_PER_MINUTE",
  "MAILBOXES",
  "GCE_METADATA_HOST",
  "METADATA_SERVER_DETECTION",
  "IAM_CREDENTIALS_ENDPOINT",
  "SERVICE_ACCOUNTS_ENDPOINT",
  "GMAIL_ENDPOINT",
  "OAUTH_TOKEN_ENDPOINT",
] as const;

/**
 * The settings of real Google when the environment names a user and a delegated service account, as the old function
 * wanted them; else null, and the sandbox Google plays its part.
 */
export function realGoogleSettings(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> | null {
  const { GMAIL_USER, GOOGLE_SERVICE_ACCOUNT_EMAIL } = environment;
  if (GMAIL_USER === undefined || GOOGLE_SERVICE_ACCOUNT_EMAIL === undefined) return null;
  const settings = HANDED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(settings);
}
