import type { FieldProblem } from "@draftmill/shared/errors.ts";
import type { CheckedRow } from "./row-check.ts";

/** What is wrong with one row. */
export interface RowError {
  readonly row: number;
  readonly errors: readonly FieldProblem[];
}

/** Rows at fault that are told one by one; the file of all of them is at GET /v1/batches/{id}/errors. */
export const ERRORS_TOLD = 100;
/** Addresses that nobody in person reads: https://datatracker.ietf.org/doc/html/rfc2142, and what is common beside. */
const ROLE_ADDRESS =
  /^(?:abuse|admin|contact|hello|help|hostmaster|info|marketing|no-?reply|office|postmaster|sales|security|support|team|webmaster)@/i;

/** What a file holds, counted as it is read. */
export class ImportReport {
  rows = 0;
  accepted = 0;
  rejected = 0;
  repeated = 0;
  roleAddresses = 0;
  readonly errors: RowError[] = [];
  readonly mailboxes = new Map<string, number>();

  count(row: CheckedRow): void {
    this.rows += 1;
    switch (row.kind) {
      case "fits":
        this.accepted += 1;
        this.mailboxes.set(row.request.mailbox, (this.mailboxes.get(row.request.mailbox) ?? 0) + 1);
        if (row.request.to.some(({ address }) => ROLE_ADDRESS.test(address))) this.roleAddresses += 1;
        return;
      case "repeats":
        this.repeated += 1;
        return;
      case "fault":
        this.rejected += 1;
        if (this.errors.length < ERRORS_TOLD) this.errors.push({ row: row.row, errors: row.problems });
        return;
      default:
        row satisfies never;
    }
  }
}
