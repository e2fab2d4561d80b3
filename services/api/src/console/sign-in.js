import { CallFailed, get } from "./api.js";
import { byId } from "./elements.js";
import { explain } from "./notice.js";
import { forgetToken, takeToken } from "./token.js";

const ACCOUNT = "OPERATOR@PROJECT.iam.gserviceaccount.com";

/**
 * Asks for an identity token, and tries it before it says that it has one.
 *
 * @param {() => void} onToken the api accepts whom the token names
 * @returns {{ open(): void }}
 */
export function signIn(onToken) {
  /** @type {HTMLDialogElement} */
  const dialog = byId("sign-in");
  /** @type {HTMLFormElement} */
  const form = byId("sign-in-form");
  /** @type {HTMLInputElement} */
  const field = byId("token");
  /** @type {HTMLButtonElement} */
  const submit = byId("sign-in-submit");
  byId("token-command").textContent = [
    "gcloud auth print-identity-token",
    `--impersonate-service-account=${ACCOUNT}`,
    `--audiences=${location.origin}`,
    "--include-email",
  ].join(" \\\n  ");

  /** @param {string} text empty: nothing is wrong */
  const say = (text) => {
    byId("token-fault").textContent = text;
    if (text === "") field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const isToken = takeToken(field.value);
    // What is left in a field may be written down by a browser that restores its pages.
    field.value = "";
    if (!isToken) return say("That is no identity token: it has three parts with dots between them.");
    submit.disabled = true;
    say("");
    byId("token-progress").hidden = false;
    const fault = await faultOfToken();
    byId("token-progress").hidden = true;
    submit.disabled = false;
    if (fault !== null) {
      forgetToken();
      return say(fault);
    }
    dialog.close();
    onToken();
  });
  byId("sign-in-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    field.value = "";
    say("");
  });

  return {
    open() {
      if (!dialog.open) dialog.showModal();
    },
  };
}

/** Why the token gets nobody in; null when it does, or when the page itself will tell what else is wrong. */
async function faultOfToken() {
  try {
    await get("/v1/incidents?limit=1", new AbortController().signal);
    return null;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    if (error.status === 401) {
      return "The api does not accept this token: it is for another audience, older than an hour, or without an address.";
    }
    if (error.status !== 403 || error.code === "ROLE_NOT_ALLOWED") return null;
    const { title, text } = explain(error);
    return `${title}. ${text}`;
  }
}
