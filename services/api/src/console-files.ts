import { createHash } from "node:crypto";
import { readConsoleFile } from "./read-console-file.ts";

/** A file of the console as it is served. */
export interface ConsoleFile {
  readonly type: string;
  readonly content: string;
  /** Changes with the content and with nothing else. */
  readonly etag: string;
}

export const CONSOLE_PAGE = "console.html";

/** What the page loads, by its name under /console/. What is not in here does not exist, whatever lies in the folder. */
export const CONSOLE_FILE_NAMES = [
  "base.css",
  "dialog.css",
  "frame.css",
  "table.css",
  "announcer.js",
  "api.js",
  "badges.js",
  "batch-buttons.js",
  "batch-dialog.js",
  "batch-steps.js",
  "batch-words.js",
  "batch.js",
  "batches.js",
  "codes.js",
  "copy.js",
  "counted.js",
  "elements.js",
  "failures.js",
  "filter-form.js",
  "focus.js",
  "gmail-link.js",
  "incidents.js",
  "main.js",
  "moment.js",
  "morph.js",
  "notice.js",
  "overview.js",
  "pager.js",
  "place.js",
  "poll.js",
  "record-dialog.js",
  "record.js",
  "remedy.js",
  "replay-button.js",
  "replay-dialog.js",
  "replay-steps.js",
  "replays.js",
  "requests.js",
  "screen.js",
  "sign-in.js",
  "skipped.js",
  "state-tiles.js",
  "states.js",
  "table.js",
  "token.js",
  "views.js",
] as const;

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
};

export function loadConsoleFile(name: string): ConsoleFile {
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
  if (type === undefined) throw new Error(`${name} has no media type`);
  const content = readConsoleFile(name);
  return { type, content, etag: `"${createHash("sha256").update(content).digest("base64url")}"` };
}
