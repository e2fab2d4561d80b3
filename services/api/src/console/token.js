/** The one place where the caller's token is: gone with the page, and never in storage, a cookie or an address. */
let token = /** @type {string | null} */ (null);

const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * Takes an identity token as it was pasted: with blanks, line breaks or "Bearer" around it. False when it is none.
 *
 * @param {string} pasted
 */
export function takeToken(pasted) {
  const text = pasted.replace(/^\s*bearer\s+/i, "").replace(/\s+/g, "");
  if (!JWT.test(text)) return false;
  token = text;
  return true;
}

export function forgetToken() {
  token = null;
}

/** @returns {Readonly<Record<string, string>>} */
export function tokenHeaders() {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/**
 * Whom the token names and until when, as it says itself: for the eye alone, it decides nothing.
 *
 * @returns {{ readonly email: string, readonly until: Date | null } | null}
 */
export function tokenHolder() {
  if (token === null) return null;
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const { email, exp } = JSON.parse(new TextDecoder().decode(bytes));
    return {
      email: typeof email === "string" ? email : "unnamed",
      until: typeof exp === "number" ? new Date(exp * 1000) : null,
    };
  } catch {
    return { email: "unreadable", until: null };
  }
}
