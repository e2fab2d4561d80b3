import type { GoogleErrorName } from "./google-error.ts";
import type { Operation } from "./operation.ts";

/**
 * What goes wrong with one call. `after: true` means that the work is done and saved first, so that only the answer is
 * lost or false: the case in which a caller cannot know whether the draft exists.
 */
export type Fault =
  | {
      readonly kind: "answer";
      /** A row of the error table. */
      readonly error: GoogleErrorName;
      readonly after?: boolean;
      /** For `retryAfter`: how far ahead the time in the text lies; 30 s unless given. */
      readonly retryAfterMs?: number;
    }
  /** The connection is cut without an answer. */
  | { readonly kind: "drop"; readonly after?: boolean }
  /** The call waits, then goes on as usual, even if its caller has hung up: the late write. */
  | { readonly kind: "stall"; readonly ms: number; readonly after?: boolean };

export interface ScriptedFault {
  readonly operation: Operation;
  readonly times: number;
  readonly fault: Fault;
  /** Only calls for this mailbox; any where not given. */
  readonly mailbox?: string;
}

/** Faults wait in the order in which they were scripted; a call takes the first that fits it. */
export interface FaultScript {
  /** The next `times` calls of the operation (for that mailbox) fail this way. */
  next(operation: Operation, times: number, fault: Fault, mailbox?: string): void;
  /** What no call has taken yet, with the times that remain. */
  pending(): readonly ScriptedFault[];
  clear(): void;
}

export class ScriptedFaults implements FaultScript {
  #script: ScriptedFault[] = [];

  next(operation: Operation, times: number, fault: Fault, mailbox?: string): void {
    if (!Number.isInteger(times) || times < 1) throw new RangeError("times must be a whole number from 1");
    const only = mailbox === undefined ? {} : { mailbox: mailbox.toLowerCase() };
    this.#script.push({ operation, times, fault, ...only });
  }

  pending(): readonly ScriptedFault[] {
    return this.#script;
  }

  clear(): void {
    this.#script = [];
  }

  /** The fault that this call has to suffer, if any; it is used up by one. */
  take(operation: Operation, mailbox: string | undefined): Fault | undefined {
    const index = this.#script.findIndex(
      (entry) => entry.operation === operation && (entry.mailbox === undefined || entry.mailbox === mailbox),
    );
    const entry = this.#script[index];
    if (entry === undefined) return undefined;
    this.#script = this.#script.flatMap((other) => {
      if (other !== entry) return [other];
      return entry.times > 1 ? [{ ...entry, times: entry.times - 1 }] : [];
    });
    return entry.fault;
  }
}
