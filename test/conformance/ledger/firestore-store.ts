import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import type { MakeStore } from "./make-store.ts";

/** Opens connections to one empty database: the emulator makes a project of its own for every name it hears. */
export function firestoreStores(hostPort: string): MakeStore {
  return async (t: TestContext) => {
    const project = `ledger-${randomUUID()}`;
    return async (): Promise<Ledger> => {
      const place = {
        GOOGLE_CLOUD_PROJECT: project,
        FIRESTORE_EMULATOR_HOST: hostPort,
        FIRESTORE_ENDPOINT: "https://firestore.googleapis.com",
      };
      const ledger = await openLedger("firestore:", { clock: systemClock, place });
      t.after(() => ledger.close());
      return ledger;
    };
  };
}
