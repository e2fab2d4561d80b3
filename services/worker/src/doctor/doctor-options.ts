import { parseArgs } from "node:util";
import { parseBareAddress } from "@draftmill/shared/contract/email-address.ts";

export interface DoctorOptions {
  /** Null: GMAIL_USER, or else the first address of MAILBOXES. */
  readonly mailbox: string | null;
  readonly write: boolean;
  readonly live: boolean;
  readonly strict: boolean;
  readonly json: boolean;
}

export const DOCTOR_HELP = `Usage: node doctor.mjs [--mailbox ADDRESS] [--write] [--live] [--strict] [--json]

The worker's half of draftmill doctor, in the worker's environment and with its identity. It never sends.

  --mailbox ADDRESS  the mailbox to prove; unless given, GMAIL_USER, or else the first address of MAILBOXES
  --write            make a draft in it, and delete it again
  --live             measure whether drafts can be found again there; makes a draft and deletes it, takes up to two minutes
  --strict           ask for wider scopes than the worker needs, which Google should refuse; it shows in the Workspace's log
  --json             one line of JSON in place of the table
`;

/** Never throws: a fault is what is wrong with the command line. */
export function parseDoctorOptions(args: readonly string[]): DoctorOptions | "help" | { readonly fault: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        mailbox: { type: "string" },
        write: { type: "boolean", default: false },
        live: { type: "boolean", default: false },
        strict: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    const { mailbox, write, live, strict, json } = values;
    if (mailbox === undefined) return { mailbox: null, write, live, strict, json };
    const parsed = parseBareAddress(mailbox);
    if (!parsed.ok) return { fault: `--mailbox ${parsed.detail}` };
    return { mailbox: parsed.value.toLowerCase(), write, live, strict, json };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
