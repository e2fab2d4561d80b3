/**
 * How Node runs a service, wherever it does: in the image (a test compares), under `npm start` and by `npm run start:api` and `start:worker`.
 * Most of a busy service's memory is objects that are dead already: V8 is to collect them before it asks for more
 * (infra/docs/decisions/garbage-is-collected-early.md).
 */
export const NODE_FLAGS: readonly string[] = [
  "--max-semi-space-size=8",
  "--heap-growing-percent=40",
  "--initial-old-space-size=64",
];
