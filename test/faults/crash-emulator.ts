import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import type { CrashSuiteOptions } from "./crash-suite.ts";

/** Google's emulator for a suite, one for each of its stacks; or in one line why it is skipped. */
export async function findEmulator(): Promise<Pick<CrashSuiteOptions, "firestore" | "skip">> {
  const found = await findFirestoreEmulator();
  if ("missing" in found) return { skip: found.missing };
  return { firestore: () => startFirestoreEmulator(found.script) };
}
