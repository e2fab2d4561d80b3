import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import type { MakeStore } from "./make-store.ts";

export interface FirestoreOptions {
  readonly project: string;
  readonly clock?: Clock;
  readonly url?: string;
}

/** The emulator makes a project of its own for every name it hears: an unused name is an empty store. */
export function unusedProject(): string {
  return `ledger-${randomUUID()}`;
}

/** Opens one connection, closed after the test, to the emulator or a line to it. */
export async function openFirestore(t: TestContext, hostPort: string, options: FirestoreOptions): Promise<Ledger> {
  const { project, clock = systemClock, url = "firestore:" } = options;
  const place = {
    GOOGLE_CLOUD_PROJECT: project,
    FIRESTORE_EMULATOR_HOST: hostPort,
    FIRESTORE_ENDPOINT: "https://firestore.googleapis.com",
  };
  const ledger = await openLedger(url, { clock, place });
  t.after(() => ledger.close());
  return ledger;
}

export function firestoreStores(hostPort: string): MakeStore {
  return async (t: TestContext) => {
    const project = unusedProject();
    return () => openFirestore(t, hostPort, { project });
  };
}
