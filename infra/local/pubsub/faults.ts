import { shortId } from "./resource-name.ts";

export type TokenFault =
  | "bad-signature"
  | "wrong-audience"
  | "wrong-email"
  | "wrong-issuer"
  | "expired"
  | "email-not-verified"
  | "missing";

/** Sent twice with the same messageId: one after the other, the first answer lost, or both (or all) at the same time. */
export type Duplication = "in-turn" | "at-once";

/** What goes wrong with one push. */
export interface PushFault {
  readonly duplicate?: Duplication;
  /** How many are sent at once; two unless given. */
  readonly copies?: number;
  /** The endpoint's answer never arrives: the connection counts as lost. */
  readonly dropAnswer: boolean;
  readonly token?: TokenFault;
}

/** Faults on demand, each for the next `count` pushes, of one subscription (short id or full name) or of any. */
export interface PubsubFaults {
  duplicate(count: number, how: Duplication, subscription?: string): void;
  /** Each of them sent so often at the same time. */
  multiply(count: number, copies: number, subscription?: string): void;
  dropAnswers(count: number, subscription?: string): void;
  token(fault: TokenFault, count: number, subscription?: string): void;
  /** Forgets what has not happened yet. */
  clear(): void;
}

interface Scripted {
  readonly kind: keyof PushFault;
  readonly fault: Partial<PushFault>;
  readonly subscription: string | undefined;
  left: number;
}

/** Played by the push loops. Faults of different kinds can meet in one push. */
export class FaultScript implements PubsubFaults {
  #script: Scripted[] = [];

  duplicate(count: number, how: Duplication, subscription?: string): void {
    this.#add("duplicate", { duplicate: how }, count, subscription);
  }

  multiply(count: number, copies: number, subscription?: string): void {
    this.#add("duplicate", { duplicate: "at-once", copies }, count, subscription);
  }

  dropAnswers(count: number, subscription?: string): void {
    this.#add("dropAnswer", { dropAnswer: true }, count, subscription);
  }

  token(fault: TokenFault, count: number, subscription?: string): void {
    this.#add("token", { token: fault }, count, subscription);
  }

  clear(): void {
    this.#script = [];
  }

  /** What the next push of a subscription (full name) suffers; counts it as happened. */
  take(subscription: string): PushFault {
    let fault: PushFault = { dropAnswer: false };
    const taken = new Set<string>();
    for (const step of this.#script) {
      const meant =
        step.subscription === undefined || [subscription, shortId(subscription)].includes(step.subscription);
      if (!meant || taken.has(step.kind)) continue;
      taken.add(step.kind);
      fault = { ...fault, ...step.fault };
      step.left -= 1;
    }
    this.#script = this.#script.filter((step) => step.left > 0);
    return fault;
  }

  #add(kind: keyof PushFault, fault: Partial<PushFault>, count: number, subscription: string | undefined): void {
    if (count > 0) this.#script.push({ kind, fault, subscription, left: count });
  }
}
