/**
 * How Node runs a service, wherever it does: in the image (a test compares), under `npm start` and by `npm run start:api` and `start:worker`.
 * Most of a busy service's memory is objects that are dead already: V8 is to collect them before it asks for more
 * (infra/docs/decisions/garbage-is-collected-early.md).
 */
export const NODE_FLAGS: Readonly<Record<"api" | "worker", readonly string[]>> = {
  // A batch of a thousand lives until Pub/Sub has it: in a young generation of 8 MB it is moved about so often that it costs a fifth more
  // (measured); in one of 32 MB as much again as it saves.
  api: ["--max-semi-space-size=16", "--heap-growing-percent=40", "--initial-old-space-size=40"],
  worker: ["--max-semi-space-size=8", "--heap-growing-percent=40", "--initial-old-space-size=40"],
};

/**
 * What glibc's malloc is told beside, in the image and under `npm start`: to give back what is free from 1 MB on. By itself it keeps twice
 * the largest piece that was ever freed, which is a bundle's text, and so for good what V8 takes for a moment to compile code.
 */
export const MALLOC_SETTINGS: Readonly<Record<string, string>> = { MALLOC_TRIM_THRESHOLD_: "1048576" };
