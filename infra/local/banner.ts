import { EXAMPLE_REQUEST, postCommand, shellQuote } from "./example-request.ts";
import type { LocalStack } from "./local-stack.ts";
import { DRAFTS_TOPIC } from "./topics.ts";

/** What a person who has just started Draftmill wants to know: where things are, and what to paste next. */
export function banner(
  { apiUrl, pubsubUrl, project, google }: LocalStack,
  { dataDir, tookMs }: { readonly dataDir: string; readonly tookMs: number },
): string {
  const message = Buffer.from(EXAMPLE_REQUEST).toString("base64");
  const mailboxes =
    google === null
      ? "https://mail.google.com  (REAL Gmail: drafts appear in the user's own mailbox)"
      : `${google.url}  (a sandbox: nothing leaves this machine)`;
  return `
Draftmill is running (ready in ${(tookMs / 1000).toFixed(1)} s).

  API        ${apiUrl}  (in a browser: the operator's console)
  Mailboxes  ${mailboxes}
  State      ${dataDir}  (kept over a restart; delete the folder to start anew)

Make a draft as with the old function:

  ${postCommand(apiUrl)}

Or publish it to the topic, with nothing but curl, or with gcloud:

  curl -X POST ${pubsubUrl}/v1/projects/${project}/topics/${DRAFTS_TOPIC}:publish -H 'Content-Type: application/json' -d '{"messages":[{"data":"${message}"}]}'

  CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB=${pubsubUrl}/ CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true gcloud pubsub topics publish ${DRAFTS_TOPIC} --project=${project} --message=${shellQuote(EXAMPLE_REQUEST)}

Stop with Ctrl-C.

`;
}
