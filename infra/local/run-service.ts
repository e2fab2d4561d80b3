// The parent's end of the channel closes even when the parent is killed: no service outlives its stack.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
// Listening to it must not keep a service alive that has refused to start.
process.channel?.unref();

if (process.argv[2] === "api") await import("@draftmill/api/main.ts");
else await import("@draftmill/worker/main.ts");
