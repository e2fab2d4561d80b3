import { readFileSync } from "node:fs";
import type { Clock } from "@draftmill/shared/clock.ts";
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from "fastify";
import type { DraftStore, MailboxSummary, StoredDraft } from "../gmail/draft-store.ts";
import { pathValue, queryValue } from "../request-values.ts";
import { rememberLines } from "./draft-lines.ts";
import { draftList } from "./draft-list.ts";
import { type DraftMail, readDraft } from "./draft-mail.ts";
import { DRAFT_VIEWS, draftView } from "./draft-view.ts";
import { emptyDrafts } from "./empty-page.ts";
import type { Markup } from "./html.ts";
import { streamChanges } from "./live.ts";
import { mailboxList } from "./mailbox-list.ts";
import { hint, page } from "./page.ts";

export interface MailboxPageParts {
  readonly store: DraftStore;
  readonly clock: Clock;
  /** Mailboxes that are shown even while they are empty. */
  readonly users: readonly string[];
  /** What an empty page proposes to type. */
  readonly tryCommand: () => string;
}

const SHOWN_DRAFTS = 200;

const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

// A message brings its own inline styles and nothing else: `sandbox` takes script, forms and origin from it, even when opened by itself.
const FRAME_POLICY =
  "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

const ASSETS = [
  { path: "/mailbox-page.css", type: "text/css; charset=utf-8" },
  { path: "/mailbox-page.js", type: "text/javascript; charset=utf-8" },
] as const;

/** The mailboxes in a browser, for people: read only, live, no cookie, nothing from outside. */
export function mailboxPage(parts: MailboxPageParts): FastifyPluginCallback {
  const { store, clock } = parts;
  const linesOf = rememberLines(store);

  return (app, _options, done) => {
    app.addHook("onRequest", async (_request, reply) => {
      reply.headers(PAGE_HEADERS);
    });
    for (const { path, type } of ASSETS) {
      const content = readFileSync(new URL(`.${path}`, import.meta.url), "utf8");
      app.get(path, (_request, reply) => reply.type(type).send(content));
    }
    app.get("/", (request, reply) => {
      // The same path is the metadata server's root: a probe says so in its header.
      if (request.headers["metadata-flavor"] === "Google") {
        return reply.header("Metadata-Flavor", "Google").type("application/text").send("computeMetadata/\n");
      }
      return send(reply, everyMailbox());
    });
    app.get("/mailboxes/:mailbox", (request, reply) => send(reply, oneMailbox(mailboxOf(request))));
    app.get("/mailboxes/:mailbox/drafts/:id", async (request, reply) => {
      const draft = draftOf(request);
      if (draft === undefined) return send(reply.code(404), missingDraft(mailboxOf(request)));
      const view = DRAFT_VIEWS.find((name) => name === queryValue(request.query, "view")) ?? "html";
      return send(reply, oneDraft(draft, await readDraft(draft), view));
    });
    app.get("/mailboxes/:mailbox/drafts/:id/html", async (request, reply) => {
      const draft = draftOf(request);
      const message = draft === undefined ? undefined : (await readDraft(draft)).html;
      reply.header("content-security-policy", FRAME_POLICY).type("text/html; charset=utf-8");
      return message === undefined ? reply.code(404).send("") : reply.send(message);
    });
    app.get("/mailboxes/:mailbox/drafts/:id/source.eml", (request, reply) => {
      const draft = draftOf(request);
      if (draft === undefined) return reply.code(404).send("");
      return reply
        .type("message/rfc822")
        .header("content-disposition", `attachment; filename="${draft.id}.eml"`)
        .send(draft.raw);
    });
    app.get("/mailboxes/changes", (_request, reply) => streamChanges(reply, store));
    done();
  };

  function everyMailbox(): Markup {
    const mailboxes = summaries();
    const drafts = linesOf(store.recent(SHOWN_DRAFTS));
    const total = mailboxes.reduce((sum, { drafts: count }) => sum + count, 0);
    return page({
      title: "Mailboxes · Draftmill sandbox",
      depth: "mailboxes",
      mailboxes: mailboxList(mailboxes, undefined),
      drafts: draftList({
        title: "All drafts",
        total,
        drafts,
        current: undefined,
        showMailbox: true,
        nowMs: clock.nowMs(),
      }),
      draft: total === 0 ? emptyDrafts(parts.tryCommand()) : PICK_ONE,
    });
  }

  function oneMailbox(mailbox: string): Markup {
    const empty = store.count(mailbox) === 0;
    return page({
      title: `${mailbox} · Draftmill sandbox`,
      depth: "drafts",
      mailboxes: mailboxList(summaries(mailbox), mailbox),
      drafts: draftsOf(mailbox, undefined),
      draft: empty ? emptyDrafts(parts.tryCommand()) : PICK_ONE,
    });
  }

  function oneDraft(draft: StoredDraft, mail: DraftMail, view: (typeof DRAFT_VIEWS)[number]): Markup {
    return page({
      title: `${mail.subject || "(no subject)"} · ${draft.mailbox}`,
      depth: "draft",
      mailboxes: mailboxList(summaries(), draft.mailbox),
      drafts: draftsOf(draft.mailbox, draft.id),
      draft: draftView(draft, mail, view),
    });
  }

  function missingDraft(mailbox: string): Markup {
    return page({
      title: "No such draft · Draftmill sandbox",
      depth: "draft",
      mailboxes: mailboxList(summaries(mailbox), mailbox),
      drafts: draftsOf(mailbox, undefined),
      draft: hint("This draft is gone", "It was deleted, or it never was in this mailbox."),
    });
  }

  function draftsOf(mailbox: string, current: string | undefined): Markup {
    const drafts = linesOf(store.list(mailbox, SHOWN_DRAFTS));
    return draftList({
      title: mailbox,
      total: store.count(mailbox),
      drafts,
      current,
      showMailbox: false,
      nowMs: clock.nowMs(),
    });
  }

  function summaries(also?: string): readonly MailboxSummary[] {
    const filled = store.mailboxes();
    const names = new Set(filled.map(({ mailbox }) => mailbox));
    const empty = [...parts.users, ...(also === undefined ? [] : [also])]
      .filter((mailbox, index, all) => !names.has(mailbox) && all.indexOf(mailbox) === index)
      .map((mailbox) => ({ mailbox, drafts: 0 }));
    return [...filled, ...empty].sort((a, b) => (a.mailbox < b.mailbox ? -1 : 1));
  }

  function draftOf(request: FastifyRequest): StoredDraft | undefined {
    return store.find(mailboxOf(request), pathValue(request.params, "id"));
  }
}

const PICK_ONE = hint("Pick a draft", "Its message, plain text and source show here.");

function mailboxOf(request: FastifyRequest): string {
  return pathValue(request.params, "mailbox").toLowerCase();
}

function send(reply: FastifyReply, markup: Markup): FastifyReply {
  return reply.type("text/html; charset=utf-8").send(markup.toString());
}
