import type { FastifyPluginCallback } from "fastify";
import type { IdTokenSigner } from "../id-token-signer.ts";
import { errorPage } from "./answer.ts";
import { type OperationHandler, send } from "./operation.ts";
import { pathValue } from "./request-values.ts";
import type { ServiceAccounts } from "./service-accounts.ts";

/** Public keys: those of ID tokens, and those with which service accounts sign. */
export function certs(
  operation: OperationHandler,
  signer: IdTokenSigner,
  accounts: ServiceAccounts,
): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get(
      "/oauth2/v3/certs",
      operation("certs", {
        identify: () => ({ mailbox: undefined }),
        work: () => ({
          status: 200,
          headers: { "Cache-Control": "public, max-age=3600, must-revalidate, no-transform" },
          body: signer.jwks(),
        }),
      }),
    );
    app.get("/service_accounts/v1/jwk/:email", (request, reply) => {
      const account = accounts.find(pathValue(request.params, "email"));
      if (account === undefined)
        return send(reply, errorPage(404, "Not Found", "The requested URL was not found on this server."));
      const { kty, n, e } = account.publicKey.export({ format: "jwk" });
      return send(reply, {
        status: 200,
        body: { keys: [{ kty, alg: "RS256", use: "sig", kid: account.keyId, n, e }] },
      });
    });
    done();
  };
}
