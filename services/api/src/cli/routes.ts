/** The service's operations that the CLI calls, by the ids that its OpenAPI document gives them. */
export const ROUTES = {
  queueDraft: "POST /v1/drafts",
  getDraft: "GET /v1/drafts/{id}",
  listDrafts: "GET /v1/drafts",
  importFile: "POST /v1/imports",
  queueBatch: "POST /v1/batches",
  listBatches: "GET /v1/batches",
  getBatch: "GET /v1/batches/{id}",
  getBatchResults: "GET /v1/batches/{id}/results",
  getRejectedRows: "GET /v1/batches/{id}/errors",
  pauseBatch: "POST /v1/batches/{id}/pause",
  resumeBatch: "POST /v1/batches/{id}/resume",
  cancelBatch: "POST /v1/batches/{id}/cancel",
  undoBatch: "POST /v1/batches/{id}/undo",
  listFailures: "GET /v1/failures",
  replay: "POST /v1/replays",
  getReplay: "GET /v1/replays/{id}",
  listIncidents: "GET /v1/incidents",
  isReady: "GET /health/ready",
  describe: "GET /openapi.json",
} as const;

export type Operation = keyof typeof ROUTES;

/** Method and path of an operation, with its id filled in. */
export function routeOf(operation: Operation, id?: string): { readonly method: string; readonly path: string } {
  const [method = "GET", template = "/"] = ROUTES[operation].split(" ");
  return { method, path: id === undefined ? template : template.replace("{id}", encodeURIComponent(id)) };
}
