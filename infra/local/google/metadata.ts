import type { Clock } from "@draftmill/shared/clock.ts";
import type { FastifyPluginCallback } from "fastify";
import type { IdTokenSigner } from "../id-token-signer.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { Answer } from "./answer.ts";
import { type OperationHandler, send } from "./operation.ts";
import { pathValue, queryValue } from "./request-values.ts";
import type { ServiceAccount } from "./service-accounts.ts";

export interface MetadataParts {
  readonly operation: OperationHandler;
  readonly account: ServiceAccount;
  readonly tokens: AccessTokens;
  readonly signer: IdTokenSigner;
  readonly clock: Clock;
  readonly projectId: string;
  readonly projectNumber: string;
}

/** The answer to every metadata request carries it, and every request must: https://cloud.google.com/compute/docs/metadata/querying-metadata */
const FLAVOR = { "Metadata-Flavor": "Google", Server: "Metadata Server for VM" } as const;

const CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_LIFETIME_SECONDS = 3599;
// The real server hands out one token until it is nearly used up.
const RENEW_BEFORE_MS = 300_000;
const REGION = "europe-west1";
const MISSING_FLAVOR: Answer = {
  status: 403,
  contentType: "text/html; charset=UTF-8",
  headers: FLAVOR,
  body: "Missing required header: Metadata-Flavor",
};

const NOT_FOUND: Answer = {
  status: 404,
  contentType: "text/html; charset=UTF-8",
  headers: FLAVOR,
  body: "Not Found",
};

/** The metadata server of the instance on which the services pretend to run. */
export function metadataServer(parts: MetadataParts): FastifyPluginCallback {
  const { account, tokens, signer, clock, projectId, projectNumber } = parts;
  const cached = new Map<string, { readonly token: string; readonly expiresAtMs: number }>();

  const values: Readonly<Record<string, string>> = {
    "": "instance/\nproject/\nuniverse/\n",
    "project/": "numeric-project-id\nproject-id\n",
    "project/project-id": projectId,
    "project/numeric-project-id": projectNumber,
    "universe/universe-domain": "googleapis.com",
    instance: "id\nregion\nservice-accounts/\nzone\n",
    "instance/": "id\nregion\nservice-accounts/\nzone\n",
    "instance/id": "0087244a8018",
    "instance/region": `projects/${projectNumber}/regions/${REGION}`,
    "instance/zone": `projects/${projectNumber}/zones/${REGION}-1`,
    "instance/service-accounts/": `default/\n${account.email}/\n`,
  };

  const accountValues: Readonly<Record<string, string>> = {
    "": "aliases\nemail\nidentity\nscopes\ntoken\n",
    aliases: "default\n",
    email: account.email,
    scopes: `${CLOUD_PLATFORM}\n`,
  };

  return (app, _options, done) => {
    app.addHook("onRequest", async (request, reply) => {
      if (request.headers["metadata-flavor"] !== "Google") return send(reply, MISSING_FLAVOR);
    });

    for (const name of ["default", account.email]) {
      const base = `/computeMetadata/v1/instance/service-accounts/${name}`;
      app.get(
        `${base}/token`,
        parts.operation("metadata.token", {
          identify: nobody,
          work: (request) => token(queryValue(request.query, "scopes")),
        }),
      );
      app.get(
        `${base}/identity`,
        parts.operation("metadata.identity", { identify: nobody, work: (request) => identity(request.query) }),
      );
      app.get(`${base}/*`, (request, reply) => {
        if (queryValue(request.query, "recursive") === "true") {
          return send(reply, json({ aliases: ["default"], email: account.email, scopes: [CLOUD_PLATFORM] }));
        }
        return send(reply, valueAt(accountValues, pathValue(request.params, "*")));
      });
    }
    app.get("/computeMetadata/v1", (_request, reply) => send(reply, valueAt(values, "")));
    app.get("/computeMetadata/v1/*", (request, reply) => send(reply, valueAt(values, pathValue(request.params, "*"))));
    done();
  };

  function token(scopes: string | undefined): Answer {
    const wanted = scopes === undefined || scopes === "" ? [CLOUD_PLATFORM] : scopes.split(",");
    const key = wanted.join(" ");
    const nowMs = clock.nowMs();
    const known = cached.get(key);
    if (known !== undefined && known.expiresAtMs - nowMs > RENEW_BEFORE_MS && tokens.find(known.token) !== undefined) {
      return tokenAnswer(known.token, Math.floor((known.expiresAtMs - nowMs) / 1000));
    }
    const issued = tokens.issue(
      { subject: account.email, kind: "service-account", scopes: wanted },
      TOKEN_LIFETIME_SECONDS,
    );
    cached.set(key, { token: issued, expiresAtMs: nowMs + TOKEN_LIFETIME_SECONDS * 1000 });
    return tokenAnswer(issued, TOKEN_LIFETIME_SECONDS);
  }

  async function identity(query: unknown): Promise<Answer> {
    const audience = queryValue(query, "audience");
    if (audience === undefined || audience === "") {
      return {
        status: 400,
        contentType: "text/html; charset=UTF-8",
        headers: FLAVOR,
        body: "non-empty audience parameter required",
      };
    }
    const now = Math.floor(clock.nowMs() / 1000);
    const full = queryValue(query, "format") === "full" ? { email: account.email, email_verified: true } : {};
    const claims = {
      aud: audience,
      azp: account.clientId,
      ...full,
      exp: now + 3600,
      iat: now,
      iss: "https://accounts.google.com",
      sub: account.clientId,
    };
    return text(await signer.sign(claims));
  }
}

function nobody(): { readonly mailbox: undefined } {
  return { mailbox: undefined };
}

function tokenAnswer(token: string, expiresInSeconds: number): Answer {
  return json({ access_token: token, expires_in: expiresInSeconds, token_type: "Bearer" });
}

function json(body: object): Answer {
  return { status: 200, headers: FLAVOR, body };
}

function text(body: string): Answer {
  return { status: 200, contentType: "application/text", headers: FLAVOR, body };
}

function valueAt(values: Readonly<Record<string, string>>, key: string): Answer {
  const value = Object.hasOwn(values, key) ? values[key] : undefined;
  return value === undefined ? NOT_FOUND : text(value);
}
