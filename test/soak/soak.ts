import { systemClock } from "@draftmill/shared/clock.ts";
import { LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { createLifecycle, type Lifecycle } from "@draftmill/shared/lifecycle.ts";
import { allRecords, readBooks } from "../support/books.ts";
import { chanceOf } from "../support/chance.ts";
import { reckon } from "../support/reckoning.ts";
import { figuresOf, type SoakFigures } from "./figures.ts";
import { Replayer } from "./replays.ts";
import { isQuiet, lostNow, sweepUp } from "./rest.ts";
import { BAD_DAY, type Scene } from "./scene.ts";
import { soakMailbox } from "./soak-topics.ts";
import { openStage } from "./stage.ts";
import { strike } from "./strikes.ts";
import { Tally } from "./tally.ts";
import type { Mutation } from "./worker-build.ts";

/** What a run may show that the protocol must not let happen. See `SoakFigures`. */
export type Break = "doubled" | "duplicated" | "lost" | "untold";

export interface SoakOptions {
  readonly requests: number;
  readonly kills: number;
  /** How often a worker is stopped for longer than a lease. */
  readonly pauses: number;
  readonly seed: number;
  readonly scene?: Scene;
  readonly mutations?: readonly Mutation[];
  readonly firestore?: string | null;
  /** The run is broken off when this much time has gone by; what is not done counts as lost. */
  readonly withinMs: number;
  /** Ends the run as soon as this has shown; only at its end if not given. */
  readonly until?: Break;
  /** As `until: "doubled"`, once it is of more requests than this; 0 unless given. */
  readonly doublesAtMost?: number;
  readonly onProgress?: (line: string) => void;
}

const LOOK_EVERY_MS = 50;
const SWEEP_EVERY_MS = 700;
/** Once nothing new comes and nobody is killed any more: what is left waits for the sweep alone. */
const LAST_SWEEPS_EVERY_MS = 100;
const WATCH_EVERY_MS = 200;
/** So many requests are open at a time: the work lasts as long as the kills do. */
const AHEAD = 150;
/** What the first worker does, in peace, so that the others need not compile again what it has run. */
const WARM_UP = 20;
/** Fewer kills than this are not worth it. */
const WARM_UP_KILLS = 50;

/** Runs the whole of it and reckons. Everything that chance decides follows from the seed, but not when the processes run. */
export async function runSoak(options: SoakOptions): Promise<SoakFigures> {
  const lifecycle = createLifecycle();
  try {
    return await soak(options, lifecycle);
  } finally {
    await lifecycle.close();
  }
}

async function soak(options: SoakOptions, lifecycle: Lifecycle): Promise<SoakFigures> {
  const { requests, kills, pauses, seed, scene = BAD_DAY, onProgress = () => {} } = options;
  const startedMs = performance.now();
  const isLate = (): boolean => performance.now() > startedMs + options.withinMs;
  const warmUp = kills >= WARM_UP_KILLS ? Math.min(requests, WARM_UP) : 0;
  const tally = new Tally();
  const stage = await openStage(
    {
      scene,
      calls: 2 * requests,
      warmUp,
      mutations: options.mutations ?? [],
      firestore: options.firestore ?? null,
      chance: chanceOf(seed),
      onEvent: (event) => tally.note(event),
    },
    lifecycle,
  );
  const { fleet, ledger, google, topics } = stage;
  const replayer = new Replayer(ledger);
  const accepted = Array.from({ length: requests }, (_, n) => `soak-${seed}-${n}`);
  let lost: readonly string[] = [];
  const letters = new Set<string>();
  const untold = (): readonly string[] => [...replayer.failed()].filter((id) => !letters.has(id));
  let isUntold = false;
  const hasShown = (): boolean => {
    switch (options.until) {
      case "doubled":
        return tally.doubled > (options.doublesAtMost ?? 0);
      case "lost":
        return lost.length > 0;
      case "untold":
        return isUntold;
      case "duplicated":
      case undefined:
        return false;
      default:
        return options.until satisfies never;
    }
  };
  const isOver = (): boolean => isLate() || lost.length > 0 || hasShown();

  let published = 0;
  const publishUpTo = async (count: number): Promise<void> => {
    if (published >= count) return;
    await topics.publish(accepted.slice(published, count));
    published = count;
  };
  if (warmUp > 0) {
    await publishUpTo(warmUp);
    while (!isOver() && !(await isDone(published))) {
      await patiently(() => replayer.look());
      await stage.sweep();
      await systemClock.sleep(LOOK_EVERY_MS);
    }
  }
  await fleet.grow(scene.workers);
  const striking = strike(stage, { scene, requests, kills, pauses, seed, tally, isOver });
  let isTending = true;
  let isEnding = false;
  const tending = Promise.all([tend(), watchDrafts()]);
  // Whichever fails is told of when it is awaited, not before everything is closed.
  for (const beside of [striking, tending]) beside.catch(() => {});
  while (published < requests && !isOver()) {
    await publishUpTo(Math.min(requests, tally.made + AHEAD));
    onProgress(`${published} of ${requests} published, ${fleet.kills()} of ${kills} kills`);
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  await striking;
  isEnding = true;
  onProgress(`${fleet.kills()} kills and ${fleet.pauses()} pauses done, everything published`);
  while (!isOver()) {
    if (await isDone(requests)) break;
    lost = await patiently(() => lostNow(stage));
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  isTending = false;
  await tending;
  while (!isOver() && !(await isQuiet(stage))) await systemClock.sleep(LOOK_EVERY_MS);
  onProgress(`every request has ended and the queue is empty: ${tally.doubled} had two drafts for a while`);
  const before = reckon({ accepted, ...(await patiently(() => readBooks(ledger, google))) });
  await sweepUp(stage, { accepted, isOver, patiently });
  onProgress("every record has been looked at");
  const reckoning = reckon({ accepted, ...(await patiently(() => readBooks(ledger, google))) });
  await noteLetters();
  return figuresOf({
    stage,
    tally,
    replayer,
    reckoning: { ...reckoning, lost: [...new Set([...reckoning.lost, ...lost])] },
    before,
    untold: untold(),
    claims: (await patiently(() => allRecords(ledger))).reduce((sum, record) => sum + record.claims, 0),
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
  });

  /** Firestore's emulator, on a busy machine, keeps a reader waiting for longer than the ledger does. */
  async function patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof LedgerUnavailable) || isLate()) throw error;
        await systemClock.sleep(LOOK_EVERY_MS);
      }
    }
  }

  async function isDone(count: number): Promise<boolean> {
    return (await patiently(() => ledger.countByState())).created >= count;
  }

  /** What a schedule and a person do: sweep, and order the failures to be taken up again. */
  async function tend(): Promise<void> {
    while (isTending && !isOver()) {
      await patiently(() => replayer.look());
      await stage.sweep();
      if (options.until === "untold") await noteLetters();
      await systemClock.sleep(isEnding ? LAST_SWEEPS_EVERY_MS : SWEEP_EVERY_MS);
    }
  }

  /** After the failures: the letter of each was there before its record. */
  async function noteLetters(): Promise<void> {
    for (const id of await topics.takeLetters()) letters.add(id);
    isUntold = untold().length > 0;
  }

  async function watchDrafts(): Promise<void> {
    while (options.until === "doubled" && isTending && !isOver()) {
      noteDoubled();
      await systemClock.sleep(WATCH_EVERY_MS);
    }
  }

  function noteDoubled(): void {
    const mailboxes = Array.from({ length: scene.mailboxes }, (_, n) => soakMailbox(n));
    const drafts = mailboxes.flatMap((mailbox) => google.drafts(mailbox));
    const seen = new Set<string>();
    for (const { headers } of drafts) {
      const id = headers.find(({ name }) => name.toLowerCase() === "x-draftmill-id")?.value ?? "";
      if (seen.has(id)) tally.double(id);
      seen.add(id);
    }
  }
}
