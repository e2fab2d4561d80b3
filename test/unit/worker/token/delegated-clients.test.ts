import assert from "node:assert/strict";
import { test } from "node:test";
import { openGoogleTransport } from "@draftmill/worker/google/google-transport.ts";
import { AccessToken } from "@draftmill/worker/token/access-token.ts";
import { createDelegatedClients } from "@draftmill/worker/token/delegated-clients.ts";

const clients = (max: number) =>
  createDelegatedClients(async (mailbox) => new AccessToken(mailbox, mailbox, 0), openGoogleTransport(1_000), max);

test("a mailbox keeps its client", () => {
  const { clientFor } = clients(10);
  assert.equal(clientFor("a@corp.example"), clientFor("a@corp.example"));
  assert.notEqual(clientFor("a@corp.example"), clientFor("b@corp.example"));
});

test("the mailbox that was longest unused makes room", () => {
  const { clientFor } = clients(2);
  const a = clientFor("a@corp.example");
  const b = clientFor("b@corp.example");
  assert.equal(clientFor("a@corp.example"), a);
  clientFor("c@corp.example");
  assert.equal(clientFor("a@corp.example"), a);
  assert.notEqual(clientFor("b@corp.example"), b);
});

test("forgetting a client that was replaced leaves its successor", () => {
  const { clientFor, forget } = clients(10);
  const first = clientFor("a@corp.example");
  forget(first);
  const second = clientFor("a@corp.example");
  forget(first);
  assert.notEqual(first, second);
  assert.equal(clientFor("a@corp.example"), second);
});
