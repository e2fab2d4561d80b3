import type { FastifyPluginCallback } from "fastify";
import type { KnownProject } from "./cloud-project.ts";
import type { Patches, ProjectFaultName } from "./project-faults.ts";
import { PROJECT_FAULTS } from "./project-faults.ts";

const FAULTS = Object.keys(PROJECT_FAULTS);

const BREAK_REQUEST = {
  oneOf: [
    {
      type: "object",
      required: ["fault"],
      additionalProperties: false,
      properties: { fault: { enum: FAULTS } },
    },
    {
      type: "object",
      required: ["resources"],
      additionalProperties: false,
      properties: { resources: { type: "object", additionalProperties: { type: ["object", "null"] } } },
    },
  ],
};

/** What a person at the keyboard may break of the project, and mend. */
export function cloudAdminRoutes(project: KnownProject): FastifyPluginCallback {
  return (app, _options, done) => {
    app.addContentTypeParser("application/json", { parseAs: "string" }, app.getDefaultJsonParser("error", "error"));
    app.setErrorHandler((error, _request, reply) =>
      reply.code(400).send({ error: error instanceof Error ? error.message : "invalid request" }),
    );

    app.get("/_sandbox/project", () => ({ faults: FAULTS, resources: project.keys() }));
    app.post<{ Body: { readonly fault: ProjectFaultName } | { readonly resources: Patches } }>(
      "/_sandbox/project",
      { schema: { body: BREAK_REQUEST } },
      ({ body }, reply) => {
        if ("fault" in body) project.breakIt(body.fault);
        else project.change(body.resources);
        return reply.code(204).send();
      },
    );
    app.delete("/_sandbox/project", (_request, reply) => {
      project.mend();
      return reply.code(204).send();
    });
    done();
  };
}
