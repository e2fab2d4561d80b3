import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

const MEMORY = ":memory:";

/**
 * Opens the file that holds what must outlive a restart: drafts and the service account's key. What Google would
 * forget or renew (tokens, quota windows, scripted faults) is kept in memory only.
 */
export function openState(path: string): DatabaseSync {
  if (path !== MEMORY) mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path);
  // WAL with synchronous=NORMAL survives the end of the process, not a power cut: enough for drafts nobody will send.
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;");
  return db;
}
