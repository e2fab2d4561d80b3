/**
 * Runs a service's bundle with the code that V8 has compiled of it before, where `code-cache.mjs` has put it beside the bundle:
 *
 *   node start.cjs service.cjs
 *
 * Without it, or with one of another V8 or other V8 options, the service runs as well and starts slower. It writes nothing. (Node's own
 * compile cache asks for leave to write, and keeps what it finds by the user's id.)
 */
const { subscribe } = require("node:diagnostics_channel");
const { closeSync, fstatSync, openSync, readFileSync, readSync } = require("node:fs");
const { dirname, resolve } = require("node:path");
const { setFlagsFromString } = require("node:v8");
const { constants, Script } = require("node:vm");

/**
 * Flags that V8 takes compiled code under only if it was compiled under them. Node's own modules were not, and without theirs a start
 * takes 20 to 36 ms of processor time more (measured). When this runs, the heap is as large as they say.
 */
const HEAP_FLAGS = /^(--(?:heap-growing-percent|initial-old-space-size))=\d+$/;
/** Node says so when a server has come to listen: everything is loaded, and nothing has been asked of it yet. */
const LISTENS = "tracing:net.server.listen:asyncEnd";
/**
 * How much WebAssembly runs before V8's optimising compiler takes it up, of which 13 million is the usual: undici's HTTP parser comes to that with
 * a dozen answers, and to this with thousands. It takes 45 ms of processor time in the first drafts of an instance and 20 MB while it lasts, and
 * makes a call no faster that could be measured (Node 24.21). As under the heap's flags, what is
 * loaded after that is compiled anew.
 */
const LATER_FLAGS = ["--wasm-tiering-budget=2000000000"];

const HEAD = "(function (exports, require, module, __filename, __dirname) {";
const TAIL = "\n})";

exports.load = load;
if (require.main === module) {
  load(resolve(process.argv[2]), readCache(process.argv[2])).run();
  subscribe(LISTENS, () => {
    const flags = process.execArgv.filter((flag) => HEAP_FLAGS.test(flag));
    for (const flag of [...flags, ...LATER_FLAGS]) setFlagsFromString(flag);
  });
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
  const script = new Script(readWrapped(path), {
    filename: path,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const run = () => script.runInThisContext()({}, require, { exports: {} }, path, dirname(path));
  return { script, run };
}

/** In one piece, as V8 would make a copy of one that is put together. The bundles are plain ASCII: half the memory of any other text. */
function readWrapped(path) {
  const file = openSync(path);
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.allocUnsafeSlow(HEAD.length + size + TAIL.length);
    bytes.write(HEAD, "latin1");
    const read = readSync(file, bytes, HEAD.length, size, 0);
    if (read !== size) throw new Error(`${path}: ${read} of ${size} bytes could be read`);
    bytes.write(TAIL, HEAD.length + size, "latin1");
    return bytes.toString("latin1");
  } finally {
    closeSync(file);
  }
}

function readCache(path) {
  try {
    return readFileSync(`${path}.cache`);
  } catch {
    return undefined;
  }
}
