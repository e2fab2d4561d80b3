import { GoogleAuth, gcpMetadata } from "google-auth-library";
import { carryMetadata } from "./http/metadata-transport.ts";

/** As whom one of Google's services is called, and in which project. */
export interface GoogleAccess {
  project(): Promise<string>;
  /** Headers that authorise one call. */
  headers(): Promise<Headers>;
  /** Starts over with the next `headers()`, after a token was refused. */
  forget(): void;
}

/**
 * Application default credentials: on Google Cloud the service account of the process. They are looked for at the first
 * call, and again after each failure.
 * @param project unset: asked from the credentials, which on Google Cloud is the metadata server
 */
export function googleAccess(scope: string, project: string | undefined): GoogleAccess {
  carryMetadata("pool");
  // With the project named the library does not look for one, which for want of better it does by running gcloud.
  const newAuth = () => new GoogleAuth({ scopes: [scope], ...(project === undefined ? {} : { projectId: project }) });
  let auth = newAuth();
  const forget = (): void => {
    auth = newAuth();
    // A metadata server that was not there yet is remembered as absent for the life of the process.
    gcpMetadata.resetIsAvailableCache();
  };
  const orForget = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      forget();
      throw error;
    }
  };
  return {
    project: async () => project ?? orForget(() => auth.getProjectId()),
    headers: () => orForget(() => auth.getRequestHeaders()),
    forget,
  };
}
