import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { exportJWK, exportPKCS8, generateKeyPair, importPKCS8, type JSONWebKeySet, SignJWT } from "jose";

/** Signs tokens as Google does (RS256 with a `kid`) and publishes the public half. */
export interface IdTokenSigner {
  readonly keyId: string;
  /** A compact JWS over exactly these claims; nothing is added. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** What a certs endpoint answers, shaped like https://www.googleapis.com/oauth2/v3/certs. */
  jwks(): JSONWebKeySet;
}

/**
 * The signer of the local stack. With a `keyPath` the key is made once and kept there (mode 0600), so that tokens which
 * wait in the queue over a restart still verify; without one it lives in memory.
 */
export async function createIdTokenSigner(keyPath?: string): Promise<IdTokenSigner> {
  const pem = keyPath !== undefined && existsSync(keyPath) ? readFileSync(keyPath, "utf8") : await newKey(keyPath);
  const key = await importPKCS8(pem, "RS256", { extractable: true });
  const { kty, n, e } = await exportJWK(key);
  if (kty === undefined || n === undefined || e === undefined) throw new Error(`${keyPath} holds no RSA key`);
  const keyId = createHash("sha256").update(n).digest("hex").slice(0, 40);
  return {
    keyId,
    sign: (claims) => new SignJWT({ ...claims }).setProtectedHeader({ alg: "RS256", kid: keyId, typ: "JWT" }).sign(key),
    jwks: () => ({ keys: [{ kty, n, e, alg: "RS256", use: "sig", kid: keyId }] }),
  };
}

async function newKey(keyPath: string | undefined): Promise<string> {
  const { privateKey } = await generateKeyPair("RS256", { modulusLength: 2048, extractable: true });
  const pem = await exportPKCS8(privateKey);
  if (keyPath !== undefined) {
    mkdirSync(dirname(keyPath), { recursive: true });
    writeFileSync(keyPath, pem, { mode: 0o600, flag: "wx" });
  }
  return pem;
}
