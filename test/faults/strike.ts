import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { DraftState } from "@draftmill/shared/contract/draft-record.ts";

/** When a worker is to kill itself: right before or right after the write that takes a record into this state. */
export interface Strike {
  readonly when: "before" | "after";
  readonly into: DraftState;
  readonly mailbox: string;
}

/** Leaves the order for whichever worker comes to that point first. It is carried out once. */
export function orderStrike(path: string, strike: Strike): void {
  // Whole or not there: the worker may look at any moment.
  writeFileSync(`${path}.new`, JSON.stringify(strike));
  renameSync(`${path}.new`, path);
}

/** The order that is out, if it is for this point; it is taken back, so that the next process lives. */
export function takeStrike(path: string, here: Strike): boolean {
  if (!existsSync(path)) return false;
  const { when, into, mailbox }: Partial<Strike> = JSON.parse(readFileSync(path, "utf8"));
  if (when !== here.when || into !== here.into || mailbox !== here.mailbox) return false;
  rmSync(path);
  return true;
}
