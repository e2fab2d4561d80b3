import { DraftError } from "@draftmill/shared/errors.ts";

/**
 * Every call that may reach Gmail: method and path, as of https://developers.google.com/workspace/gmail/api/reference/rest.
 * The scope gmail.compose would let a token send; this is what keeps this process from it, whatever code runs in it.
 */
const ALLOWED: readonly { readonly methods: readonly string[]; readonly path: RegExp }[] = [
  { methods: ["GET", "POST"], path: /^\/gmail\/v1\/users\/me\/drafts$/ },
  { methods: ["POST"], path: /^\/upload\/gmail\/v1\/users\/me\/drafts$/ },
  { methods: ["GET", "PUT", "DELETE"], path: /^\/gmail\/v1\/users\/me\/drafts\/[\w-]+$/ },
  { methods: ["PUT"], path: /^\/upload\/gmail\/v1\/users\/me\/drafts\/[\w-]+$/ },
  { methods: ["GET"], path: /^\/gmail\/v1\/users\/me\/profile$/ },
  { methods: ["GET"], path: /^\/gmail\/v1\/users\/me\/settings\/sendAs(?:\/[\w.%+@-]+)?$/ },
];

/** Headers that make some servers take a request for one of another method. */
const METHOD_OVERRIDES = ["x-http-method-override", "x-http-method", "x-method-override"];

/**
 * The fetch by which Gmail is called. What is not on the list rejects with INTERNAL, `applied: "no"`, before a socket is opened.
 * @param origin the only one that it goes to
 */
export function fetchAllowedOnly(origin: string, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const asked = typeof input === "string" || input instanceof URL ? null : input;
    const method = init?.method ?? asked?.method ?? "GET";
    const given = init?.headers ?? asked?.headers;
    const headers = given instanceof Headers ? given : new Headers(given);
    const to = input instanceof URL ? input : new URL(asked?.url ?? String(input));
    const refusal = refusalOf(origin, method.toUpperCase(), to, headers);
    if (refusal !== null) throw new DraftError("INTERNAL", { reason: refusal });
    return fetch(input, init);
  };
}

/** Names neither a mailbox nor a draft, as it is logged. */
function refusalOf(origin: string, method: string, to: URL, headers: Headers): string | null {
  if (to.origin !== origin) return `a call for Gmail was kept back: it goes to ${to.origin}`;
  const isAllowed = ALLOWED.some(({ methods, path }) => methods.includes(method) && path.test(to.pathname));
  const isOverridden = METHOD_OVERRIDES.some((name) => headers.has(name));
  return isAllowed && !isOverridden ? null : `a call to Gmail was kept back that is not on the list: ${method}`;
}
