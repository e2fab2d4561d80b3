import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type TestContext, test } from "node:test";
import { carryMetadata } from "@draftmill/shared/http/metadata-transport.ts";
import { gaxios, gcpMetadata } from "google-auth-library";

/** Asks a metadata server for a value and tells which HTTP client asked. */
async function askedBy(t: TestContext): Promise<string | undefined> {
  let client: string | undefined;
  const server = createServer((request, response) => {
    client = request.headers["user-agent"];
    response.writeHead(200, { "metadata-flavor": "Google" }).end("ada@example.com");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const before = process.env.GCE_METADATA_HOST;
  process.env.GCE_METADATA_HOST = `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  t.after(() => {
    if (before === undefined) delete process.env.GCE_METADATA_HOST;
    else process.env.GCE_METADATA_HOST = before;
    server.close();
    server.closeAllConnections();
  });
  assert.equal(await gcpMetadata.instance("service-accounts/default/email"), "ada@example.com");
  return client;
}

test("the metadata server is asked over the connections of everything else, and by no second client", async (t) => {
  const { defaults } = gaxios.instance;
  t.after(() => delete defaults.fetchImplementation);
  assert.equal(await askedBy(t), "node-fetch", "what Google's libraries take by themselves");
  carryMetadata("pool");
  assert.equal(await askedBy(t), undefined);
  carryMetadata("fetch");
  assert.equal(await askedBy(t), undefined, "the first to say so decides");
  delete defaults.fetchImplementation;
  carryMetadata("fetch");
  assert.equal(await askedBy(t), "node");
});
