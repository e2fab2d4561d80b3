/** What goes back on the wire. An object body is sent as JSON, a string as it stands, none as an empty body. */
export interface Answer {
  readonly status: number;
  /** Needed for a string body; an object is `application/json`. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | string;
}

export interface Envelope {
  readonly status: number;
  /** google.rpc.Code by name, e.g. "PERMISSION_DENIED". Old Gmail answers have none. */
  readonly code?: string;
  readonly message: string;
  /** `errors[0]`, the older half of the body. The domain is "global" unless given. */
  readonly reason: string;
  readonly domain?: string;
  /** `errors[0].message` where it differs from the message above. */
  readonly shortMessage?: string;
  readonly location?: string;
  readonly details?: readonly object[];
}

/** The error body of Google's JSON APIs: https://cloud.google.com/apis/design/errors with Gmail's `errors[]` in it. */
export function envelope(error: Envelope): Answer {
  return {
    status: error.status,
    body: {
      error: {
        code: error.status,
        message: error.message,
        errors: [
          {
            message: error.shortMessage ?? error.message,
            domain: error.domain ?? "global",
            reason: error.reason,
            ...(error.location === undefined ? {} : { location: error.location, locationType: "header" }),
          },
        ],
        ...(error.code === undefined ? {} : { status: error.code }),
        ...(error.details === undefined ? {} : { details: error.details }),
      },
    },
  };
}

/** google.rpc.ErrorInfo, the machine-readable half of an envelope's details. */
export function errorInfo(reason: string, domain: string, metadata: Readonly<Record<string, string>>): object {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain, metadata };
}

/** google.rpc.BadRequest with one violation, as the JSON transcoder reports it. */
export function badRequest(description: string, field?: string): object {
  return {
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    fieldViolations: [{ ...(field === undefined ? {} : { field }), description }],
  };
}

/** The page that Google's front end sends where no API has the word: a wrong path, a body too large, a dead backend. */
export function errorPage(status: number, title: string, text: string): Answer {
  return {
    status,
    contentType: "text/html; charset=UTF-8",
    body: `<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <title>Error ${status} (${title})!!1</title>
  <p><b>${status}.</b> <ins>That’s an error.</ins>
  <p>${text}  <ins>That’s all we know.</ins>
`,
  };
}
