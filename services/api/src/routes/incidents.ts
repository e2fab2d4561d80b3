import { INCIDENTS, type Incident } from "@draftmill/shared/incident/incident.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { FastifyInstance } from "fastify";
import { INCIDENT_SCHEMA, viewIncident } from "../incident-view.ts";

export const INCIDENT_PAGE_SCHEMA = {
  title: "IncidentPage",
  type: "object",
  additionalProperties: false,
  required: ["items", "nextCursor"],
  properties: {
    items: {
      type: "array",
      description: "The latest that came up for the first time first.",
      items: INCIDENT_SCHEMA,
    },
    nextCursor: { type: ["string", "null"], description: "Null on the last page." },
  },
};

/** The query of GET /v1/incidents. */
export const INCIDENTS_QUERY_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    status: { type: "string", enum: ["open", "closed"], description: "Only these; a page may then hold fewer." },
    cursor: { type: "string", minLength: 1, maxLength: 512, description: "`nextCursor` of the page before." },
    limit: { type: "integer", minimum: 1, maximum: 200, default: 50, description: "The most items of a page." },
  },
};

/** What an administrator has to mend, and what was mended. */
export function registerIncidents(app: FastifyInstance, { ledger }: { readonly ledger: DraftLedger }): void {
  const incidents = ledger.documents(INCIDENTS);
  app.get<{ Querystring: { status?: Incident["state"]; limit: number; cursor?: string } }>(
    "/v1/incidents",
    { schema: { querystring: INCIDENTS_QUERY_SCHEMA, response: { 200: INCIDENT_PAGE_SCHEMA } } },
    async ({ query }) => {
      const { items, nextCursor } = await incidents.list(query.limit, query.cursor);
      const fitting = items.filter(({ state }) => query.status === undefined || state === query.status);
      return { items: fitting.map(viewIncident), nextCursor };
    },
  );
}
