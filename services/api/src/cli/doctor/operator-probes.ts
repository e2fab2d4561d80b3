import type { Question } from "@draftmill/shared/doctor/report.ts";
import { EXPOSURE_PROBES, SIGNER_PROBES } from "./account-probes.ts";
import { DEAD_LETTER_PROBES } from "./dead-letter-probes.ts";
import { LEDGER_PROBES } from "./ledger-probes.ts";
import type { OperatorProbe } from "./operator-context.ts";
import { POLICY_PROBES, PROJECT_PROBES } from "./project-probes.ts";
import { QUEUE_PROBES } from "./queue-probes.ts";
import { SERVICE_PROBES } from "./service-probes.ts";
import { sweep } from "./sweep-probe.ts";
import { WATCH_PROBES } from "./watch-probes.ts";

/** Every question of the operator's half, in the order of the report: what drafting needs, then what it is exposed to. */
export const OPERATOR_PROBES: readonly OperatorProbe[] = [
  ...PROJECT_PROBES,
  ...SIGNER_PROBES,
  ...SERVICE_PROBES,
  ...QUEUE_PROBES,
  ...DEAD_LETTER_PROBES,
  sweep,
  ...LEDGER_PROBES,
  ...WATCH_PROBES,
  ...EXPOSURE_PROBES,
  ...POLICY_PROBES,
];

/** What everybody asks first, and who answers it here. The other two take a token of the mailbox, which only the worker may make. */
export const OPERATOR_QUESTIONS: readonly Question[] = [
  { asks: "Are the Gmail and the IAM Credentials API enabled?", probes: ["apis"] },
  { asks: "Does the service account exist, and may it sign as itself?", probes: ["accounts", "signing-right"] },
  { asks: "Is domain-wide delegation granted, with the scope?", probes: [] },
  { asks: "Does the mailbox exist, with Gmail turned on?", probes: [] },
];
