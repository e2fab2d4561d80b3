import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { TestContext } from "node:test";
import type { IdTokenSigner } from "@draftmill/local/id-token-signer.ts";

/** What the server answers, for the test to change, and how often it was asked. */
export interface Certs {
  status: number;
  body: string;
  asked: number;
}

export interface CertsServer {
  readonly url: string;
  readonly certs: Certs;
  stop(): void;
}

/** A server of Google's keys whose answer the test writes; at first it has the signer's. */
export async function startCerts(t: TestContext, signer: IdTokenSigner): Promise<CertsServer> {
  const certs: Certs = { status: 200, body: JSON.stringify(signer.jwks()), asked: 0 };
  const server = createServer((_request, response) => {
    certs.asked += 1;
    response.writeHead(certs.status, { "content-type": "application/json" }).end(certs.body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  t.after(stop);
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { url: `http://127.0.0.1:${address.port}/certs`, certs, stop };
}
