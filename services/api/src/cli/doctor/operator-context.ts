import type { GoogleApis } from "@draftmill/shared/doctor/google-apis.ts";
import type { Probe } from "@draftmill/shared/doctor/probe.ts";

/** What the operator's probes are asked about, and by what. */
export interface OperatorContext {
  readonly project: string;
  readonly region: string;
  /** How every resource's name begins. */
  readonly prefix: string;
  /** For the worker's half, which proves it. */
  readonly mailbox: string | null;
  /** What is in the file of --callers; null when none was named. */
  readonly callersFile: Uint8Array | null;
  readonly google: GoogleApis;
  readonly nowMs: number;
}

export type OperatorProbe = Probe<OperatorContext>;

/** The command that brings back what Terraform keeps, with what that is as a comment of the shell. */
export function terraformMakes(what: string): string {
  return `terraform -chdir=infra/terraform apply # makes ${what}`;
}
