/**
 * Runs a service's bundle with the code that V8 has compiled of it before, where `code-cache.mjs` has put it beside the bundle:
 *
 *   node start.cjs service.cjs
 *
 * Without it, or with one of another V8 or other V8 options, the service runs as well and starts slower. It writes nothing. (Node's own
 * compile cache asks for leave to write, and keeps what it finds by the user's id.)
 */
const { readFileSync } = require("node:fs");
const { dirname, resolve } = require("node:path");
const { setFlagsFromString } = require("node:v8");
const { constants, Script } = require("node:vm");

/**
 * Flags that V8 takes compiled code under only if it was compiled under them. Node's own modules were not, and without theirs a start
 * takes 20 to 36 ms of processor time more (measured). When this runs, the heap is as large as they say.
 */
const HEAP_FLAGS = /^(--(?:heap-growing-percent|initial-old-space-size))=\d+$/;
/** By then everything is loaded, and no heap has grown yet. */
const GROWING_AFTER_MS = 1_000;

exports.load = load;
if (require.main === module) {
  load(resolve(process.argv[2]), readCache(process.argv[2])).run();
  setTimeout(
    () => process.execArgv.filter((flag) => HEAP_FLAGS.test(flag)).forEach(setFlagsFromString),
    GROWING_AFTER_MS,
  ).unref();
}

/** To what they are without the command line. */
function setFlagsBack() {
  for (const flag of process.execArgv) {
    const [, name] = HEAP_FLAGS.exec(flag) ?? [];
    if (name !== undefined) setFlagsFromString(`${name}=0`);
  }
}

/** Compiles a bundle as Node would wrap it. V8's flags for the heap are not set from here on. */
function load(path, cachedData) {
  setFlagsBack();
  // The bundles are plain ASCII: half the memory of any other text.
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${readFileSync(path, "latin1")}\n})`;
  const script = new Script(wrapped, {
    filename: path,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const run = () => script.runInThisContext()({}, require, { exports: {} }, path, dirname(path));
  return { script, run };
}

function readCache(path) {
  try {
    return readFileSync(`${path}.cache`);
  } catch {
    return undefined;
  }
}
