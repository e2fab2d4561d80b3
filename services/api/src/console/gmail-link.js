import { el, unseen } from "./elements.js";

/**
 * The drafts folder of a mailbox, in the account of that address. Not the draft itself: Google documents no address for one, and
 * what Gmail's page uses has the message's id in it, which changes with every edit.
 *
 * @param {string} mailbox
 */
export function gmailLink(mailbox) {
  const url = new URL("https://mail.google.com/mail/#drafts");
  url.searchParams.set("authuser", mailbox);
  const attributes = { class: "button", href: url.href, target: "_blank", rel: "noreferrer noopener" };
  return el("a", attributes, "Open the drafts of this mailbox in Gmail", unseen(" (new tab)"));
}
