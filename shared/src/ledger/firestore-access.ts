import { GoogleAuth, gcpMetadata } from "google-auth-library";

/** As whom Firestore is called, and in which project. */
export interface FirestoreAccess {
  readonly origin: string;
  project(): Promise<string>;
  /** Headers that authorise one call. */
  headers(): Promise<Headers>;
  /** Starts over with the next `headers()`, after a token was refused. */
  forget(): void;
}

/** https://cloud.google.com/firestore/docs/reference/rest: the narrowest scope that the REST methods take. */
const SCOPES = ["https://www.googleapis.com/auth/datastore"];

/**
 * Application default credentials: on Google Cloud the service account of the process. They are looked for at the first
 * call, and again after each failure.
 * @param project unset: asked from the credentials, which on Google Cloud is the metadata server
 */
export function googleAccess(origin: string, project: string | undefined): FirestoreAccess {
  // With the project named the library does not look for one, which for want of better it does by running gcloud.
  const newAuth = () => new GoogleAuth({ scopes: SCOPES, ...(project === undefined ? {} : { projectId: project }) });
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
    origin,
    project: async () => project ?? orForget(() => auth.getProjectId()),
    headers: () => orForget(() => auth.getRequestHeaders()),
    forget,
  };
}

/** "owner" passes the emulator's security rules: https://firebase.google.com/docs/emulator-suite/connect_firestore */
export function emulatorAccess(hostPort: string, project: string): FirestoreAccess {
  return {
    origin: `http://${hostPort}`,
    project: async () => project,
    headers: async () => new Headers({ authorization: "Bearer owner" }),
    forget: () => {},
  };
}
