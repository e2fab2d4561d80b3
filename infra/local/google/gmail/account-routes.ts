import type { FastifyPluginCallback } from "fastify";
import type { Answer } from "../answer.ts";
import { googleError, Refusal } from "../google-error.ts";
import { send } from "../operation.ts";
import { pathValue } from "../request-values.ts";
import type { Scene } from "../scene.ts";
import type { DraftStore } from "./draft-store.ts";
import { type GmailMethodParts, gmailMethod } from "./gmail-method.ts";

export interface AccountParts extends GmailMethodParts {
  readonly store: DraftStore;
  readonly scene: Omit<Scene, "nowMs">;
  /** Called with what was attempted, before it is refused. */
  readonly onViolation: (violation: string) => void;
}

const SENDING = ["drafts/send", "messages/send"] as const;

/** The user's profile and send-as addresses, read only; and the two calls that would send mail, which nobody may make. */
export function accountRoutes(parts: AccountParts): FastifyPluginCallback {
  const user = "/gmail/v1/users/:userId";
  return (app, _options, done) => {
    app.get(
      `${user}/profile`,
      gmailMethod(parts, "getProfile", (_request, { mailbox }) => ok(profile(mailbox))),
    );
    app.get(
      `${user}/settings/sendAs`,
      gmailMethod(parts, "sendAs.list", (_request, { mailbox }) => ok({ sendAs: sendAsOf(mailbox) })),
    );
    app.get(
      `${user}/settings/sendAs/:address`,
      gmailMethod(parts, "sendAs.get", (request, { mailbox }) => {
        const wanted = pathValue(request.params, "address").toLowerCase();
        const found = sendAsOf(mailbox).find(({ sendAsEmail }) => sendAsEmail === wanted);
        if (found === undefined) throw new Refusal("notFound");
        return ok(found);
      }),
    );
    for (const path of SENDING) {
      for (const prefix of ["", "/upload"]) {
        app.post(`${prefix}${user}/${path}`, (_request, reply) => {
          const call = path.replace("/", ".");
          parts.onViolation(`${call} was called`);
          return send(reply, googleError("sandboxNeverSends", { ...parts.scene, nowMs: 0, detail: call }));
        });
      }
    }
    done();
  };

  function sendAsOf(mailbox: string): readonly SendAsResource[] {
    return [primaryAddress(mailbox), ...(parts.workspace.aliasesOf(mailbox) ?? []).map(aliasAddress)];
  }

  function profile(mailbox: string): ProfileResource {
    const drafts = parts.store.count(mailbox);
    const historyId = String(parts.store.list(mailbox, 1)[0]?.revision ?? 1000);
    return { emailAddress: mailbox, messagesTotal: drafts, threadsTotal: drafts, historyId };
  }
}

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile */
export interface ProfileResource {
  readonly emailAddress: string;
  readonly messagesTotal: number;
  readonly threadsTotal: number;
  readonly historyId: string;
}

/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.settings.sendAs#SendAs */
export interface SendAsResource {
  readonly sendAsEmail: string;
  readonly displayName: string;
  readonly replyToAddress: string;
  readonly signature: string;
  readonly isPrimary: boolean;
  readonly isDefault: boolean;
  readonly treatAsAlias?: boolean;
  readonly verificationStatus?: "accepted";
}

function primaryAddress(mailbox: string): SendAsResource {
  return { sendAsEmail: mailbox, displayName: "", replyToAddress: "", signature: "", isPrimary: true, isDefault: true };
}

function aliasAddress(address: string): SendAsResource {
  return {
    ...primaryAddress(address),
    isPrimary: false,
    isDefault: false,
    treatAsAlias: true,
    verificationStatus: "accepted",
  };
}

function ok(body: object): Answer {
  return { status: 200, body };
}
