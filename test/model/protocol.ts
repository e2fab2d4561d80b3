import {
  decideAdopt,
  decideClaim,
  decideComplete,
  decideConfirm,
  decideDoubt,
  decideFail,
  decideRefuse,
  decideRelease,
  decideReplay,
} from "@draftmill/shared/ledger/decide.ts";
import { decideRepublish, decideSuspect } from "@draftmill/shared/ledger/decide-sweep.ts";

/** Everything a variant can get wrong: what is decided about a record, and in which order the steps around it go. */
export interface Protocol {
  readonly claim: typeof decideClaim;
  readonly complete: typeof decideComplete;
  readonly release: typeof decideRelease;
  readonly fail: typeof decideFail;
  readonly refuse: typeof decideRefuse;
  readonly replay: typeof decideReplay;
  readonly doubt: typeof decideDoubt;
  readonly adopt: typeof decideAdopt;
  readonly confirm: typeof decideConfirm;
  readonly republish: typeof decideRepublish;
  readonly suspect: typeof decideSuspect;
  /** What a delivery does when another one holds the lease. */
  readonly onBusy: "nack" | "ack";
  /** What a worker does when it does not know whether its create was applied. */
  readonly onAmbiguous: "nack" | "send-again";
  /** A failure is published to the dead-letter topic, then recorded; or the other way round. */
  readonly failureOrder: "publish-first" | "record-first";
  /** A replay is recorded, then published; or the other way round. */
  readonly replayOrder: "record-first" | "publish-first";
  /** The sweep publishes once more what was recorded as to be published and is not confirmed. */
  readonly takesUpReplays: boolean;
  /** A create that has left lands, if ever, before its lease has run out. */
  readonly landsWithinLease: boolean;
  /** `drafts.list` shows a draft from the moment it lands. */
  readonly listsAtOnce: boolean;
  /** The reconciler runs: it adopts one marked draft and deletes marked extras. */
  readonly reconciles: boolean;
}

/** What the services do, over the decisions that they use, under the two timing assumptions, without the reconciler. */
export const PROTOCOL: Protocol = {
  claim: decideClaim,
  complete: decideComplete,
  release: decideRelease,
  fail: decideFail,
  refuse: decideRefuse,
  replay: decideReplay,
  doubt: decideDoubt,
  adopt: decideAdopt,
  confirm: decideConfirm,
  republish: decideRepublish,
  suspect: decideSuspect,
  onBusy: "nack",
  onAmbiguous: "nack",
  failureOrder: "publish-first",
  replayOrder: "record-first",
  takesUpReplays: true,
  landsWithinLease: true,
  listsAtOnce: true,
  reconciles: false,
};
