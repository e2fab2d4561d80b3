import { createHash, generateKeyPairSync, sign } from "node:crypto";

/** A key with a certificate that is its own authority. */
export interface TlsIdentity {
  readonly keyPem: string;
  readonly certificatePem: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OIDS = {
  commonName: "550403",
  basicConstraints: "551d13",
  alternativeNames: "551d11",
  ecdsaSha256: "2a8648ce3d040302",
};

/**
 * A certificate for 127.0.0.1 with a P-256 key, which is what Google's own servers have, good for a day either way
 * (RFC 5280). Made anew for each run, so that no key lies in the repository.
 */
export function createTlsIdentity(nowMs: number): TlsIdentity {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const algorithm = der(SEQUENCE, oid(OIDS.ecdsaSha256));
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, oid(OIDS.commonName), der(0x0c, Buffer.from("bench.example.test")))),
  );
  const validity = der(SEQUENCE, utcTime(nowMs - 86_400_000), utcTime(nowMs + 86_400_000));
  const extension = (id: string, value: Buffer): Buffer => der(SEQUENCE, oid(id), der(0x04, value));
  const extensions = der(
    SEQUENCE,
    extension(OIDS.basicConstraints, der(SEQUENCE, der(0x01, Buffer.from([0xff])))),
    extension(OIDS.alternativeNames, der(SEQUENCE, der(0x87, Buffer.from([127, 0, 0, 1])))),
  );
  const serial = createHash("sha256").update(spki).digest().subarray(0, 8);
  const signed = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    // Positive, and without a leading zero too many.
    der(0x02, Buffer.concat([Buffer.from([0x01]), serial])),
    algorithm,
    name,
    validity,
    name,
    spki,
    der(0xa3, extensions),
  );
  const signature = sign("sha256", signed, privateKey);
  const certificate = der(SEQUENCE, signed, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = certificate.toString("base64").replace(/.{64}/g, "$&\n");
  return {
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificatePem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

/** One value in DER: tag, length, content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}
