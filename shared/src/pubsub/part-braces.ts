import type { OutgoingMessage } from "./topic-publisher.ts";

/**
 * @google-cloud/pubsub 6.3.0 replaces a literal `{{projectId}}` in attributes and ordering keys by the project's id
 * (measured), and there is no way to quote it. Nothing of ours needs two braces together, so they are parted, whichever way
 * the message goes.
 */
export function partBraces(message: OutgoingMessage): OutgoingMessage {
  const { attributes, orderingKey = null } = message;
  if (isPlain(orderingKey ?? "") && arePlain(attributes)) return message;
  const parted = Object.entries(attributes).map(([name, value]) => [name, part(value)]);
  return {
    ...message,
    attributes: Object.fromEntries(parted),
    orderingKey: orderingKey === null ? null : part(orderingKey),
  };
}

function arePlain(attributes: OutgoingMessage["attributes"]): boolean {
  for (const name in attributes) if (!isPlain(attributes[name] ?? "")) return false;
  return true;
}

function isPlain(text: string): boolean {
  return !text.includes("{{");
}

function part(text: string): string {
  return text.replaceAll(/\{(?=\{)/g, "{ ");
}
