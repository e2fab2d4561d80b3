/**
 * Loaded into a service under test: collects its garbage when it is asked to over its channel, and says what is left. V8 is as it is
 * shipped: the flag that shows its collector goes back at once, or no compiled code would be taken.
 */
const { createServer } = require("node:http");
const { setFlagsFromString } = require("node:v8");
const { runInNewContext } = require("node:vm");

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
setFlagsFromString("--no-expose-gc");

process.on("message", ({ kind, bytes }) => {
  if (kind === "leak") leak(bytes);
  else measure();
});
process.channel?.unref();

function measure() {
  collect();
  // What is told of the first collection may let go of more.
  setImmediate(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    process.send({ kind: "heap", bytes: heapUsed + external });
  });
}

/** From now on each request to the service leaves so much behind. */
function leak(bytes) {
  const left = [];
  const { prototype } = createServer().constructor;
  const { emit } = prototype;
  prototype.emit = function (name, ...rest) {
    if (name === "request") left.push(new Array(bytes / 8).fill(left.length));
    return emit.call(this, name, ...rest);
  };
}
