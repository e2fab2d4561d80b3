import { systemClock } from "@draftmill/shared/clock.ts";
import { runDoctor } from "./run-doctor.ts";

const code = await runDoctor({
  args: process.argv.slice(2),
  environment: process.env,
  clock: systemClock,
  write: (text) => process.stdout.write(text),
});
// Calls that were given up may still hold a connection.
process.exit(code);
