import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import type { CallGmail } from "@draftmill/worker/gmail/call-gmail.ts";
import { openGoogleTransport } from "@draftmill/worker/google/google-transport.ts";
import { AccessToken } from "@draftmill/worker/token/access-token.ts";
import { DelegatedClient, type MintToken } from "@draftmill/worker/token/delegated-client.ts";
import type { DelegatedClients } from "@draftmill/worker/token/delegated-clients.ts";

const ADA = "ada@example.com";
const GRACE = "grace@example.com";
const transport = openGoogleTransport(1_000);

test("a token's text shows nowhere but to the client of its mailbox", () => {
  const token = new AccessToken(ADA, "secret-text", 1);
  assert.equal(token.textFor(new DelegatedClient(ADA, async () => assert.fail(), transport)), "secret-text");
  for (const shown of [JSON.stringify(token), inspect(token, { showHidden: true, depth: 9 }), String(token)]) {
    assert.ok(!shown.includes("secret-text"), shown);
  }
});

test("a client refuses a token of another mailbox even where the types are gone", async () => {
  const token: AccessToken<string> = new AccessToken(GRACE, "secret-text", Date.now() + 3_600_000);
  const client = new DelegatedClient<string>(ADA, (async () => token) as MintToken, transport);
  await assert.rejects(client.getRequestHeaders(), { name: "DraftError", code: "INTERNAL" });
  assert.equal(client.credentials.access_token, undefined);
});

/**
 * Programs that are never run. Each line under an @ts-expect-error has to be an error: `npm run types` fails on one that is
 * not needed.
 */
export const DO_NOT_COMPILE = {
  aTokenForAnotherClient: (token: AccessToken<typeof GRACE>, client: DelegatedClient<typeof ADA>) =>
    // @ts-expect-error the token is Grace's
    token.textFor(client),

  aMintThatIgnoresItsMailbox: (token: AccessToken<string>) => {
    // @ts-expect-error whose mailbox it is asked for is not known here
    const mint: MintToken = async () => token;
    return mint;
  },

  aMintForOneFixedMailbox: () => {
    // @ts-expect-error it answers with Ada's token whoever asks
    const mint: MintToken = async () => new AccessToken(ADA, "text", 1);
    return mint;
  },

  aTokenReadWithoutAClient: (token: AccessToken<string>) =>
    // @ts-expect-error private
    token.text,

  aCallWithTheClientOfAnotherMailbox: <A extends string, B extends string>(
    call: CallGmail,
    clients: DelegatedClients,
    one: A,
    other: B,
    create: (auth: DelegatedClient<A>) => Promise<{ status: number; data: string }>,
  ) => {
    void clients.clientFor(one);
    return call({
      operation: "drafts.create",
      mailbox: other,
      signal: AbortSignal.timeout(1),
      // @ts-expect-error the client that the call hands in is of the other mailbox
      invoke: (auth) => create(auth),
    });
  },
} as const;
