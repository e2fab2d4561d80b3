import { lockedPackages } from "./locked-packages.mjs";

/**
 * What a bundle is made of, as CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/): each package of which esbuild took at
 * least one file, with the version, licence and checksum of the lockfile. Without a time or a serial number, so that the
 * same sources give the same bytes. Throws on a package that the lockfile does not know.
 */
export function sbomOf(bundle, version, inputs) {
  const locked = new Map(lockedPackages().map((one) => [one.path, one]));
  const paths = new Set(
    Object.keys(inputs).flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
  );
  const components = [...paths].sort().map((path) => {
    const found = locked.get(path);
    if (found === undefined) throw new Error(`${bundle} holds ${path}, which the lockfile does not know`);
    return componentOf(found);
  });
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: { type: "application", name: bundle, version } },
    components,
  };
}

function componentOf({ path, name, version, licence, integrity }) {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const [, algorithm, checksum] = /^(sha\d+)-(\S+)$/.exec(integrity ?? "") ?? [];
  const content = Buffer.from(checksum ?? "", "base64").toString("hex");
  return {
    type: "library",
    // Two copies of one version differ by their place alone.
    "bom-ref": path,
    name,
    version,
    purl,
    licenses: [{ license: { id: licence } }],
    ...(algorithm === undefined ? {} : { hashes: [{ alg: algorithm.replace("sha", "SHA-").toUpperCase(), content }] }),
  };
}
