// Run as a process of its own, in place of the local stack's run-service.ts: the service as it is, telling ten times a second how much
// memory it has.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

const SAMPLE_EVERY_MS = 100;

setInterval(() => {
  process.stdout.write(`${JSON.stringify({ message: "memory.sampled", ...process.memoryUsage() })}\n`);
}, SAMPLE_EVERY_MS).unref();

if (process.argv[2] === "api") await import("@draftmill/api/main.ts");
else await import("@draftmill/worker/main.ts");
