import { systemClock } from "@draftmill/shared/clock.ts";
import { withDeadline } from "@draftmill/shared/deadline.ts";
import { openGmail } from "@draftmill/worker/gmail/open-gmail.ts";
import { OAuth2Client } from "google-auth-library";
import { gmail } from "googleapis/build/src/apis/gmail/index.js";
import { mailboxOf } from "../load/requests.ts";
import { type ClosedLoop, startClosedLoop } from "../measure/closed-loop.ts";
import { serveOrders } from "../measure/serve-orders.ts";
import type { GoogleAddresses } from "./signed-token.ts";

export interface GmailCallsSettings extends GoogleAddresses {
  readonly client: "documented" | "draftmill";
  readonly width: number;
}

const MIME = Buffer.from(`To: ada@example.com\r\nSubject: Votre projet\r\n\r\n${"Bonjour. ".repeat(22)}\r\n`);
const TIMEOUT_MS = 30_000;
let loop: ClosedLoop | null = null;
let calls = 0;
const creates = new Map<string, () => Promise<unknown>>();

/** Makes drafts one after the other and does nothing else: by googleapis as documented, or by the worker's own module. */
serveOrders({
  async start(given, counter) {
    const settings = given as GmailCallsSettings;
    const create =
      creates.get(settings.gmailUrl) ?? (settings.client === "documented" ? documented(settings) : draftmill(settings));
    creates.set(settings.gmailUrl, create);
    loop = startClosedLoop(settings.width, create, counter);
    return null;
  },
  async stop() {
    await loop?.stop();
    loop = null;
  },
});

function documented({ gmailUrl }: GmailCallsSettings): () => Promise<unknown> {
  const auth = new OAuth2Client();
  auth.setCredentials({ access_token: "bench-token", expiry_date: Date.now() + 3_600_000 });
  const { users } = gmail({ version: "v1", auth, rootUrl: gmailUrl });
  return () => users.drafts.create({ userId: "me", requestBody: { message: { raw: MIME.toString("base64url") } } });
}

function draftmill({ gmailUrl, iamUrl, tokenUrl, serviceAccount }: GmailCallsSettings): () => Promise<unknown> {
  const client = openGmail({
    endpoints: {
      GMAIL_ENDPOINT: gmailUrl,
      IAM_CREDENTIALS_ENDPOINT: iamUrl,
      SERVICE_ACCOUNTS_ENDPOINT: iamUrl,
      OAUTH_TOKEN_ENDPOINT: tokenUrl,
    },
    serviceAccount,
    scope: "https://www.googleapis.com/auth/gmail.compose",
    timeoutMs: TIMEOUT_MS,
    clock: systemClock,
    onCall: () => {},
    metadataOnly: true,
  });
  // As the worker has it: a deadline that is gone with the attempt.
  return () =>
    withDeadline(TIMEOUT_MS, null, (signal) =>
      client.createDraft(mailboxOf(calls++, 10), { mime: MIME, threadId: null }, signal),
    );
}
