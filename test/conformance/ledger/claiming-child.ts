// Run as a process of its own: claims and completes, in the ledger given, every id of a list that nobody else has, and
// says so on stdout after each answer. Ends when the list does, when the ledger is unavailable, or when it is killed.
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { aDraft, aRecord } from "./a-record.ts";

const [url = "", count = "0", name = ""] = process.argv.slice(2);
const ledger = new DraftLedger(await openLedger(url, { clock: systemClock }), { clock: systemClock });
try {
  for (let i = 0; i < Number(count); i++) {
    const claim = await ledger.claim(aRecord({ id: `request-${i}` }));
    if (claim.kind !== "claimed") continue;
    process.stdout.write(`claimed ${i}\n`);
    await ledger.complete(claim, { ...aDraft, draftId: `r-${name}-${i}` });
    process.stdout.write(`completed ${i}\n`);
  }
} catch (error) {
  if (!(error instanceof LedgerUnavailable)) throw error;
  process.stdout.write(`unavailable ${error.reason}\n`);
}
await ledger.close();
