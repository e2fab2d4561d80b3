import { type Answer, errorInfo } from "../answer.ts";

/** How the administrators' APIs refuse: google.rpc.Status without Gmail's older half. */
export const CLOUD_ERRORS = {
  cloudNotFound: () => refusal(404, "NOT_FOUND", "Requested entity was not found."),
  cloudPermissionDenied: () =>
    refusal(403, "PERMISSION_DENIED", "The caller does not have permission", [
      errorInfo("IAM_PERMISSION_DENIED", "iam.googleapis.com", { permission: "resourcemanager.projects.get" }),
    ]),
} as const satisfies Record<string, () => Answer>;

export function apiDisabled(api: string, projectNumber: string): Answer {
  const url = `https://console.developers.google.com/apis/api/${api}/overview?project=${projectNumber}`;
  return refusal(
    403,
    "PERMISSION_DENIED",
    `${api} has not been used in project ${projectNumber} before or it is disabled. Enable it by visiting ${url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`,
    [errorInfo("SERVICE_DISABLED", "googleapis.com", { consumer: `projects/${projectNumber}`, service: api })],
  );
}

function refusal(status: number, code: string, message: string, details?: readonly object[]): Answer {
  return {
    status,
    body: { error: { code: status, message, status: code, ...(details === undefined ? {} : { details }) } },
  };
}
