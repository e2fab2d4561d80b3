import { randomUUID } from "node:crypto";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { createdFieldsOf, documentIdOf } from "@draftmill/shared/ledger/firestore-document.ts";
import { COLLECTION } from "@draftmill/shared/ledger/firestore-pages.ts";

/** The most that one commit may hold: https://cloud.google.com/firestore/quotas */
const WRITES_IN_A_COMMIT = 500;
const COMMITS_AT_ONCE = 4;

/** Puts `count` records into the emulator as the ledger itself would have, hundreds in a commit. */
export async function loadRecords(
  hostPort: string,
  project: string,
  count: number,
  recordAt: (n: number) => DraftRecord,
): Promise<void> {
  const database = `projects/${project}/databases/(default)`;
  const startedUs = Date.now() * 1_000;
  const writeAt = (n: number) => {
    const record = recordAt(n);
    const name = `${database}/documents/${COLLECTION}/${documentIdOf(record.id)}`;
    return { update: { name, fields: createdFieldsOf(record, randomUUID(), startedUs + n) } };
  };
  let next = 0;
  const commitAll = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next = Math.min(count, first + WRITES_IN_A_COMMIT);
      const writes = Array.from({ length: next - first }, (_, n) => writeAt(first + n));
      const answer = await fetch(`http://${hostPort}/v1/${database}/documents:commit`, {
        method: "POST",
        headers: { authorization: "Bearer owner", "content-type": "application/json" },
        body: JSON.stringify({ writes }),
      });
      if (!answer.ok) throw new Error(`the emulator took no records: ${answer.status} ${await answer.text()}`);
      await answer.body?.cancel();
    }
  };
  await Promise.all(Array.from({ length: COMMITS_AT_ONCE }, commitAll));
}
