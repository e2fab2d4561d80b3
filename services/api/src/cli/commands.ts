import type { Command } from "./command.ts";
import { batchControls, batches } from "./commands/batches.ts";
import { completionOf } from "./commands/completion.ts";
import { draft, show } from "./commands/draft.ts";
import { failures } from "./commands/failures.ts";
import { importCommand } from "./commands/import.ts";
import { login } from "./commands/login.ts";
import { replay } from "./commands/replay.ts";
import { results } from "./commands/results.ts";
import { smoke } from "./commands/smoke.ts";
import { undo } from "./commands/undo.ts";
import { validate } from "./commands/validate.ts";
import { watch } from "./commands/watch.ts";
import { doctor } from "./doctor/doctor-command.ts";

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  draft,
  show,
  validate,
  importCommand,
  watch,
  batches,
  ...batchControls,
  undo,
  results,
  failures,
  replay,
  doctor,
  smoke,
  login,
  completionOf(() => COMMANDS),
];
