import { DEAD_LETTER_SUBSCRIPTION, DRAFTS_TOPIC } from "@draftmill/local/topics.ts";

/** What the soak itself does with Pub/Sub, by REST as any client. */
export interface SoakTopics {
  publish(ids: readonly string[]): Promise<void>;
  /** Ids of the requests whose dead letter lies on the topic. Takes what it reads. */
  takeLetters(): Promise<ReadonlySet<string>>;
}

const CALL_TIMEOUT_MS = 10_000;
const LETTERS_AT_ONCE = 500;

export function openTopics({
  pubsubUrl,
  project,
  mailboxes,
}: {
  readonly pubsubUrl: string;
  readonly project: string;
  readonly mailboxes: number;
}): SoakTopics {
  const call = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`${pubsubUrl}/v1/projects/${project}/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    if (!answer.ok) throw new Error(`Pub/Sub refused ${path}: ${await answer.text()}`);
    return answer.json();
  };
  let published = 0;
  const topics: SoakTopics = {
    async publish(ids) {
      const messages = ids.map((id, n) => messageOf(id, (published + n) % mailboxes));
      published += ids.length;
      await call(`topics/${DRAFTS_TOPIC}:publish`, { messages });
    },
    async takeLetters() {
      const letters = new Set<string>();
      const subscription = `subscriptions/${DEAD_LETTER_SUBSCRIPTION}`;
      for (;;) {
        const pull = { maxMessages: LETTERS_AT_ONCE, returnImmediately: true };
        const { receivedMessages = [] } = (await call(`${subscription}:pull`, pull)) as PulledLetters;
        if (receivedMessages.length === 0) return letters;
        for (const { message } of receivedMessages) letters.add(message.attributes?.id ?? "");
        await call(`${subscription}:acknowledge`, { ackIds: receivedMessages.map(({ ackId }) => ackId) });
      }
    },
  };
  return topics;
}

interface PulledLetters {
  readonly receivedMessages?: readonly {
    readonly ackId: string;
    readonly message: { readonly attributes?: Readonly<Record<string, string>> };
  }[];
}

function messageOf(id: string, n: number) {
  const mailbox = soakMailbox(n);
  const request = { to: "ada@example.com", subject: `Soak ${id}`, message: "A line.", mailbox };
  return { data: Buffer.from(JSON.stringify(request)).toString("base64"), attributes: { id } };
}

/** Where drafts of requests lie, counted from 0. */
export function soakMailbox(n: number): string {
  return `rep${n}@example.com`;
}
