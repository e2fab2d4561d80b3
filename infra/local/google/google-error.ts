import type { Answer } from "./answer.ts";
import { CLOUD_ERRORS } from "./cloud/cloud-errors.ts";
import { GMAIL_ERRORS } from "./gmail/gmail-errors.ts";
import { IAM_ERRORS } from "./iam-errors.ts";
import type { Scene } from "./scene.ts";
import { TOKEN_ERRORS } from "./token-errors.ts";

/** Every way in which this Google can refuse, by name; a scripted fault picks from the same table. */
const ERROR_TABLE = { ...GMAIL_ERRORS, ...IAM_ERRORS, ...TOKEN_ERRORS, ...CLOUD_ERRORS } as const;

export type GoogleErrorName = keyof typeof ERROR_TABLE;

export const GOOGLE_ERROR_NAMES: readonly string[] = Object.keys(ERROR_TABLE);

export function isGoogleErrorName(name: string): name is GoogleErrorName {
  return Object.hasOwn(ERROR_TABLE, name);
}

/** Status and body as Google sends them. */
export function googleError(name: GoogleErrorName, scene: Scene): Answer {
  return ERROR_TABLE[name](scene);
}

/** Thrown by whoever handles a call; the server answers with the named body. */
export class Refusal extends Error {
  readonly refusal: GoogleErrorName;
  readonly about: Partial<Scene>;

  constructor(refusal: GoogleErrorName, about: Partial<Scene> = {}) {
    super(refusal);
    this.refusal = refusal;
    this.about = about;
  }
}
