import { watchResources } from "./healthy-figures.ts";
import { identityResources } from "./healthy-identities.ts";
import { firestoreResources } from "./healthy-ledger.ts";
import { pubsubResources } from "./healthy-queue.ts";
import { runResources } from "./healthy-services.ts";
import type { ProjectNames } from "./project-names.ts";

/** Every resource of the project by its API and path, as the API answers it; policies under `:getIamPolicy`. */
export type Resources = Map<string, object>;

/** A project in which Draftmill is deployed as its Terraform does it, with nothing wrong. */
export function healthyProject(names: ProjectNames): Resources {
  return new Map([
    ...identityResources(names),
    ...runResources(names),
    ...pubsubResources(names),
    ...firestoreResources(names),
    ...watchResources(names),
  ]);
}
