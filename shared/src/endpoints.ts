import { asOrigin, asUrl, type EnvVar } from "./env.ts";

/** The `aud` of every assertion, whatever OAUTH_TOKEN_ENDPOINT says: Google checks it letter by letter. */
export const TOKEN_AUDIENCE = "https://oauth2.googleapis.com/token";

/** Where Google is. Only tests, the local stack and private endpoints set these. */
export const ENDPOINT_VARIABLES = {
  IAM_CREDENTIALS_ENDPOINT: {
    parse: asOrigin,
    fallback: "https://iamcredentials.googleapis.com",
    meaning: "origin of the IAM Service Account Credentials API",
  },
  SERVICE_ACCOUNTS_ENDPOINT: {
    parse: asOrigin,
    fallback: "https://www.googleapis.com",
    meaning: "origin of the public keys of service accounts, which tell a missing account from a missing right",
  },
  GMAIL_ENDPOINT: { parse: asOrigin, fallback: "https://gmail.googleapis.com", meaning: "origin of the Gmail API" },
  OAUTH_TOKEN_ENDPOINT: { parse: asUrl, fallback: TOKEN_AUDIENCE, meaning: "URL of the OAuth token endpoint" },
  GOOGLE_CERTS_ENDPOINT: {
    parse: asUrl,
    fallback: "https://www.googleapis.com/oauth2/v3/certs",
    meaning: "URL of the keys that Google signs identity tokens with (JWK set)",
  },
} as const satisfies Record<string, EnvVar<string>>;
