/** The one module of undici that is loaded, not its index: that brings a fetch, mocks and caches of its own. */
declare module "undici/lib/dispatcher/agent.js" {
  import type { Agent as UndiciAgent } from "undici";

  const Agent: typeof UndiciAgent;
  export = Agent;
}
