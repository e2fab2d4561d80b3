import type { Incident } from "@draftmill/shared/incident/incident.ts";

const TEXT = { type: "string" };
const TIME = { type: "string", format: "date-time" };

const PROPERTIES = {
  id: TEXT,
  status: { type: "string", enum: ["open", "closed"] },
  mailbox: TEXT,
  code: TEXT,
  detail: TEXT,
  remedy: { ...TEXT, description: "What an administrator has to do." },
  openedAt: TIME,
  probes: { type: "integer", description: "How often Google was asked whether it is over." },
  nextProbeAt: { type: ["string", "null"], format: "date-time" },
  closedAt: { type: ["string", "null"], format: "date-time" },
  closedBy: { type: ["string", "null"], enum: ["probe", "replay", null] },
};

export const INCIDENT_SCHEMA = {
  type: "object",
  additionalProperties: false,
  required: Object.keys(PROPERTIES),
  properties: PROPERTIES,
};

export type IncidentView = ReturnType<typeof viewIncident>;

export function viewIncident(incident: Incident) {
  const { id, state, mailbox, code, problem, openedAtMs, probes, probeAtMs, closedAtMs, closedBy } = incident;
  return {
    id,
    status: state,
    mailbox,
    code,
    detail: problem.detail,
    remedy: problem.remedy ?? "",
    openedAt: new Date(openedAtMs).toISOString(),
    probes,
    nextProbeAt: state === "open" ? new Date(probeAtMs).toISOString() : null,
    closedAt: closedAtMs === null ? null : new Date(closedAtMs).toISOString(),
    closedBy,
  };
}
