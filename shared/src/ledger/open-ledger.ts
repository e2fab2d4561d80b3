import type { Clock } from "../clock.ts";
import type { Ledger } from "./ledger.ts";
import { SqliteLedger } from "./sqlite-ledger.ts";

/**
 * Opens the store that `LEDGER_URL` names: `sqlite:PATH`, the path relative to the working directory or absolute. The
 * file and its folder are made if they are not there.
 * @throws Error with a message for whoever set the variable
 * @throws LedgerUnavailable when the store is known but does not open
 */
export async function openLedger(url: string, options: { readonly clock: Clock }): Promise<Ledger> {
  const [, scheme, path] = /^([a-z]+):(.*)$/s.exec(url) ?? [];
  if (scheme === "sqlite" && path) return new SqliteLedger(path, options);
  throw new Error(`LEDGER_URL: "${url}" is not supported; write sqlite:PATH, as in sqlite:./data/ledger.db`);
}
