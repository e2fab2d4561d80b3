import { invalid } from "./pubsub-error.ts";

/** Stands where a subscription's topic was, once that topic is deleted. */
export const DELETED_TOPIC = "_deleted-topic_";

// https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
const ID = /^[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$/;
const PROJECT = /^projects\/[^/\s]+$/;

export type Collection = "topics" | "subscriptions";

/** The name unchanged, or INVALID_ARGUMENT: `projects/{project}/{collection}/{id}`, the id as Pub/Sub allows it. */
export function resourceName(collection: Collection, name: string): string {
  const [projects, project, kind, id, ...rest] = name.split("/");
  const wellFormed = PROJECT.test(`${projects}/${project}`) && kind === collection && rest.length === 0;
  if (!wellFormed || id === undefined || !ID.test(id) || /^goog/i.test(id)) {
    throw invalid(`Invalid [${collection}] name: (name=${name.slice(0, 300)}).`);
  }
  return name;
}

/** The name unchanged, or INVALID_ARGUMENT. */
export function projectName(name: string): string {
  if (!PROJECT.test(name)) throw invalid(`Invalid project name: (name=${name.slice(0, 300)}).`);
  return name;
}

/** "draft-requests" of "projects/p/topics/draft-requests". */
export function shortId(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** "p" of "projects/p/topics/draft-requests". */
export function projectId(name: string): string {
  return name.split("/")[1] ?? "";
}
