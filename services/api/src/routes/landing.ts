import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";

const STYLE =
  "body { font: 1rem/1.5 system-ui; margin: 3rem auto; max-width: 40rem; padding: 0 1rem } code { font-size: 0.95em }";

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Draftmill</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<h1>Draftmill</h1>
<p>Gmail drafts, made from requests.</p>
<ul>
  <li><code>POST /</code>: make a draft, wait for its id</li>
  <li><code>POST /v1/drafts</code>: queue a draft</li>
  <li><code>GET /v1/drafts</code>: what became of them</li>
  <li><a href="/openapi.json"><code>GET /openapi.json</code></a>: every route, field and error</li>
  <li><a href="/health/ready"><code>GET /health/ready</code></a>: whether it can accept requests</li>
</ul>
</html>
`;

/** The one style by its hash, the empty icon, and nothing else: no script, no frame, no form, nothing from elsewhere. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** GET /: where to go from here, as a page for browsers and as JSON for everything else. */
export function registerLanding(app: FastifyInstance): void {
  app.get("/", async (request, reply) => {
    if (request.headers.accept?.includes("text/html") !== true) {
      return { service: "draftmill", routes: "/openapi.json", health: "/health/ready" };
    }
    return reply
      .headers({ "content-security-policy": POLICY, "referrer-policy": "no-referrer" })
      .type("text/html; charset=utf-8")
      .send(PAGE);
  });
}
