import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { DraftState } from "@draftmill/shared/contract/draft-record.ts";

/** A write of the ledger by the state that it takes a record into (`requeued`: to be published once more), or a call to Google. */
export type Step = DraftState | "requeued" | "signJwt" | "token" | "create" | "list" | "delete";

/** Where a worker can be struck: right before or right after one of its own steps. */
export type Spot = `${"before" | "after"} ${Step}`;

/**
 * What happens to whoever comes to the spot:
 * - `hold`: it never goes on, as it waits for the end of its process
 * - `unavailable`: its call fails as one does whose other side is away
 * - `broken`: its call throws an error that nobody has a class for
 * - `hang`: it stands still for `hangMs`, then goes on as if nothing had been
 */
export type StrikeKind = "hold" | "unavailable" | "broken" | "hang";

export interface StrikeOrder {
  readonly kind: StrikeKind;
  /** Of `hang` alone. */
  readonly hangMs: number;
  /** Mailboxes by what their address begins with. All but `hold` strike each of them once. */
  readonly at: readonly { readonly spot: Spot; readonly mailboxes: string }[];
  /** Mailboxes that are left alone all the same. */
  readonly spared: readonly string[];
}

/**
 * Stops whoever is meant by the order that is out; `away` is the failure that its other side would give. Resolves with
 * whether it has stood still.
 */
export type Strike = (spot: Spot, mailbox: string, away: () => Error) => Promise<boolean>;

export interface Strikes {
  readonly strike: Strike;
  /** Whether whoever comes to the spot is meant. */
  isOrdered(spot: Spot, mailbox: string): boolean;
}

/** What a struck process logs, with `mailbox` and `timeMs`: that it was struck, has claimed, lets a create leave. */
export const STRIKE_MET = "strike.met";
export const CLAIMED = "strike.claimed";
export const CREATE_LEFT = "strike.create-left";

/** At once, and before anything else happens in this process. */
export function logStrike(message: string, mailbox: string, timeMs: number): void {
  process.stdout.write(`${JSON.stringify({ message, mailbox, timeMs })}\n`);
}

/** Leaves the order for whichever worker comes to one of its spots, until another is given. */
export function orderStrike(path: string, order: StrikeOrder): void {
  // Whole or not there: the worker may look at any moment.
  writeFileSync(`${path}.new`, JSON.stringify(order));
  renameSync(`${path}.new`, path);
}

export function withdrawStrike(path: string): void {
  rmSync(path, { force: true });
}

/** Carries out in this process what is ordered at `path`. */
export function strikesAt(path: string): Strikes {
  const struck = new Set<string>();
  const orderFor = (spot: Spot, mailbox: string): StrikeOrder | null => {
    const order = readOrder(path);
    if (order === null || order.spared.includes(mailbox)) return null;
    if (!order.at.some((there) => there.spot === spot && mailbox.startsWith(there.mailboxes))) return null;
    return order.kind === "hold" || !struck.has(`${spot} ${mailbox}`) ? order : null;
  };
  return {
    isOrdered: (spot, mailbox) => orderFor(spot, mailbox) !== null,
    async strike(spot, mailbox, away) {
      const order = orderFor(spot, mailbox);
      if (order === null) return false;
      struck.add(`${spot} ${mailbox}`);
      logStrike(STRIKE_MET, mailbox, Date.now());
      switch (order.kind) {
        case "hold":
          return new Promise(() => {});
        case "unavailable":
          throw away();
        case "broken":
          throw new Error("broken by order");
        case "hang":
          await systemClock.sleep(order.hangMs);
          return true;
        default:
          return order.kind satisfies never;
      }
    },
  };
}

function readOrder(path: string): StrikeOrder | null {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // None is out.
    return null;
  }
}
