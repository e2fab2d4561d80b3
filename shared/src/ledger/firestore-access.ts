import { type GoogleAccess, googleAccess } from "../google-access.ts";

/** As whom Firestore is called, where and in which project. */
export interface FirestoreAccess extends GoogleAccess {
  readonly origin: string;
}

/** https://cloud.google.com/firestore/docs/reference/rest: the narrowest scope that the REST methods take. */
const SCOPE = "https://www.googleapis.com/auth/datastore";

/** @param project unset: asked from the credentials */
export function firestoreAccess(origin: string, project: string | undefined): FirestoreAccess {
  return { origin, ...googleAccess(SCOPE, project) };
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
