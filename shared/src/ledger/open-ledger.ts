import { randomUUID, randomUUIDv7 } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { FirestoreAccess } from "./firestore-access.ts";
import type { Ledger } from "./ledger.ts";
import { SqliteLedger } from "./sqlite-ledger.ts";

/** Where a Firestore ledger is, named as in the environment so that a service hands on what it read. */
export interface FirestorePlace {
  /** Unset: asked from the metadata server. */
  readonly GOOGLE_CLOUD_PROJECT?: string | undefined;
  /** host:port of Google's emulator, which is called without credentials. */
  readonly FIRESTORE_EMULATOR_HOST?: string | undefined;
  /** Origin of the Cloud Firestore API. */
  readonly FIRESTORE_ENDPOINT: string;
  /** Default: pool. */
  readonly GOOGLE_TRANSPORT?: "pool" | "fetch";
}

const GOOGLE: FirestorePlace = { FIRESTORE_ENDPOINT: "https://firestore.googleapis.com" };

/**
 * Opens the store that `LEDGER_URL` names. `sqlite:PATH`: the path relative to the working directory or absolute; the file
 * and its folder are made if they are not there. `firestore:` or `firestore:DATABASE`: a database in native mode, the
 * project's default one or another; nothing is asked of it before the first call.
 * @throws Error with a message for whoever set the variable
 * @throws LedgerUnavailable when the store is known but does not open
 */
export async function openLedger(
  url: string,
  { clock, place = GOOGLE }: { readonly clock: Clock; readonly place?: FirestorePlace },
): Promise<Ledger> {
  const [, scheme, rest = ""] = /^([a-z]+):(.*)$/s.exec(url) ?? [];
  if (scheme === "sqlite" && rest !== "") return new SqliteLedger(rest, { clock });
  if (scheme === "firestore") return openFirestoreLedger(rest === "" ? "(default)" : rest, clock, place);
  throw new Error(
    `LEDGER_URL: "${url}" is not supported; write sqlite:PATH, as in sqlite:./data/ledger.db, or firestore:`,
  );
}

/**
 * Makes ids for what is new in the store that `LEDGER_URL` names. Ids that follow each other stand together in SQLite's index, so that a
 * group of writes touches one page of it, and not one for each (a quarter of a write, measured); Firestore keeps them on one server
 * (https://cloud.google.com/firestore/docs/best-practices#document_ids).
 */
export function newIdsFor(url: string): () => string {
  return url.startsWith("sqlite:") ? randomUUIDv7 : randomUUID;
}

/** Loaded when it is asked for: the client library takes time and memory that the embedded store does not need. */
async function openFirestoreLedger(database: string, clock: Clock, place: FirestorePlace): Promise<Ledger> {
  const [{ FirestoreLedger }, access] = await Promise.all([import("./firestore-ledger.ts"), accessTo(place)]);
  const { GOOGLE_TRANSPORT: transport } = place;
  const fetch = transport === "fetch" ? globalThis.fetch : undefined;
  return new FirestoreLedger({ access, database, clock, random: Math.random, newWriteId: randomUUID, fetch });
}

async function accessTo(place: FirestorePlace): Promise<FirestoreAccess> {
  const { GOOGLE_CLOUD_PROJECT: project, FIRESTORE_EMULATOR_HOST: emulator } = place;
  const { emulatorAccess, firestoreAccess } = await import("./firestore-access.ts");
  if (emulator === undefined) return firestoreAccess(place.FIRESTORE_ENDPOINT, project);
  if (project !== undefined) return emulatorAccess(emulator, project);
  throw new Error("GOOGLE_CLOUD_PROJECT is required with FIRESTORE_EMULATOR_HOST: an emulator names no project");
}
