import { type GoogleAuth, gaxios } from "google-auth-library";
import { iamcredentials } from "googleapis/build/src/apis/iamcredentials/index.js";

export interface GoogleAddresses {
  readonly iamUrl: string;
  readonly tokenUrl: string;
  readonly gmailUrl: string;
  readonly serviceAccount: string;
}

export interface UserToken {
  readonly accessToken: string;
  readonly expiresAtMs: number;
}

/** A user's token by signJwt and the token endpoint, as https://cloud.google.com/iam/docs/reference/credentials/rest has it. */
export async function userToken(auth: GoogleAuth, google: GoogleAddresses, mailbox: string): Promise<UserToken> {
  const nowS = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: google.serviceAccount,
    sub: mailbox,
    scope: "https://mail.google.com/",
    aud: "https://oauth2.googleapis.com/token",
    iat: nowS,
    exp: nowS + 3_600,
  };
  const iam = iamcredentials({ version: "v1", auth, rootUrl: google.iamUrl });
  const signed = await iam.projects.serviceAccounts.signJwt({
    name: `projects/-/serviceAccounts/${google.serviceAccount}`,
    requestBody: { payload: JSON.stringify(claims) },
  });
  const answer = await gaxios.request<{ access_token: string; expires_in: number }>({
    url: google.tokenUrl,
    method: "POST",
    data: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: signed.data.signedJwt ?? "",
    }),
  });
  return { accessToken: answer.data.access_token, expiresAtMs: Date.now() + answer.data.expires_in * 1_000 };
}
