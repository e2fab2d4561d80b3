/** The module that publishes by Pub/Sub's client library, and what it is beside the bundles. */
const LIBRARY = /[\\/]shared[\\/]src[\\/]pubsub[\\/]library-publisher\.ts$/;
const BUNDLE = "./pubsub-library.cjs";

/**
 * An esbuild plugin that leaves Pub/Sub's client library out of a service's bundle, to be loaded from a bundle of its own by those who ask for
 * it (PUBLISH_BY=library): more than half of a service's bytes, which each start would read (23 of 124 ms of processor time, measured).
 */
export const libraryApart = {
  name: "library-apart",
  setup(build) {
    build.onResolve({ filter: /library-publisher\.ts$/ }, async ({ path, pluginData, ...about }) => {
      if (pluginData === libraryApart || about.kind !== "dynamic-import") return undefined;
      const found = await build.resolve(path, { ...about, pluginData: libraryApart });
      return LIBRARY.test(found.path) ? { path: BUNDLE, external: true } : found;
    });
  },
};
