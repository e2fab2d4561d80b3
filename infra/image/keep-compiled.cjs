/** Runs a bundle as start.cjs does and writes what V8 has compiled of it by its end: `node keep-compiled.cjs BUNDLE CACHE`. */
const { writeFileSync } = require("node:fs");
const { load } = require("./start.cjs");

const [, , bundle, cache] = process.argv;
const { script, run } = load(bundle, undefined);
process.once("exit", () => writeFileSync(cache, script.createCachedData()));
run();
