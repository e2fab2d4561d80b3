/**
 * What a failure means for the request that met it.
 * - `permanent`: the same request can never succeed; it becomes a dead letter.
 * - `admin`: it succeeds once somebody has changed a setting; it is parked as a dead letter that can be replayed.
 * - `throttled`: Google asks for less speed; the request waits and no delivery attempt is spent.
 * - `transient`: worth another try. Everything that is not known to be one of the above is this.
 */
export type FailureClass = "permanent" | "admin" | "throttled" | "transient";

interface CodeRow {
  readonly class: FailureClass;
  /** HTTP status when the failure is an answer of ours. */
  readonly status: number;
  readonly title: string;
  /** What the reader does next. `{name}` is filled in from the failure's `facts`. */
  readonly remedy: string;
}

const DELEGATION_PAGE =
  "Admin console > Security > Access and data control > API controls > Domain-wide delegation (https://admin.google.com/ac/owl/domainwidedelegation)";

/** Every failure has one of these codes. A code is never renamed and never reused; the README lists the same rows. */
export const ERROR_CODES = {
  // What a caller of the api meets.
  REQUEST_UNREADABLE: {
    class: "permanent",
    status: 400,
    title: "The bytes are not a request of HTTP/1.1.",
    remedy: "Look at what writes the request, or at a proxy in between: it does not keep to RFC 9112.",
  },
  REQUEST_INCOMPLETE: {
    class: "transient",
    status: 408,
    title: "The request did not arrive whole within its time.",
    remedy: "Send it again without a pause: the headers have 10 s, the whole request has 30 s.",
  },
  HEADERS_TOO_LARGE: {
    class: "permanent",
    status: 431,
    title: "The request's headers are larger than the service takes.",
    remedy: "Send fewer or shorter headers: 16 KB in all.",
  },
  BODY_MALFORMED: {
    class: "permanent",
    status: 400,
    title: "The body is not valid JSON (I-JSON, RFC 7493).",
    remedy: "Send one JSON object, UTF-8, each key once, with Content-Type: application/json.",
  },
  HEADER_INVALID: {
    class: "permanent",
    status: 400,
    title: "A request header or query parameter has an unusable value.",
    remedy: "Correct the value that `errors` names.",
  },
  UNAUTHENTICATED: {
    class: "permanent",
    status: 401,
    title: "The call carries no identity that the service accepts.",
    remedy:
      'Send a Google identity token for an audience of AUTH_AUDIENCE: curl -H "Authorization: Bearer $(gcloud auth print-identity-token --impersonate-service-account=CALLER --audiences=AUDIENCE --include-email)" …',
  },
  CALLER_NOT_ALLOWED: {
    class: "permanent",
    status: 403,
    title: "The caller is not one that the service knows.",
    remedy: "Have the owner of the service add the caller to `callers` in CALLERS_FILE.",
  },
  ROLE_NOT_ALLOWED: {
    class: "permanent",
    status: 403,
    title: "The caller's role does not allow this call.",
    remedy:
      "Have the caller's `role` in CALLERS_FILE set to operate. GET /v1/drafts needs no more than submit when `mailbox` names one of the caller's.",
  },
  FOREIGN_PAGE: {
    class: "permanent",
    status: 403,
    title: "The call comes from a web page of somebody else, or may come from one.",
    remedy:
      "Call http://127.0.0.1 or http://localhost, from a program. A proxy on this machine has to set Host to the address that it calls.",
  },
  MAILBOX_NOT_ALLOWED: {
    class: "permanent",
    status: 403,
    title: "Drafts may not be made in this mailbox.",
    remedy:
      "Use another mailbox, or have this one added: to MAILBOXES on both services and, for a caller with an entry in CALLERS_FILE, to its `mailboxes`.",
  },
  ROUTE_NOT_FOUND: {
    class: "permanent",
    status: 404,
    title: "There is no such route.",
    remedy: "See GET /openapi.json for the routes.",
  },
  DRAFT_NOT_FOUND: {
    class: "permanent",
    status: 404,
    title: "No request with this id is on record.",
    remedy: "Check the id. Records are kept for 30 days.",
  },
  REPLAY_NOT_FOUND: {
    class: "permanent",
    status: 404,
    title: "There is no replay with this id.",
    remedy: "See GET /v1/replays. They are kept for 30 days.",
  },
  REPLAY_FINISHED: {
    class: "permanent",
    status: 409,
    title: "The replay has ended; there is nothing left to cancel.",
    remedy: "GET /v1/replays lists what each did.",
  },
  BATCH_NOT_FOUND: {
    class: "permanent",
    status: 404,
    title: "There is no batch with this id.",
    remedy: "See GET /v1/batches. They are kept for 30 days after their last change.",
  },
  BATCH_CANCELED: {
    class: "permanent",
    status: 409,
    title: "The batch was canceled.",
    remedy: "Hand the requests in again as a new batch.",
  },
  BATCH_PAUSED: {
    class: "admin",
    status: 503,
    title: "The batch is paused.",
    remedy: "Let it go on: POST /v1/batches/{batch}/resume",
  },
  REQUEST_KNOWN: {
    class: "permanent",
    status: 409,
    title: "A request of another batch, or of none, has the same key and content: its draft is the one.",
    remedy: "Nothing, or hand it in with another dedupeKey. The record that has its draft is {id}.",
  },
  DRAFT_TAKEN_BACK: {
    class: "permanent",
    status: 409,
    title: "The draft was taken back with its batch.",
    remedy: "Hand the request in again as part of a new batch.",
  },
  DRAFT_GONE: {
    class: "permanent",
    status: 409,
    title: "The draft was sent or thrown away before its batch was taken back.",
    remedy: "Nothing. Look in the mailbox's sent mail if you want to know which.",
  },
  BATCH_INVALID: {
    class: "permanent",
    status: 422,
    title: "The batch, or an item of one that is strict, does not fit the schema: nothing of it was queued.",
    remedy: "Correct the items that `errors` names, or send them with mode permissive to queue the others.",
  },
  IMPORT_INVALID: {
    class: "permanent",
    status: 422,
    title: "What goes with the file (name, template, map, defaults) does not fit the schema: nothing was queued.",
    remedy: "Correct what `errors` names. The schema is ImportOrder in /openapi.json.",
  },
  IMPORT_UNREADABLE: {
    class: "permanent",
    status: 422,
    title: "The file cannot be read on. Rows before that point are queued, unless it was a dry run.",
    remedy: "Correct the file and send it again: rows that are queued make no second draft.",
  },
  IMPORT_UNDER_WAY: {
    class: "transient",
    status: 409,
    title: "The same file is being read under this Idempotency-Key by another call.",
    remedy: "Wait until that one has ended: GET /v1/batches/{id} shows it. Then send the file again.",
  },
  IMPORT_CHANGED: {
    class: "permanent",
    status: 409,
    title: "The file differs from the one that was begun under this Idempotency-Key.",
    remedy:
      "Its rows up to {row} must be as they were. Or send it under another key: rows that are queued make no second draft.",
  },
  BODY_TOO_LARGE: {
    class: "permanent",
    status: 413,
    title: "The body is larger than the service takes.",
    remedy: "Shorten message, html or attachments: the whole body may have 8 MiB.",
  },
  MEDIA_TYPE_UNSUPPORTED: {
    class: "permanent",
    status: 415,
    title: "The body's media type is not supported.",
    remedy: "Send Content-Type: application/json.",
  },
  REQUEST_INVALID: {
    class: "permanent",
    status: 422,
    title: "The draft request does not fit the schema.",
    remedy: "Correct each field that `errors` names and send the request again.",
  },
  REPLAY_INVALID: {
    class: "permanent",
    status: 422,
    title: "The order of a replay does not fit the schema.",
    remedy: 'Correct each field that `errors` names; {"filter":{}} stands for every failure.',
  },
  REQUESTS_PER_SECOND_EXCEEDED: {
    class: "throttled",
    status: 429,
    title: "The caller sends more calls a second than it may.",
    remedy:
      "Wait as long as Retry-After says. For more speed have the caller's `requestsPerSecond` or `burst` raised in CALLERS_FILE.",
  },
  DRAFTS_PER_DAY_EXCEEDED: {
    class: "throttled",
    status: 429,
    title: "The caller has asked for as many drafts as it may in one day (UTC).",
    remedy: "Wait as long as Retry-After says, or have the caller's `draftsPerDay` raised in CALLERS_FILE.",
  },
  DRAFT_CANCELED: {
    class: "permanent",
    status: 409,
    title: "The request was withdrawn before it became a draft.",
    remedy: "Send it again with a new Idempotency-Key or dedupeKey.",
  },
  KEY_REUSED: {
    class: "permanent",
    status: 422,
    title: "This key already stands for another request.",
    remedy: "Use a new Idempotency-Key or dedupeKey for a request with other content.",
  },
  PUBLISH_UNCONFIRMED: {
    class: "transient",
    status: 503,
    title: "Pub/Sub did not confirm the request in time; it may or may not have been accepted.",
    remedy: "Send it again with the same Idempotency-Key or dedupeKey: one draft comes of it either way.",
  },
  EVENT_UNCONFIRMED: {
    class: "transient",
    status: 503,
    title: "The topic of EVENTS_TOPIC did not confirm an event; the next delivery tells it again.",
    remedy:
      "Create the topic that EVENTS_TOPIC names and grant the worker Pub/Sub Publisher on it, or unset EVENTS_TOPIC.",
  },
  LEDGER_UNAVAILABLE: {
    class: "transient",
    status: 503,
    title: "The ledger cannot be reached.",
    remedy: "Send it again; operators check the store that LEDGER_URL names.",
  },
  SHUTTING_DOWN: {
    class: "transient",
    status: 503,
    title: "This instance is stopping.",
    remedy: "Send it again; another instance will take it.",
  },
  INTERNAL: {
    class: "transient",
    status: 500,
    title: "The service met a fault of its own.",
    remedy: "Send it again. If it stays, look for this requestId in the log.",
  },

  // What a message on the topic can meet before Google is asked.
  PUSH_UNVERIFIED: {
    class: "transient",
    status: 401,
    title: "A push came without a valid token of our subscription.",
    remedy: "Compare PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT with: gcloud pubsub subscriptions describe SUBSCRIPTION",
  },
  CERTS_UNAVAILABLE: {
    class: "transient",
    status: 503,
    title: "The keys that Google signs identity tokens with could not be fetched.",
    remedy:
      "Nothing for a push, which comes again; send a call again. If it stays, check the way out to GOOGLE_CERTS_ENDPOINT.",
  },
  PUSH_SUBSCRIPTION_UNKNOWN: {
    class: "transient",
    status: 403,
    title: "A push is not of the subscription that the route is for.",
    remedy:
      "Set DRAFTS_SUBSCRIPTION, BATCH_SUBSCRIPTION and DEAD_LETTER_SUBSCRIPTION to the names that `gcloud pubsub subscriptions list` shows with /push and /dead-letters, or take the push endpoint from the other one: gcloud pubsub subscriptions modify-push-config SUBSCRIPTION --push-endpoint=",
  },
  PUSH_MALFORMED: {
    class: "transient",
    status: 400,
    title: "A push does not have the shape of a wrapped Pub/Sub message.",
    remedy:
      "Recreate the subscription without payload unwrapping: gcloud pubsub subscriptions update SUBSCRIPTION --clear-push-no-wrapper-config",
  },
  MESSAGE_MALFORMED: {
    class: "permanent",
    status: 422,
    title: "The message's data is not a JSON object, each key once.",
    remedy: `Publish the request itself as JSON: gcloud pubsub topics publish draft-requests --message='{"to":"…","subject":"…","message":"…"}'`,
  },
  REQUEST_ID_REUSED: {
    class: "permanent",
    status: 422,
    title: "The message's id or dedupeKey already stands for another request.",
    remedy: "Publish it with another id or dedupeKey, or with none.",
  },
  NOT_YET_DUE: {
    class: "transient",
    status: 503,
    title: "The request waits for its notBefore, less than a minute ahead, and this delivery could not.",
    remedy: "Nothing: the next delivery waits for it.",
  },
  CLAIM_BUSY: {
    class: "transient",
    status: 503,
    title: "Another delivery of this request is being worked on.",
    remedy: "Nothing: the next delivery finds out how it ended.",
  },
  ATTEMPTS_EXHAUSTED: {
    class: "admin",
    status: 503,
    title: "Pub/Sub gave up after its maximum of delivery attempts.",
    remedy: "Look up the request's last failures in the log, mend the cause, then replay it.",
  },

  MESSAGE_LOST: {
    class: "admin",
    status: 503,
    title: "No queue can hold this request any more, and its content is not on record.",
    remedy:
      "Send it again with a new key. Check that the subscription keeps messages for 7 days and forwards to the dead-letter topic: gcloud pubsub subscriptions describe draft-requests-push",
  },

  // Identity: default credentials, then signJwt.
  CREDENTIALS_MISSING: {
    class: "admin",
    status: 503,
    title: "The worker has no Google credentials of its own.",
    remedy: "On Cloud Run give the service a service account; elsewhere run: gcloud auth application-default login",
  },
  CREDENTIALS_REJECTED: {
    class: "transient",
    status: 503,
    title: "Google does not accept the worker's own credentials.",
    remedy: "Check that the service account is enabled: gcloud iam service-accounts describe {serviceAccount}",
  },
  CREDENTIALS_SCOPE_MISSING: {
    class: "admin",
    status: 503,
    title: "The worker's own token lacks the cloud-platform scope.",
    remedy:
      "On a virtual machine: gcloud compute instances set-service-account INSTANCE --scopes=cloud-platform; elsewhere: gcloud auth application-default login --scopes=https://www.googleapis.com/auth/cloud-platform",
  },
  CREDENTIALS_UNAVAILABLE: {
    class: "transient",
    status: 503,
    title: "The worker's own token could not be had: the metadata server or its stand-in did not answer.",
    remedy: "Nothing: it is tried again.",
  },
  IAM_API_DISABLED: {
    class: "admin",
    status: 503,
    title: "The IAM Service Account Credentials API is disabled.",
    remedy: "gcloud services enable iamcredentials.googleapis.com --project={project}",
  },
  SIGNER_NOT_FOUND: {
    class: "admin",
    status: 503,
    title: "The service account that should sign does not exist.",
    remedy:
      "GOOGLE_SERVICE_ACCOUNT_EMAIL is {serviceAccount}; list the right ones with: gcloud iam service-accounts list",
  },
  SIGNING_DENIED: {
    class: "admin",
    status: 503,
    title: "The worker may not sign as the delegated service account (or that account does not exist).",
    remedy:
      "gcloud iam service-accounts add-iam-policy-binding {serviceAccount} --member=serviceAccount:{runtimeServiceAccount} --role=roles/iam.serviceAccountTokenCreator (takes up to 7 minutes; needed even when both are the same account)",
  },
  SIGNING_REJECTED: {
    class: "transient",
    status: 503,
    title: "signJwt refused the assertion.",
    remedy: "Check the machine's clock; if it is right, this is a defect of ours: report the log event.",
  },
  SIGNING_UNAVAILABLE: {
    class: "transient",
    status: 503,
    title: "signJwt could not be reached or failed on Google's side.",
    remedy: "Nothing: it is tried again.",
  },

  // Delegation: the token endpoint.
  DELEGATION_MISSING: {
    class: "admin",
    status: 503,
    title: "The service account's client id is not authorised for domain-wide delegation with this scope.",
    remedy: `${DELEGATION_PAGE} > Add new. Client ID: {clientId}. OAuth scopes: {scope}. Changes take minutes, at most 24 hours.`,
  },
  SCOPE_NOT_GRANTED: {
    class: "admin",
    status: 503,
    title: "The token does not carry the scope that making drafts needs.",
    remedy: `${DELEGATION_PAGE} > client {clientId} > Edit. OAuth scopes: {scope}; GMAIL_SCOPE must be the same text.`,
  },
  CLIENT_DISABLED: {
    class: "admin",
    status: 503,
    title: "The delegated client is disabled or deleted.",
    remedy: "gcloud iam service-accounts enable {serviceAccount}",
  },
  ACCESS_BLOCKED: {
    class: "admin",
    status: 503,
    title: "A Workspace policy keeps this client from the mailbox.",
    remedy:
      "Admin console > Security > Access and data control > API controls > Manage app access (https://admin.google.com/ac/owl/list): mark client {clientId} as trusted.",
  },
  MAILBOX_UNKNOWN: {
    class: "permanent",
    status: 422,
    title: "The Workspace has no such user.",
    remedy: "Use the user's primary address {mailbox}: aliases, groups and deleted users cannot be impersonated.",
  },
  ASSERTION_REJECTED: {
    class: "admin",
    status: 503,
    title: "The token endpoint does not accept the signed assertion.",
    remedy: "Check that GOOGLE_SERVICE_ACCOUNT_EMAIL ({serviceAccount}) is the account that signs.",
  },
  CLOCK_SKEWED: {
    class: "transient",
    status: 503,
    title: "Google refuses the assertion's times: this machine's clock is too far from the right time.",
    remedy: "Set the worker's clock (timedatectl set-ntp true). Meanwhile it is tried again, by other instances too.",
  },
  TOKEN_ENDPOINT_UNAVAILABLE: {
    class: "transient",
    status: 503,
    title: "The token endpoint could not be reached or failed on Google's side.",
    remedy: "Nothing: it is tried again.",
  },

  // Gmail.
  RECIPIENT_REJECTED: {
    class: "permanent",
    status: 422,
    title: "Gmail refuses a recipient's address.",
    remedy: "Correct the addresses in to, cc and bcc.",
  },
  SENDER_REJECTED: {
    class: "permanent",
    status: 422,
    title: "Gmail refuses the sender's address.",
    remedy:
      "Leave `from` out, or use an address that the mailbox's user has verified: Gmail > Settings > Accounts > Send mail as.",
  },
  DRAFT_REJECTED: {
    class: "permanent",
    status: 422,
    title: "Gmail refuses the draft.",
    remedy: "See the reason; the request's content must change.",
  },
  DRAFT_TOO_LARGE: {
    class: "permanent",
    status: 422,
    title: "The draft is larger than Gmail takes.",
    remedy: "Shorten it: Gmail takes 35 MiB at most.",
  },
  THREAD_NOT_FOUND: {
    class: "permanent",
    status: 422,
    title: "Gmail finds no such thread in this mailbox.",
    remedy:
      "Take `threadId` from this mailbox, by the Gmail API: each mailbox has its own, and Gmail's address bar shows another. Without it the draft starts a thread.",
  },
  GMAIL_OFF: {
    class: "admin",
    status: 503,
    title: "The user has no Gmail.",
    remedy:
      "Admin console > Directory > Users > {mailbox} > Licenses (https://admin.google.com/ac/users): assign one that includes Gmail and turn the service on.",
  },
  GMAIL_PRECONDITION: {
    class: "admin",
    status: 503,
    title: "Gmail's precondition check failed: the call acted for nobody, or for an account that Gmail does not serve.",
    remedy: "Check that {mailbox} is a Workspace user with Gmail turned on.",
  },
  GMAIL_API_DISABLED: {
    class: "admin",
    status: 503,
    title: "The Gmail API is disabled in the service account's project.",
    remedy: "gcloud services enable gmail.googleapis.com --project={project} (takes up to 5 minutes)",
  },
  DOMAIN_POLICY: {
    class: "admin",
    status: 503,
    title: "The domain's administrators have disabled Gmail apps.",
    remedy:
      "Admin console > Apps > Google Workspace > Gmail (https://admin.google.com/ac/apps/gmail): allow API access.",
  },
  DELEGATION_DENIED: {
    class: "permanent",
    status: 422,
    title: "Gmail says that the token belongs to another user than the mailbox.",
    remedy: "Use the user's primary address as mailbox.",
  },
  GMAIL_FORBIDDEN: {
    class: "admin",
    status: 503,
    title: "Gmail forbids the call for a reason that has no code of its own.",
    remedy: "See the reason in the log event; then replay the request.",
  },
  GMAIL_UNAUTHENTICATED: {
    class: "transient",
    status: 503,
    title: "Gmail does not accept the access token.",
    remedy: "Nothing: a new token is made and it is tried again.",
  },
  GMAIL_THROTTLED: {
    class: "throttled",
    status: 503,
    title: "Gmail's quota for this mailbox or project is used up for now.",
    remedy:
      "Nothing: it waits its turn. For more speed raise the quota in the Google Cloud console > APIs & Services > Gmail API > Quotas.",
  },
  GMAIL_CONCURRENCY: {
    class: "throttled",
    status: 503,
    title: "Gmail has too many calls for this mailbox under way at once.",
    remedy: "Nothing: it waits its turn, and fewer of its mailbox's calls run at once from here on.",
  },
  GMAIL_DAILY_LIMIT: {
    class: "throttled",
    status: 503,
    title: "The project's own daily cap of Gmail calls is used up.",
    remedy:
      "Google Cloud console > APIs & Services > Gmail API > Quotas: raise the cap, or wait for midnight Pacific time.",
  },
  GMAIL_UNAVAILABLE: {
    class: "transient",
    status: 503,
    title: "Gmail failed on its side, or its answer was lost.",
    remedy: "Nothing: the next delivery first looks whether the draft exists.",
  },
  GMAIL_UNREACHABLE: {
    class: "transient",
    status: 503,
    title: "No connection to Gmail could be made.",
    remedy: "Nothing: it is tried again.",
  },
  LEASE_SPENT: {
    class: "transient",
    status: 503,
    title: "The claim was too old to let a create leave.",
    remedy: "Nothing: the next delivery claims anew.",
  },
} as const satisfies Record<string, CodeRow>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
