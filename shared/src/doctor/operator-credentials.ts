import type { AuthClient } from "google-auth-library";
import { CannotTell } from "./probe.ts";

/** Reading suffices: https://cloud.google.com/docs/authentication/application-default-credentials */
const SCOPES = ["https://www.googleapis.com/auth/cloud-platform"];

export interface OperatorCredentialsOptions {
  /** Whom calls are counted against, where they are made as a person. */
  readonly project: string;
  /** Take the metadata server's identity alone, where one was named on purpose. */
  readonly metadataOnly: boolean;
}

/** There is nobody to ask as. */
export class NoCredentials extends CannotTell {
  constructor() {
    super("there are no credentials to ask with", ["gcloud auth application-default login"]);
    this.name = "NoCredentials";
  }
}

/** Headers of application default credentials: those of whoever runs this. Looked for once; rejects with NoCredentials. */
export function operatorHeaders({ project, metadataOnly }: OperatorCredentialsOptions): () => Promise<Headers> {
  let found: Promise<Headers> | null = null;
  const find = async (): Promise<Headers> => {
    // Loaded when it is asked for: no other command needs it.
    const { Compute, GoogleAuth } = await import("google-auth-library");
    const auth = new GoogleAuth<AuthClient>({
      scopes: SCOPES,
      projectId: project,
      ...(metadataOnly ? { authClient: new Compute({ scopes: SCOPES }) } : {}),
    });
    try {
      const headers = new Headers(await auth.getRequestHeaders());
      const isPerson = auth.jsonContent?.type === "authorized_user";
      if (isPerson && !headers.has("x-goog-user-project")) headers.set("x-goog-user-project", project);
      return headers;
    } catch {
      throw new NoCredentials();
    }
  };
  return () => {
    found ??= find();
    return found;
  };
}
