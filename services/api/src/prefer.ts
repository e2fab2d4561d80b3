/** What the caller would like, of the preferences that the api knows. */
export interface Preferences {
  /** Seconds to wait for the outcome; null when the caller does not say. */
  readonly waitSeconds: number | null;
  readonly respondAsync: boolean;
}

/** A wait that fits well within the timeouts of proxies in between. Longer ones are cut to this, and the answer says so. */
export const WAIT_SECONDS_MAX = 60;

const NONE: Preferences = { waitSeconds: null, respondAsync: false };

/** A list element that may hold quoted commas, then a preference within it: RFC 7240 section 2. */
const ELEMENT = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;
const PREFERENCE = /^\s*([!#$%&'*+.^_`|~0-9a-z-]+)\s*(?:=\s*(?:("(?:[^"\\]|\\.)*"|[^\s;]+)\s*)?)?(?:;|$)/i;

/**
 * Reads the Prefer header, one or several. Never fails: what cannot be understood or honoured is ignored, and of a
 * preference that is given twice the first counts (RFC 7240 section 2).
 */
export function parsePrefer(header: string | readonly string[] | undefined): Preferences {
  if (header === undefined) return NONE;
  const seen = new Map<string, string>();
  for (const [element] of [header].flat().join(",").matchAll(ELEMENT)) {
    const [, name, value] = PREFERENCE.exec(element) ?? [];
    const key = name?.toLowerCase();
    if (key !== undefined && !seen.has(key)) seen.set(key, unquote(value ?? ""));
  }
  const wait = seen.get("wait") ?? "";
  return {
    waitSeconds: /^\d{1,9}$/.test(wait) ? Math.min(Number(wait), WAIT_SECONDS_MAX) : null,
    respondAsync: seen.has("respond-async"),
  };
}

/**
 * How long to wait, in seconds. `respond-async` beside `wait` means: answer early only if it takes longer than that
 * (RFC 7240 section 4.3), which is what `wait` alone does here.
 */
export function secondsToWait(preferences: Preferences, fallbackSeconds: number): number {
  return preferences.waitSeconds ?? (preferences.respondAsync ? 0 : fallbackSeconds);
}

/** The Preference-Applied header that goes with {@link secondsToWait}, or null when nothing was asked for. */
export function preferenceApplied({ waitSeconds, respondAsync }: Preferences): string | null {
  if (waitSeconds !== null) return `wait=${waitSeconds}`;
  return respondAsync ? "respond-async" : null;
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
}
