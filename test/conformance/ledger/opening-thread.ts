import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "@draftmill/shared/clock.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";

const { path, gate }: { readonly path: string; readonly gate: Int32Array<SharedArrayBuffer> } = workerData;
Atomics.add(gate, 0, 1);
Atomics.wait(gate, 1, 0);
try {
  const store = await openLedger(`sqlite:${path}`, { clock: systemClock });
  await store.close();
  parentPort?.postMessage("opened");
} catch (error) {
  parentPort?.postMessage(String(error));
}
