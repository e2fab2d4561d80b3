import { EnvironmentError } from "@draftmill/shared/env.ts";
import { runProcess } from "@draftmill/shared/run-process.ts";

/** A service that is good for nothing but to be stopped: how it takes that is its argument. */
const behaviour = process.argv[2];

await runProcess("probe", async () => {
  const alive = setInterval(() => {}, 60_000);
  if (behaviour === "starts-slowly") {
    process.stdout.write("starting\n");
    await new Promise((go) => process.stdin.once("data", go));
  }
  if (behaviour === "refuses") throw new EnvironmentError(["PORT must be a number", "HOST is required"]);
  if (behaviour === "fails") throw Object.assign(new Error("the port is taken"), { body: "a mail" });
  process.stdout.write("up\n");
  return {
    async close() {
      process.stdout.write("closing\n");
      if (behaviour === "hangs") await new Promise(() => {});
      if (behaviour === "breaks") throw new Error("the topic does not close");
      clearInterval(alive);
    },
  };
});
