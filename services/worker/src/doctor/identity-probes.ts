import { mayImpersonate } from "@draftmill/shared/contract/mailbox-policy.ts";
import { CannotTell, ok, type Verdict, warning, wrong } from "@draftmill/shared/doctor/probe.ts";
import type { ErrorCode } from "@draftmill/shared/error-codes.ts";
import { draftError, verdictOf, type WorkerContext, type WorkerProbe } from "./worker-context.ts";

const identity: WorkerProbe = {
  id: "identity",
  title: "Who asks",
  needs: [],
  async run({ credentials, config, noteCalls }, trail) {
    try {
      const email = await credentials.email();
      const delegated = config.env.GOOGLE_SERVICE_ACCOUNT_EMAIL ?? email;
      if (delegated === null) {
        return wrong(
          "the worker runs as no service account, and GOOGLE_SERVICE_ACCOUNT_EMAIL is unset",
          "Set GOOGLE_SERVICE_ACCOUNT_EMAIL to the account that holds the delegation.",
        );
      }
      return ok(email === delegated ? `${email}, which signs as itself` : `${email}, which signs as ${delegated}`);
    } catch (error) {
      // Also one that would pass: without an identity there is nobody to ask as.
      const { message, remedy } = draftError(error);
      return wrong(message, remedy);
    } finally {
      noteCalls(trail, "metadata.token");
    }
  },
};

/** Assertions are dated back by ten minutes and last an hour: see token/open-delegation.ts. */
const FAST_MAX_S = 900;
const SLOW_MAX_S = 2_700;
const NOTED_S = 60;

const clock: WorkerProbe = {
  id: "clock",
  title: "Clock",
  needs: [],
  async run({ config, clock: ours }, trail) {
    const url = config.env.OAUTH_TOKEN_ENDPOINT;
    const sentMs = ours.nowMs();
    const response = await fetch(url, { redirect: "manual", signal: trail.signal }).catch(() => null);
    const date = response?.headers.get("date") ?? null;
    await response?.body?.cancel();
    trail.note(`GET ${new URL(url).host}${new URL(url).pathname} ${response?.status ?? "no answer"}`);
    if (date === null) throw new CannotTell("the token endpoint tells no time", ["Check the way out to the internet."]);
    const aheadS = Math.round((sentMs - Date.parse(date)) / 1000);
    const said = `${Math.abs(aheadS)} s ${aheadS > 0 ? "ahead of" : "behind"} Google's`;
    if (aheadS > FAST_MAX_S || -aheadS > SLOW_MAX_S) return wrong(said, "timedatectl set-ntp true");
    return Math.abs(aheadS) > NOTED_S ? warning(said, "timedatectl set-ntp true") : ok(said);
  },
};

const allowed: WorkerProbe = {
  id: "mailbox-allowed",
  title: "The worker's own fence",
  needs: [],
  async run({ config, mailbox }) {
    if (mayImpersonate(config.mailboxes, mailbox)) return ok(`MAILBOXES lets ${mailbox} in`);
    return wrong(
      `neither MAILBOXES nor GMAIL_USER has ${mailbox}: each request for it is refused`,
      `Add ${mailbox}, or @${mailbox.split("@")[1]}, to MAILBOXES of the worker and the api (mailboxes in Terraform).`,
    );
  },
};

/** Whose failures each step of the way to a token may have. */
const SIGNING: readonly ErrorCode[] = [
  "CREDENTIALS_MISSING",
  "CREDENTIALS_REJECTED",
  "CREDENTIALS_SCOPE_MISSING",
  "CREDENTIALS_UNAVAILABLE",
  "IAM_API_DISABLED",
  "SIGNER_NOT_FOUND",
  "SIGNING_DENIED",
  "SIGNING_REJECTED",
  "SIGNING_UNAVAILABLE",
];

const signing: WorkerProbe = {
  id: "signing",
  title: "signJwt",
  needs: ["identity"],
  run: (context, trail) =>
    step(
      context,
      (code) => SIGNING.includes(code),
      "Google signs for the worker",
      () => context.noteCalls(trail, "metadata.token", "signJwt", "signer.keys"),
    ),
};

const delegation: WorkerProbe = {
  id: "delegation",
  title: "Domain-wide delegation",
  needs: ["signing", "clock"],
  run: (context, trail) =>
    step(
      context,
      (code) => code !== "MAILBOX_UNKNOWN",
      `granted with ${context.config.env.GMAIL_SCOPE}`,
      () => context.noteCalls(trail, "token"),
    ),
};

const user: WorkerProbe = {
  id: "user",
  title: "Mailbox",
  needs: ["delegation"],
  run: (context, trail) =>
    step(
      context,
      () => true,
      `${context.mailbox} is a user of the Workspace`,
      () => context.noteCalls(trail, "token"),
    ),
};

async function step(
  { tokenFailure }: WorkerContext,
  isMine: (code: ErrorCode) => boolean,
  otherwise: string,
  note: () => void,
): Promise<Verdict> {
  const failure = await tokenFailure();
  note();
  return failure !== null && isMine(failure.code) ? verdictOf(failure) : ok(otherwise);
}

const COMPOSE = "https://www.googleapis.com/auth/gmail.compose";
/** What would let the worker read or change mail: https://developers.google.com/workspace/gmail/api/auth/scopes */
const BEYOND = [
  "https://mail.google.com/",
  "https://www.googleapis.com/auth/gmail.modify",
  "https://www.googleapis.com/auth/gmail.readonly",
  "https://www.googleapis.com/auth/drive",
];

/** Asks for more than it should get. Each try stands in the Workspace's token log, so that it is only made when it is asked for. */
export const notOverGranted: WorkerProbe = {
  id: "least-privilege",
  title: "Nothing but drafts",
  needs: ["delegation"],
  async run({ config, gmailWith, mailbox }, trail) {
    const tries = BEYOND.filter((scope) => scope !== config.env.GMAIL_SCOPE).map(async (scope) => {
      const failure = await gmailWith(scope)
        .prepare(mailbox, trail.signal)
        .then(() => null, draftError);
      trail.note(`token for ${scope} ${failure?.code ?? "granted"}`);
      // The token is dropped here and never used.
      return failure === null ? scope : null;
    });
    const granted = (await Promise.all(tries)).filter((scope) => scope !== null);
    if (config.env.GMAIL_SCOPE !== COMPOSE) granted.unshift(config.env.GMAIL_SCOPE);
    if (granted.length === 0) return ok(`${BEYOND.length} wider scopes are refused`);
    return warning(
      `the delegation also grants ${granted.join(", ")}`,
      `Admin console > Security > Access and data control > API controls > Domain-wide delegation (https://admin.google.com/ac/owl/domainwidedelegation) > the worker's client > Edit: leave ${COMPOSE} alone.`,
    );
  },
};

/** Those that need no mailbox. */
export const PLAIN_PROBES: readonly WorkerProbe[] = [identity, clock];
export const IDENTITY_PROBES: readonly WorkerProbe[] = [...PLAIN_PROBES, allowed, signing, delegation, user];
