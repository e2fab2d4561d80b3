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
const { constants, Script } = require("node:vm");

exports.load = load;
if (require.main === module) load(resolve(process.argv[2]), readCache(process.argv[2])).run();

/** Compiles a bundle as Node would wrap it. */
function load(path, cachedData) {
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
