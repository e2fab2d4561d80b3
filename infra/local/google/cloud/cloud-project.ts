import { healthyProject, type Resources } from "./healthy-project.ts";
import { mergePatch } from "./merge-patch.ts";
import { type Patches, PROJECT_FAULTS, type ProjectFaultName } from "./project-faults.ts";
import type { ProjectNames } from "./project-names.ts";

/** The project as its administrators' APIs show it: healthy until something is broken. */
export interface CloudProject {
  readonly names: ProjectNames;
  /** Breaks one thing of it; what is broken already stays broken. */
  breakIt(fault: ProjectFaultName): void;
  /** Changes resources by their API and path: a patch, or null to remove one. */
  change(patches: Patches): void;
  /** Makes everything healthy again. */
  mend(): void;
}

export class KnownProject implements CloudProject {
  readonly names: ProjectNames;
  readonly #healthyKeys: readonly string[];
  #resources: Resources;

  constructor(names: ProjectNames) {
    this.names = names;
    this.#resources = healthyProject(names);
    this.#healthyKeys = this.keys();
  }

  breakIt(fault: ProjectFaultName): void {
    this.change(PROJECT_FAULTS[fault](this.names));
  }

  change(patches: Patches): void {
    for (const [key, patch] of Object.entries(patches)) {
      if (patch === null) this.#resources.delete(key);
      else this.#resources.set(key, Object(mergePatch(this.#resources.get(key), patch)));
    }
  }

  mend(): void {
    this.#resources = healthyProject(this.names);
  }

  /** Nothing where the resource, or one that it belongs to, is gone. */
  find(key: string): object | undefined {
    const isOrphan = this.#healthyKeys.some((owner) => !this.#resources.has(owner) && isOf(owner, key));
    return isOrphan ? undefined : this.#resources.get(key);
  }

  keys(): readonly string[] {
    return [...this.#resources.keys()];
  }

  isEnabled(api: string): boolean {
    const key = `serviceusage.googleapis.com/v1/projects/${this.names.project}/services/${api}`;
    const service = this.find(key);
    return service === undefined || Reflect.get(service, "state") === "ENABLED";
  }
}

function isOf(owner: string, key: string): boolean {
  return key.startsWith(`${owner}/`) || key.startsWith(`${owner}:`);
}
