// Runs in a process of its own: gcp-metadata reads GCE_METADATA_HOST from the environment at each call.
import { Compute, GoogleAuth } from "google-auth-library";

const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
const client = await auth.getClient();
const credentials = await auth.getCredentials();
const url = `${process.env.IAM_CREDENTIALS_ENDPOINT}/v1/projects/-/serviceAccounts/${credentials.client_email}:signJwt`;
const signed = await client.request({
  url,
  method: "POST",
  data: { payload: JSON.stringify({ sub: "ada@example.com" }) },
});
const audience = "https://draftmill.example.test";
const idToken = await (await auth.getIdTokenClient(audience)).idTokenProvider.fetchIdToken(audience);
const claims: unknown = JSON.parse(Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString());

process.stdout.write(
  JSON.stringify({
    kind: client instanceof Compute ? "Compute" : "other",
    projectId: await auth.getProjectId(),
    email: credentials.client_email,
    signJwtStatus: signed.status,
    idTokenAudience: typeof claims === "object" && claims !== null && "aud" in claims ? claims.aud : undefined,
  }),
);
