/** What the load is made of; each names how its requests are told apart, so that none is a repetition. */
export type RequestKind =
  /** One draft request as HTTP. */
  | { readonly kind: "draft"; readonly path: string; readonly mailboxes: number }
  /** So many of them in one call. */
  | { readonly kind: "batch"; readonly path: string; readonly items: number; readonly mailboxes: number }
  /** The same as a file of JSON lines. */
  | { readonly kind: "import"; readonly path: string; readonly rows: number; readonly mailboxes: number }
  /** What Pub/Sub pushes. */
  | {
      readonly kind: "push";
      readonly path: string;
      readonly mailboxes: number;
      readonly subscription: string;
      readonly token: string;
    };

/** A text that makes a draft request of about 300 bytes. */
const TEXT =
  "Bonjour, nous avons regardé votre projet avec attention et voudrions vous proposer un rendez-vous la semaine prochaine. Bien à vous.";

/** In how many parts a mailbox's requests go, each under a key of its own: the api's default. */
const ORDERING_SHARDS = 16;

/** The ordering key of the n-th request, spread as the api does. */
export function orderingKeyOf(n: number, mailboxes: number): string {
  return `${mailboxOf(n, mailboxes)}#${Math.floor(n / mailboxes) % ORDERING_SHARDS}`;
}

/** Mailboxes by number: rep0@example.com … */
export function mailboxOf(n: number, mailboxes: number): string {
  return `rep${n % mailboxes}@example.com`;
}

export function draftJson(n: number, mailboxes: number): string {
  return `{"to":"Ada Lovelace <ada${n}@example.com>","subject":"Votre projet ${n}","message":"${TEXT}","mailbox":"${mailboxOf(n, mailboxes)}"}`;
}

/**
 * Makes the n-th request, head and body, for a host.
 * @param run tells the requests of one run from those of another with the same ledger
 */
export function requestMaker(kind: RequestKind, host: string, run: string): (n: number) => string {
  const head = (path: string, type: string, length: number, more = ""): string =>
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: ${type}\r\n${more}content-length: ${length}\r\n\r\n`;
  const json = (path: string, body: string, more = ""): string =>
    head(path, "application/json", Buffer.byteLength(body), more) + body;
  switch (kind.kind) {
    case "draft":
      return (n) => json(kind.path, draftJson(n, kind.mailboxes));
    case "batch":
      return (n) => {
        const items = range(kind.items).map((item) => draftJson(n * kind.items + item, kind.mailboxes));
        return json(kind.path, `{"name":"${run}-${n}","items":[${items.join(",")}]}`);
      };
    case "import": {
      const order = (n: number): string => encodeURIComponent(JSON.stringify({ name: `${run}-${n}` }));
      return (n) => {
        const rows = range(kind.rows)
          .map((row) => `${draftJson(n * kind.rows + row, kind.mailboxes)}\n`)
          .join("");
        const path = `${kind.path}?import=${order(n)}`;
        return head(path, "application/x-ndjson", Buffer.byteLength(rows)) + rows;
      };
    }
    case "push": {
      const publishTime = new Date(0).toISOString();
      return (n) => {
        const data = Buffer.from(draftJson(n, kind.mailboxes)).toString("base64");
        const attributes = `{"id":"${run}-${n}"}`;
        const message = `{"attributes":${attributes},"data":"${data}","messageId":"${n}","message_id":"${n}","orderingKey":"${orderingKeyOf(n, kind.mailboxes)}","publishTime":"${publishTime}","publish_time":"${publishTime}"}`;
        const body = `{"deliveryAttempt":1,"message":${message},"subscription":"${kind.subscription}"}`;
        return json(kind.path, body, `authorization: Bearer ${kind.token}\r\nuser-agent: APIs-Google\r\n`);
      };
    }
    default:
      return kind satisfies never;
  }
}

/** How many drafts one request stands for. */
export function draftsIn(kind: RequestKind): number {
  switch (kind.kind) {
    case "draft":
    case "push":
      return 1;
    case "batch":
      return kind.items;
    case "import":
      return kind.rows;
    default:
      return kind satisfies never;
  }
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
