import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import type { RequestKind } from "../load/requests.ts";
import { type OrderedChild, startOrdered } from "../measure/child.ts";
import type { GoogleAddresses } from "../peers/signed-token.ts";
import { createTlsIdentity } from "./certificate.ts";
import type { FakeGoogleAddresses, FakeGoogleSettings } from "./fake-google.ts";

export const PROJECT = "bench-project";
const PUSH_AUDIENCE = "https://worker.example.test";
const PUSH_ACCOUNT = `push@${PROJECT}.iam.gserviceaccount.com`;
const SERVICE_ACCOUNT = `worker@${PROJECT}.iam.gserviceaccount.com`;
/** Longer than the longest soak. */
const TOKEN_LIFE_S = 43_200;

/** How Google behaves. */
export type GoogleScene = Pick<FakeGoogleSettings, "latencyMs" | "refuseForSeconds">;

export interface PubsubStage {
  readonly child: OrderedChild;
  /** host:port, as clients get it. */
  readonly host: string;
}

export interface GoogleStage {
  readonly child: OrderedChild;
  /** For the worker. */
  readonly environment: Readonly<Record<string, string>>;
  /** For the peers, with the environment that their process needs. */
  readonly addresses: GoogleAddresses;
  readonly plainAddresses: GoogleAddresses;
  readonly peerEnvironment: Readonly<Record<string, string>>;
  /** A push of the subscription, with a token that the worker verifies. */
  push(mailboxes: number): RequestKind;
}

/**
 * What makes the load and what stands for Google: one process each for a whole run, on the processor that nothing measured
 * is on, started when they are first asked for.
 */
export class Counterparts {
  readonly #core: number | null;
  readonly #folder: string;
  readonly #children: OrderedChild[] = [];
  #load: OrderedChild | null = null;
  #pubsub: Promise<PubsubStage> | null = null;
  #google: Promise<{ stage: GoogleStage; settings: FakeGoogleSettings }> | null = null;

  constructor(folder: string, core: number | null) {
    this.#folder = folder;
    this.#core = core;
  }

  /** HTTP requests over many connections. */
  load(): OrderedChild {
    this.#load ??= this.#start("../load/http-load.ts");
    return this.#load;
  }

  /** One more, for requests that are never answered. */
  anotherLoad(): OrderedChild {
    return this.#start("../load/http-load.ts");
  }

  /** A Pub/Sub that acknowledges each publish after so long. */
  async pubsub(ackMs: number): Promise<PubsubStage> {
    this.#pubsub ??= this.#startPubsub();
    const stage = await this.#pubsub;
    await stage.child.start({ ackMs });
    return stage;
  }

  /** signJwt, token endpoint and Gmail with TLS and without; metadata and keys without. */
  async google(scene: GoogleScene): Promise<GoogleStage> {
    this.#google ??= this.#startGoogle();
    const { stage, settings } = await this.#google;
    await stage.child.start({ ...settings, ...scene });
    return stage;
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop()));
  }

  #start(path: string): OrderedChild {
    const module = join(import.meta.dirname, path);
    const environment = { NODE_ENV: "production" };
    const child = startOrdered({ name: path, args: [module], environment, core: this.#core });
    this.#children.push(child);
    return child;
  }

  async #startPubsub(): Promise<PubsubStage> {
    const child = this.#start("null-pubsub.ts");
    return { child, host: String(await child.start({ ackMs: 0 })) };
  }

  async #startGoogle() {
    const tls = createTlsIdentity(Date.now());
    const caPath = join(this.#folder, "ca.pem");
    writeFileSync(caPath, tls.certificatePem);
    const signer = await createIdTokenSigner();
    const child = this.#start("fake-google.ts");
    const settings: FakeGoogleSettings = { latencyMs: 0, ...tls, jwks: signer.jwks() };
    const { secureUrl, plainUrl, metadataHost } = (await child.start(settings)) as FakeGoogleAddresses;
    const nowS = Math.floor(Date.now() / 1_000);
    const token = await signer.sign({
      iss: "https://accounts.google.com",
      aud: PUSH_AUDIENCE,
      sub: "1",
      email: PUSH_ACCOUNT,
      email_verified: true,
      iat: nowS,
      exp: nowS + TOKEN_LIFE_S,
    });
    const at = (url: string): GoogleAddresses => ({
      iamUrl: url,
      tokenUrl: `${url}/token`,
      gmailUrl: url,
      serviceAccount: SERVICE_ACCOUNT,
    });
    const peerEnvironment = {
      NODE_EXTRA_CA_CERTS: caPath,
      GCE_METADATA_HOST: metadataHost,
      METADATA_SERVER_DETECTION: "assume-present",
      GOOGLE_CLOUD_PROJECT: PROJECT,
    };
    const stage: GoogleStage = {
      child,
      peerEnvironment,
      addresses: at(secureUrl),
      plainAddresses: at(plainUrl),
      environment: {
        ...peerEnvironment,
        GMAIL_ENDPOINT: secureUrl,
        IAM_CREDENTIALS_ENDPOINT: secureUrl,
        SERVICE_ACCOUNTS_ENDPOINT: secureUrl,
        OAUTH_TOKEN_ENDPOINT: `${secureUrl}/token`,
        GOOGLE_CERTS_ENDPOINT: `http://${metadataHost}/certs`,
        GOOGLE_SERVICE_ACCOUNT_EMAIL: SERVICE_ACCOUNT,
        PUSH_AUDIENCE,
        PUSH_SERVICE_ACCOUNT: PUSH_ACCOUNT,
      },
      push: (mailboxes) => ({
        kind: "push",
        path: "/push",
        mailboxes,
        subscription: `projects/${PROJECT}/subscriptions/draft-requests-push`,
        token,
      }),
    };
    return { stage, settings };
  }
}
