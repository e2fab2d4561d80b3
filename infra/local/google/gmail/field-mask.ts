import { Refusal } from "../google-error.ts";

/** A parsed `fields` parameter: what to keep of an object; `undefined` keeps all of it. */
type Mask = ReadonlyMap<string, Mask | undefined>;

// Every name of the resources that the sandbox answers with; Google refuses a name that its schema lacks.
const KNOWN_FIELDS: ReadonlySet<string> = new Set(
  (
    "* id message drafts nextPageToken resultSizeEstimate threadId labelIds snippet sizeEstimate historyId internalDate " +
    "payload raw classificationLabelValues partId mimeType filename headers body parts name value size data attachmentId " +
    "emailAddress messagesTotal threadsTotal sendAs sendAsEmail displayName replyToAddress signature isPrimary isDefault " +
    "treatAsAlias smtpMsa verificationStatus"
  ).split(" "),
);

/**
 * The part of a body that `fields` asks for, such as `drafts(id,message/id),nextPageToken`:
 * https://developers.google.com/workspace/gmail/api/guides/performance#partial-response
 */
export function selectFields(body: object, fields: string | undefined): object {
  if (fields === undefined || fields === "") return body;
  const tokens = fields.match(/[A-Za-z0-9_*]+|[(),/]/g) ?? [];
  if (tokens.join("") !== fields) refuse(fields);
  const mask = readList(tokens, fields);
  if (tokens.length > 0) refuse(fields);
  return pick(body, mask);
}

/** Takes `name[/path][(list)],…` from the front of the tokens. */
function readList(tokens: string[], fields: string): Mask {
  const mask = new Map<string, Mask | undefined>();
  do {
    const [name, inner] = readPath(tokens, fields);
    const before = mask.get(name);
    const merged = mask.has(name) && (before === undefined || inner === undefined) ? undefined : inner;
    mask.set(name, before !== undefined && merged !== undefined ? new Map([...before, ...merged]) : merged);
  } while (tokens[0] === "," && tokens.shift() !== undefined);
  return mask;
}

function readPath(tokens: string[], fields: string): readonly [string, Mask | undefined] {
  const name = tokens.shift();
  if (name === undefined || !KNOWN_FIELDS.has(name)) return refuse(name ?? fields);
  if (tokens[0] === "/") {
    tokens.shift();
    return [name, new Map([readPath(tokens, fields)])];
  }
  if (tokens[0] !== "(") return [name, undefined];
  tokens.shift();
  const inner = readList(tokens, fields);
  if (tokens.shift() !== ")") refuse(fields);
  return [name, inner];
}

function pick(value: object, mask: Mask): object {
  const picked: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const wanted = mask.has(name) ? name : "*";
    if (mask.has(wanted)) picked[name] = inside(field, mask.get(wanted));
  }
  return picked;
}

function inside(field: unknown, mask: Mask | undefined): unknown {
  if (mask === undefined || typeof field !== "object" || field === null) return field;
  return Array.isArray(field) ? field.map((item) => inside(item, mask)) : pick(field, mask);
}

function refuse(selection: string): never {
  throw new Refusal("invalidArgument", { detail: `Invalid field selection ${selection}` });
}
