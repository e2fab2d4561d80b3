import { createServer } from "node:net";

/** The wanted port of 127.0.0.1, or 0 (let the system choose) when something else listens there. */
export function portOrAny(wanted: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(0));
    probe.listen(wanted, "127.0.0.1", () => probe.close(() => resolve(wanted)));
  });
}
