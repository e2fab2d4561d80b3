import { readText } from "../../support/readme.ts";

/** How the image runs a service: what the Dockerfile's last stage says. */
export interface ShippedCommand {
  /** Between node and the module. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Read from the Dockerfile, so that what is measured is run as what is shipped. */
export function shippedCommand(dockerfile = readText("infra/image/Dockerfile")): ShippedCommand {
  const stage = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  const command = /^CMD (\[.*\])$/m.exec(stage)?.[1];
  const words: unknown = command === undefined ? null : JSON.parse(command);
  if (!Array.isArray(words) || words.at(-1) !== "service.mjs")
    throw new Error("the Dockerfile's CMD is not understood");
  const settings = [...stage.matchAll(/^ENV (.+(?:\\\n.+)*)$/gm)].flatMap(([, line = ""]) => [
    ...line.matchAll(/(\w+)=("[^"]*"|\S+)/g),
  ]);
  return {
    flags: words.slice(0, -1).map(String),
    environment: Object.fromEntries(settings.map(([, name = "", value = ""]) => [name, value.replaceAll('"', "")])),
  };
}
