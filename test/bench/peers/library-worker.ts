import Fastify from "fastify";
import { GoogleAuth, OAuth2Client } from "google-auth-library";
import { gmail } from "googleapis/build/src/apis/gmail/index.js";
import { serveOrders } from "../measure/serve-orders.ts";
import { DRAFT_SCHEMA, type PlainDraft } from "./draft-schema.ts";
import { rawOf } from "./plain-mail.ts";
import { type GoogleAddresses, type UserToken, userToken } from "./signed-token.ts";

export interface LibraryWorkerSettings extends GoogleAddresses {
  /** False: signJwt, token and create for each request, as the replaced function did. True: a token per mailbox for its hour. */
  readonly keepsTokens: boolean;
}

/**
 * googleapis, google-auth-library and nodemailer as documented, behind Fastify: a draft from `POST /` with the request
 * itself, or from a Pub/Sub push. It verifies no push, keeps no ledger and writes no log, so that it does less than the
 * worker that it is compared with.
 */
serveOrders({
  async start(given) {
    const settings = given as LibraryWorkerSettings;
    const auth = new GoogleAuth({ scopes: ["https://www.googleapis.com/auth/cloud-platform"] });
    const tokens = new Map<string, Promise<UserToken>>();
    const tokenFor = (mailbox: string): Promise<UserToken> => {
      if (!settings.keepsTokens) return userToken(auth, settings, mailbox);
      const kept = tokens.get(mailbox) ?? userToken(auth, settings, mailbox);
      tokens.set(mailbox, kept);
      return kept;
    };
    const createDraft = async (draft: PlainDraft): Promise<string> => {
      const [raw, { accessToken, expiresAtMs }] = await Promise.all([rawOf(draft), tokenFor(draft.mailbox)]);
      const client = new OAuth2Client();
      client.setCredentials({ access_token: accessToken, expiry_date: expiresAtMs });
      const made = await gmail({ version: "v1", auth: client, rootUrl: settings.gmailUrl }).users.drafts.create({
        userId: "me",
        requestBody: { message: { raw } },
      });
      return made.data.id ?? "";
    };
    const app = Fastify({ bodyLimit: 16 * 1024 * 1024 });
    app.post<{ Body: PlainDraft }>("/", { schema: { body: DRAFT_SCHEMA } }, async (request) => ({
      status: "ok",
      draft_id: await createDraft(request.body),
    }));
    app.post<{ Body: { message: { data: string } } }>("/push", async (request, reply) => {
      const draft = JSON.parse(Buffer.from(request.body.message.data, "base64").toString("utf8")) as PlainDraft;
      await createDraft(draft);
      return reply.code(204).send();
    });
    return app.listen({ host: "127.0.0.1", port: 0 });
  },
  async stop() {},
});
