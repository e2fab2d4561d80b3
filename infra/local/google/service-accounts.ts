import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";

export interface ServiceAccount {
  readonly email: string;
  /** The OAuth client id, 21 digits: what an admin enters for domain-wide delegation. */
  readonly clientId: string;
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The project's service accounts, each with one RSA key of its own that outlives a restart. */
export class ServiceAccounts {
  readonly #db: DatabaseSync;
  readonly #accounts = new Map<string, ServiceAccount>();

  constructor(db: DatabaseSync) {
    this.#db = db;
    db.exec("CREATE TABLE IF NOT EXISTS service_account_keys (email TEXT PRIMARY KEY, pem TEXT NOT NULL) STRICT");
  }

  /** The account of that name, made if it is not there yet. */
  ensure(email: string): ServiceAccount {
    const known = this.#accounts.get(email);
    if (known !== undefined) return known;
    const privateKey = createPrivateKey(this.#storedPem(email) ?? this.#newPem(email));
    const publicKey = createPublicKey(privateKey);
    const account: ServiceAccount = {
      email,
      clientId: numberFrom(`client:${email}`, 21),
      keyId: createHash("sha256")
        .update(publicKey.export({ format: "der", type: "spki" }))
        .digest("hex")
        .slice(0, 40),
      privateKey,
      publicKey,
    };
    this.#accounts.set(email, account);
    return account;
  }

  find(email: string): ServiceAccount | undefined {
    return this.#accounts.get(email);
  }

  findByKeyId(keyId: string): ServiceAccount | undefined {
    return [...this.#accounts.values()].find((account) => account.keyId === keyId);
  }

  #storedPem(email: string): string | undefined {
    const row = this.#db.prepare("SELECT pem FROM service_account_keys WHERE email = ?").get(email);
    return typeof row?.pem === "string" ? row.pem : undefined;
  }

  #newPem(email: string): string {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    this.#db.prepare("INSERT INTO service_account_keys (email, pem) VALUES (?, ?)").run(email, pem);
    return pem;
  }
}

/** A number of that many digits which is always the same for the same name. */
export function numberFrom(name: string, digits: number): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return `1${BigInt(`0x${hex}`).toString()}`.slice(0, digits);
}
